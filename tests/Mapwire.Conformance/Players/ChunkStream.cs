using System.Buffers.Binary;

namespace Mapwire.Conformance.Players;

/// <summary>
/// RTMP's chunk layer for a player in a test, written from the specification (RTMP 1.0, 5.3) and not from the code under
/// test, so that a mistake made there is not made here too.
/// </summary>
internal sealed class ChunkStream(Stream stream)
{
    private const uint ExtendedTime = 0xFFFFFF;

    private readonly Dictionary<int, Partial> _partials = [];
    private readonly byte[] _small = new byte[18];

    /// <summary>How large a chunk the server sends; it says so with Set Chunk Size.</summary>
    public int ChunkSize { get; set; } = 128;

    /// <summary>Bytes received, for acknowledgements.</summary>
    public long Received { get; private set; }

    /// <summary>The longest chunk size was declared as this before anything else is sent.</summary>
    public int SendChunkSize { get; set; } = 128;

    /// <summary>The next whole message: type, message stream, absolute time and body.</summary>
    /// <exception cref="EndOfStreamException">The server closed.</exception>
    public async Task<(byte Type, uint StreamId, uint Time, byte[] Body)> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await ExactlyAsync(1, cancellation);
            int format = _small[0] >> 6;
            int id = _small[0] & 0x3F;
            if (id < 2)
            {
                await ExactlyAsync(id + 1, cancellation);
                id = 64 + _small[0] + (id == 1 ? _small[1] << 8 : 0);
            }

            if (!_partials.TryGetValue(id, out Partial? partial))
            {
                Assert.True(format == 0, $"chunk stream {id} begins with a chunk of type {format}");
                _partials[id] = partial = new Partial();
            }

            await HeaderAsync(partial, format, cancellation);
            int length = Math.Min(ChunkSize, partial.Body.Length - partial.Filled);
            await stream.ReadExactlyAsync(partial.Body.AsMemory(partial.Filled, length), cancellation);
            Received += length;
            partial.Filled += length;
            if (partial.Filled == partial.Body.Length)
            {
                byte[] body = partial.Body;
                partial.Filled = 0;
                partial.Body = new byte[body.Length];
                partial.Begun = false;
                return (partial.Type, partial.StreamId, partial.Time, body);
            }
        }
    }

    /// <summary>Writes a message as one chunk of type 0 and as many of type 3 as it needs.</summary>
    public async Task WriteAsync(int chunkStream, byte type, uint messageStream, uint time, byte[] body, CancellationToken cancellation)
    {
        MemoryStream bytes = new();
        byte[] header = new byte[12];
        header[0] = (byte)chunkStream;
        UInt24(header.AsSpan(1), (int)time);
        UInt24(header.AsSpan(4), body.Length);
        header[7] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), messageStream);
        bytes.Write(header);
        for (int at = 0; at < body.Length; at += SendChunkSize)
        {
            if (at > 0)
            {
                bytes.WriteByte((byte)(0xC0 | chunkStream));
            }

            bytes.Write(body.AsSpan(at, Math.Min(SendChunkSize, body.Length - at)));
        }

        await stream.WriteAsync(bytes.ToArray(), cancellation);
    }

    private static void UInt24(Span<byte> bytes, int value)
    {
        bytes[0] = (byte)(value >> 16);
        bytes[1] = (byte)(value >> 8);
        bytes[2] = (byte)value;
    }

    private async Task HeaderAsync(Partial partial, int format, CancellationToken cancellation)
    {
        if (format <= 2)
        {
            await ExactlyAsync(format switch { 0 => 11, 1 => 7, _ => 3 }, cancellation);
            partial.Field = (uint)(_small[0] << 16 | _small[1] << 8 | _small[2]);
            partial.Format = format;
            if (format <= 1)
            {
                partial.Body = new byte[_small[3] << 16 | _small[4] << 8 | _small[5]];
                partial.Type = _small[6];
            }

            if (format == 0)
            {
                partial.StreamId = BinaryPrimitives.ReadUInt32LittleEndian(_small.AsSpan(7));
            }
        }

        uint value = partial.Field;
        if (partial.Field == ExtendedTime)
        {
            await ExactlyAsync(4, cancellation); // repeated on every chunk of type 3
            value = BinaryPrimitives.ReadUInt32BigEndian(_small);
        }

        if (partial.Begun)
        {
            Assert.Equal(3, format); // the rest of a message
            return;
        }

        partial.Begun = true;
        partial.Time = partial.Format == 0 && format == 0 ? value : partial.Time + value;
    }

    private async Task ExactlyAsync(int count, CancellationToken cancellation)
    {
        await stream.ReadExactlyAsync(_small.AsMemory(0, count), cancellation);
        Received += count;
    }

    private sealed class Partial
    {
        public uint Field { get; set; }

        public int Format { get; set; }

        public uint Time { get; set; }

        public byte Type { get; set; }

        public uint StreamId { get; set; }

        public byte[] Body { get; set; } = [];

        public int Filled { get; set; }

        public bool Begun { get; set; }
    }
}
