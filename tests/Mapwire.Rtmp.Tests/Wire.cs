using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Tests;

/// <summary>A message with its payload copied, for comparison.</summary>
internal sealed record Received(int ChunkStream, byte Type, uint Stream, uint Timestamp, string Payload)
{
    public static Received Of(in RtmpMessage message) => new(
        message.ChunkStreamId, message.TypeId, message.StreamId, message.Timestamp, Convert.ToHexString(message.Payload));
}

/// <summary>Bytes on the wire, and the ways to cut them.</summary>
internal static class Wire
{
    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "").Replace("\n", ""));

    public static byte[] Recording(string name)
    {
        using Stream stream = typeof(Wire).Assembly.GetManifestResourceStream(name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The messages in bytes that arrive in the pieces given.</summary>
    public static List<Received> Read(ChunkReader reader, params ReadOnlySpan<byte[]> pieces)
    {
        List<Received> messages = [];
        foreach (byte[] piece in pieces)
        {
            // A fresh array a piece, wiped after use: a reader that keeps a span into its input is caught.
            byte[] input = [.. piece];
            ReadOnlySpan<byte> rest = input;
            while (reader.TryRead(ref rest, out RtmpMessage message))
            {
                messages.Add(Received.Of(in message));
            }

            Assert.True(rest.IsEmpty);
            Array.Fill(input, (byte)0xDB);
        }

        return messages;
    }

    /// <summary>Whole, cut in two at every place, and byte by byte.</summary>
    public static IEnumerable<byte[][]> Cuts(byte[] bytes)
    {
        yield return [bytes];
        for (int i = 0; i <= bytes.Length; i++)
        {
            yield return [bytes[..i], bytes[i..]];
        }

        yield return [.. bytes.Select(b => new[] { b })];
    }

    public static RtmpProtocolException Refused(Action action, RtmpError error)
    {
        RtmpProtocolException e = Assert.Throws<RtmpProtocolException>(action);
        Assert.Equal(error, e.Error);
        return e;
    }
}
