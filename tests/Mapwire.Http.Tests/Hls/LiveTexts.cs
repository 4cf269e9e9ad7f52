using System.Globalization;
using System.Text;

namespace Mapwire.Http.Tests.Hls;

/// <summary>
/// A live playlist of low latency as a server writes it: segments of 2 s of four parts, listed for 20 s, with a discontinuity before the
/// fourth segment. Written by hand, not by the code that is tested.
/// </summary>
internal static class LiveTexts
{
    public const long FirstNumber = 217_000_000;
    public const int PartsPerSegment = 4;
    private const int Window = 10;
    private const int BreakBefore = 3;
    private const double Target = 2;
    private const double Part = 0.5;

    /// <summary>Writes the playlist as it is when so many parts have come.</summary>
    /// <param name="parts">How many parts have come.</param>
    /// <param name="skipped">How many segments an update skips; null for a whole playlist.</param>
    /// <param name="isEnded">Whether nothing more comes.</param>
    /// <param name="edge">How far from the end segments have their parts listed, in seconds.</param>
    public static string Write(int parts, int? skipped = null, bool isEnded = false, double edge = 3 * Target)
    {
        (int whole, int open) = (parts / PartsPerSegment, parts % PartsPerSegment);
        double end = parts * Part;
        int first = FirstOf(parts);
        StringBuilder text = new();
        Line("#EXTM3U");
        Line("#EXT-X-VERSION:9");
        Line("#EXT-X-TARGETDURATION:2");
        Line("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500,CAN-SKIP-UNTIL=12.000");
        Line("#EXT-X-PART-INF:PART-TARGET=0.500");
        Line($"#EXT-X-MEDIA-SEQUENCE:{FirstNumber + first}");
        Line($"#EXT-X-DISCONTINUITY-SEQUENCE:{(first > BreakBefore ? 6 : 5)}");
        if (skipped is { } count)
        {
            Line($"#EXT-X-SKIP:SKIPPED-SEGMENTS={count}");
        }

        string map = "";
        for (int i = first + (skipped ?? 0); i < whole + (open > 0 ? 1 : 0); i++)
        {
            if (i == BreakBefore)
            {
                Line("#EXT-X-DISCONTINUITY");
            }

            string needed = $"#EXT-X-MAP:URI=\"v1-init-{FirstNumber + (i < BreakBefore ? 0 : BreakBefore)}.mp4\"";
            if (needed != map)
            {
                Line(map = needed);
            }

            DateTime date = new DateTime(2026, 11, 30, 20, 0, 0, DateTimeKind.Utc).AddSeconds((i * 2) + (i < BreakBefore ? 0 : 7.25));
            Line($"#EXT-X-PROGRAM-DATE-TIME:{date.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)}");
            int listed = i == whole ? open : end - ((i + 1) * Target) <= edge ? PartsPerSegment : 0;
            for (int part = 0; part < listed; part++)
            {
                Line($"#EXT-X-PART:DURATION=0.500{(part == 0 ? ",INDEPENDENT=YES" : "")},URI=\"{PartUri(i, part)}\"");
            }

            if (i < whole)
            {
                Line("#EXTINF:2.000,");
                Line($"v1-{FirstNumber + i}.m4s");
            }
        }

        if (isEnded)
        {
            Line("#EXT-X-ENDLIST");
        }
        else
        {
            Line($"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{PartUri(whole, open)}\"");
            int last = parts - 1; // the sound is as far
            Line($"#EXT-X-RENDITION-REPORT:URI=\"a1.m3u8\",LAST-MSN={FirstNumber + (last / PartsPerSegment)},"
                + $"LAST-PART={last % PartsPerSegment}");
        }

        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');
    }

    /// <summary>The update of a moment, with all skipped that may be.</summary>
    public static string WriteUpdate(int parts)
    {
        int first = FirstOf(parts);
        int skipped = 0;
        while ((parts * Part) - ((first + skipped) * Target) > 6 * Target)
        {
            skipped++;
        }

        return skipped == 0 ? Write(parts) : Write(parts, skipped);
    }

    /// <summary>The address of a part, by its segment from the beginning.</summary>
    public static string PartUri(int segment, int part) => $"v1-{FirstNumber + segment}-part-{part + 1}.m4s";

    /// <summary>A playlist with one text in the place of another, which it must have.</summary>
    public static string Change(string playlist, string from, string to)
    {
        Assert.Contains(from, playlist, StringComparison.Ordinal);
        return playlist.Replace(from, to, StringComparison.Ordinal);
    }

    private static int FirstOf(int parts) => Math.Max(0, (parts / PartsPerSegment) - Window);
}
