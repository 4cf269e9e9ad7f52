using System.Buffers;
using Mapwire.Fuzzing;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>
/// The chunk reader alone: what it holds stays within its limits and what arrived, and what it read can be written and read again.
/// </summary>
internal sealed class ChunkRun
{
    private static readonly ChunkReaderLimits Narrow = new() { MaxMessageLength = 3000, MaxBufferedBytes = 4000, MaxChunkStreams = 6 };

    /// <summary>Runs the bytes whole and in pieces.</summary>
    public RtmpError? Run(byte[] bytes, FeatureSet features)
    {
        List<Received> whole = Read(bytes, isCut: false, out RtmpProtocolException? refusal);
        if (refusal is not null)
        {
            features.AddMessage(refusal.Message);
        }

        features.Add("messages", FeatureSet.Size(whole.Count), refusal is null ? 1 : 0);
        List<Received> cut = Read(bytes, isCut: true, out RtmpProtocolException? cutRefusal);
        if (refusal?.Error == RtmpError.TooMuchBuffered || cutRefusal?.Error == RtmpError.TooMuchBuffered)
        {
            return RtmpError.TooMuchBuffered;
        }

        Assert.Equal(whole, cut);
        Assert.Equal((refusal?.Error, refusal?.Offset, refusal?.MessageType),
            (cutRefusal?.Error, cutRefusal?.Offset, cutRefusal?.MessageType));
        if (refusal is not null)
        {
            return refusal.Error;
        }

        ArrayBufferWriter<byte> written = new();
        ChunkWriter writer = new(written);
        List<Received> plain = [.. whole.Where(message => message.Type is not (MessageType.SetChunkSize or MessageType.Abort))];
        foreach (Received message in plain)
        {
            writer.Write(message.ChunkStream, message.Timestamp, message.Type, message.Stream, Convert.FromHexString(message.Payload));
        }

        Assert.Equal(plain, Read(written.WrittenSpan, isCut: false, out RtmpProtocolException? none));
        Assert.Null(none);
        return null;
    }

    private static List<Received> Read(ReadOnlySpan<byte> bytes, bool isCut, out RtmpProtocolException? refusal)
    {
        ChunkReader reader = new(Narrow);
        List<Received> messages = [];
        Cuts cuts = new(bytes);
        int given = 0;
        refusal = null;
        byte[] scratch = new byte[bytes.Length];
        try
        {
            while (given < bytes.Length)
            {
                int count = isCut ? cuts.Take(bytes.Length - given) : bytes.Length;
                Span<byte> piece = scratch.AsSpan(given, count);
                bytes.Slice(given, count).CopyTo(piece);
                ReadOnlySpan<byte> rest = piece;
                given += count;
                while (reader.TryRead(ref rest, out RtmpMessage message))
                {
                    messages.Add(Received.Of(in message));
                }

                Assert.True(rest.IsEmpty, "bytes are left where more are wanted");
                Assert.True(reader.Position <= given && reader.Position > given - 3 - ChunkHeader.MaxLength,
                    $"position {reader.Position} of {given}");
                Assert.True(reader.BufferedBytes <= Math.Min(given, Narrow.MaxBufferedBytes),
                    $"{reader.BufferedBytes} bytes are held of {given}");
                piece.Fill(0xDB);
            }
        }
        catch (RtmpProtocolException e)
        {
            refusal = e;
            Assert.True(e.Offset <= given, $"offset {e.Offset} of {given}");
        }

        return messages;
    }
}
