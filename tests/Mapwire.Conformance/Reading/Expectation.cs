using System.Globalization;

namespace Mapwire.Conformance.Reading;

/// <summary>What must come off the wire, from ffmpeg's reading of the file, and where something else came.</summary>
internal static class Expectation
{
    /// <summary>RTMP counts whole milliseconds: half of one for each of decode time and composition offset.</summary>
    public const double Tolerance = 0.001 + 1e-5;

    /// <summary>The packets of a file that are sent: all but most of the sound that an edit list cuts off.</summary>
    /// <remarks>
    /// Pictures before the edit's start are sent, because a decoder cannot do without: at its time, without sound. Where no picture is
    /// hidden, one packet of sound is sent from before the start, and a player would play the others (docs/adr/0003-edit-lists.md).
    /// </remarks>
    public static Recording Of(Recording file)
    {
        Packet[] audio = [.. file.Of("audio")];
        int first = Array.FindIndex(audio, packet => !packet.Discard);
        HashSet<Packet> cut = [.. audio.Where((packet, i) => packet.Discard && i != first - 1)];
        if (file.Of("video").Any(static packet => packet.Discard && packet.Pts < 0))
        {
            return file with
            {
                Packets =
                [
                    .. file.Packets
                        .Where(packet => packet.Kind == "video" || (!cut.Contains(packet) && Math.Round(packet.Dts * 1000) >= 0))
                        .Select(static packet => packet with { Dts = Math.Max(0, packet.Dts), Pts = Math.Max(0, packet.Pts) }),
                ],
            };
        }

        return file with { Packets = [.. file.Packets.Where(packet => !cut.Contains(packet))] };
    }

    /// <summary>The first differences of each kind; none if everything came as it is in the file.</summary>
    /// <remarks>All tracks must have moved by one and the same time: what brings the smallest decode time to 0.</remarks>
    public static IReadOnlyList<string> Differences(Recording expected, Recording actual, double? from = null)
    {
        List<string> differences = [];
        double shift = from ?? -expected.Packets.Min(packet => packet.Dts);
        foreach (string kind in (string[])["video", "audio"])
        {
            differences.AddRange(Differences(kind, [.. expected.Of(kind)], [.. actual.Of(kind)], shift).Take(8));
        }

        return differences;
    }

    public static void Same(Recording expected, Recording actual, string reader)
    {
        IReadOnlyList<string> differences = Differences(expected, actual);
        Assert.True(differences.Count == 0, $"{reader}: {string.Join('\n', differences)}");
    }

    private static IEnumerable<string> Differences(string kind, Packet[] expected, Packet[] actual, double shift)
    {
        if (expected.Length != actual.Length)
        {
            yield return $"{kind}: {actual.Length} packets instead of {expected.Length}";
        }

        for (int i = 0; i < Math.Min(expected.Length, actual.Length); i++)
        {
            if (expected[i].Hash != actual[i].Hash)
            {
                yield return $"{kind} {i}: payload of {actual[i].Size} bytes {actual[i].Hash} instead of {expected[i].Size} bytes "
                    + $"{expected[i].Hash}";
            }

            if (Math.Abs(expected[i].Dts + shift - actual[i].Dts) > Tolerance)
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"{kind} {i}: dts {actual[i].Dts} instead of {expected[i].Dts + shift:F6}");
            }

            if (Math.Abs(expected[i].Pts + shift - actual[i].Pts) > Tolerance)
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"{kind} {i}: pts {actual[i].Pts} instead of {expected[i].Pts + shift:F6}");
            }
        }
    }
}
