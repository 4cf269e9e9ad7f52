using Xunit;

namespace Mapwire.Media.Tests.Tools;

/// <summary>Compares a track with what ffprobe reads.</summary>
internal static class Reference
{
    /// <summary>
    /// The packets that are to be sent: all that ffmpeg keeps; what it decodes and throws away before them (for sound only the one
    /// directly before); nothing after the last one that it keeps.
    /// </summary>
    public static IReadOnlyList<Packet> Expected(string path, string stream)
    {
        List<Packet> packets = [.. Ffmpeg.Packets(path, stream)];
        int last = packets.FindLastIndex(packet => !packet.IsDiscarded);
        packets.RemoveRange(last + 1, packets.Count - last - 1);
        if (stream.StartsWith('a'))
        {
            int first = packets.FindIndex(packet => !packet.IsDiscarded);
            packets.RemoveRange(0, Math.Max(0, first - 1));
        }

        return packets;
    }

    public static void AssertSame(string path, Track track, string stream)
    {
        Assert.NotNull(track.Codec);
        Assert.Equal(track.Codecs.All(codec => codec.HasPlainHeader), track.UnplayableReason is null);
        IReadOnlyList<Packet> expected = Expected(path, stream);
        List<Packet> actual = [];
        foreach (Sample sample in track.Samples)
        {
            actual.Add(new Packet(
                sample.PresentationTime, sample.DecodeTime, sample.Offset, sample.Size, sample.IsSync ? "K" : "_"));
        }

        Assert.Equal(
            expected.Select(packet => packet with { Flags = packet.IsKey ? "K" : "_" }),
            actual);
        Assert.Equal(expected.Count, track.SampleCount);
        Assert.Equal(expected.Sum(packet => packet.Size), track.Bytes);
    }
}
