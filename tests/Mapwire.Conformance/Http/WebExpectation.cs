using System.Globalization;
using Mapwire.Conformance.Reading;

namespace Mapwire.Conformance.Http;

/// <summary>
/// What must come of a film in fragments, from ffmpeg's reading of the file: the same packets, moved by one constant for all tracks.
/// Fragments have no edit list (docs/adr/0017-segments-cut-out-of-the-file.md): pictures that one hides come with times of their own right
/// before the first that is shown, and of the sound that it hides one packet.
/// </summary>
internal static class WebExpectation
{
    private const double Tolerance = 0.001 + 1e-5;

    public static void Same(Recording file, Recording web, string name) => Compare(file, web, name, isWhole: true);

    /// <summary>The same, where a reader may leave out what comes when one of the tracks has ended.</summary>
    public static void SameBeginning(Recording file, Recording web, string name) => Compare(file, web, name, isWhole: false);

    private static void Compare(Recording file, Recording web, string name, bool isWhole)
    {
        double? shift = null;
        foreach (string kind in (string[])["video", "audio"])
        {
            Packet[] expected = Expected([.. file.Of(kind)], kind == "video");
            Packet[] actual = [.. web.Of(kind)];
            expected = isWhole ? expected : expected[..Math.Min(actual.Length, expected.Length)];
            Assert.True(
                expected.Select(static packet => packet.Hash).SequenceEqual(actual.Select(static packet => packet.Hash)),
                $"{name}: {kind} has {actual.Length} packets instead of {expected.Length}, or others");
            if (expected.Length == 0)
            {
                continue;
            }

            int shown = Array.FindLastIndex(expected, static packet => !packet.Discard);
            shift ??= actual[Math.Max(0, shown)].Pts - expected[Math.Max(0, shown)].Pts;
            for (int i = 0; i < expected.Length; i++)
            {
                if (kind == "audio" || !expected[i].Discard)
                {
                    Assert.True(
                        Math.Abs(actual[i].Pts - expected[i].Pts - shift.Value) <= Tolerance,
                        string.Create(CultureInfo.InvariantCulture,
                            $"{name}: {kind} {i} at {actual[i].Pts} instead of {expected[i].Pts + shift.Value}"));
                }
            }
        }
    }

    private static Packet[] Expected(Packet[] all, bool isVideo)
    {
        int last = Array.FindLastIndex(all, static packet => !packet.Discard);
        int first = Array.FindIndex(all, static packet => !packet.Discard);
        return last < 0 ? [] : all[(isVideo ? 0 : Math.Max(0, first - 1))..(last + 1)];
    }
}
