namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>
/// Cuts messages into chunks in all the ways that there are (RTMP 1.0, section 5.3): interleaved, with headers of every type, ids of one,
/// two and three bytes, extended timestamps repeated or not.
/// </summary>
/// <param name="random">The only source of chance.</param>
internal sealed class Chunker(Random random)
{
    private readonly List<byte> _output = [];
    private readonly List<Open> _open = [];
    private readonly List<(GrammarMessage Message, uint Field)> _last = [];
    private int _chunkSize = 128;

    /// <summary>The bytes of some messages, in an order in which they may come.</summary>
    public byte[] Write(IReadOnlyList<GrammarMessage> messages)
    {
        bool repeats = random.Next(3) > 0;
        bool interleaves = random.Next(2) == 0;
        int next = 0;
        while (next < messages.Count || _open.Count > 0)
        {
            bool canBegin = next < messages.Count && !_open.Exists(open => open.Message.ChunkStream == messages[next].ChunkStream);
            int index;
            if (canBegin && (_open.Count == 0 || (interleaves && random.Next(2) == 0)))
            {
                Begin(messages[next++]);
                index = _open.Count - 1;
            }
            else
            {
                index = random.Next(_open.Count);
                Basic(3, _open[index].Message.ChunkStream);
                if (repeats)
                {
                    Extend(_open[index].Field);
                }
            }

            Put(index);
        }

        return [.. _output];
    }

    private void Begin(GrammarMessage message)
    {
        int before = _last.FindIndex(last => last.Message.ChunkStream == message.ChunkStream);
        int format = 0;
        uint field = message.Timestamp;
        if (before >= 0 && _last[before].Message.Stream == message.Stream && random.Next(4) > 0)
        {
            GrammarMessage last = _last[before].Message;
            field = message.Timestamp - last.Timestamp;
            bool isSame = last.TypeId == message.TypeId && last.Payload.Length == message.Payload.Length;
            format = isSame && field == _last[before].Field ? 3 : isSame ? 2 : 1;
        }

        Basic(format, message.ChunkStream);
        uint stamp = Math.Min(field, 0xFFFFFF);
        int length = message.Payload.Length;
        if (format < 3)
        {
            _output.AddRange([(byte)(stamp >> 16), (byte)(stamp >> 8), (byte)stamp]);
        }

        if (format < 2)
        {
            _output.AddRange([(byte)(length >> 16), (byte)(length >> 8), (byte)length, message.TypeId]);
        }

        if (format == 0)
        {
            _output.AddRange(BitConverter.GetBytes(message.Stream));
        }

        Extend(field);
        if (before >= 0)
        {
            _last.RemoveAt(before);
        }

        _last.Add((message, field));
        _open.Add(new Open(message, field));
    }

    private void Put(int index)
    {
        Open open = _open[index];
        GrammarMessage message = open.Message;
        int count = Math.Min(_chunkSize, message.Payload.Length - open.Sent);
        _output.AddRange(message.Payload.AsSpan(open.Sent, count));
        open.Sent += count;
        if (open.Sent < message.Payload.Length)
        {
            return;
        }

        _open.RemoveAt(index);
        if (message.TypeId == 1 && message.Payload.Length == 4)
        {
            _chunkSize = Math.Max(1, message.Payload[1] << 16 | message.Payload[2] << 8 | message.Payload[3]);
        }
    }

    private void Basic(int format, int id)
    {
        int form = id < 64 ? 0 : id < 320 && random.Next(2) == 0 ? 1 : 2;
        int rest = id - 64;
        if (form == 0)
        {
            _output.Add((byte)(format << 6 | id));
        }
        else if (form == 1)
        {
            _output.AddRange([(byte)(format << 6), (byte)rest]);
        }
        else
        {
            _output.AddRange([(byte)(format << 6 | 1), (byte)rest, (byte)(rest >> 8)]);
        }
    }

    private void Extend(uint field)
    {
        if (field >= 0xFFFFFF)
        {
            _output.AddRange([(byte)(field >> 24), (byte)(field >> 16), (byte)(field >> 8), (byte)field]);
        }
    }

    private sealed class Open(GrammarMessage message, uint field)
    {
        public GrammarMessage Message { get; } = message;

        public uint Field { get; } = field;

        public int Sent { get; set; }
    }
}
