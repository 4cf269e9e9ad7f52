namespace Mapwire.PlaylistRules;

/// <summary>Which version of the protocol a playlist needs (RFC 8216, section 7; draft-pantos-hls-rfc8216bis-22, section 8).</summary>
internal static class VersionRule
{
    /// <summary>The last version that RFC 8216 has.</summary>
    private const int LastOfRfc = 7;

    public static void Check(PlaylistLines lines)
    {
        PlaylistLine? said = lines.Find("EXT-X-VERSION");
        int version = said is null ? 1 : int.TryParse(said.Value, out int number) ? number : 0;
        bool isIFramesOnly = lines.Lines.Any(static line => line.Tag == "EXT-X-I-FRAMES-ONLY");
        foreach (PlaylistLine line in lines.Lines)
        {
            if (NeededBy(line, isIFramesOnly) is int needed && needed > version)
            {
                lines.Report(
                    needed > LastOfRfc ? "bis 8 version" : "7 version", line, $"needs {needed}, and {said?.Value ?? "none"} is said");
                return;
            }
        }
    }

    private static int NeededBy(PlaylistLine line, bool isIFramesOnly) => line.Tag switch
    {
        "EXT-X-KEY" when line.Value.Contains("KEYFORMAT", StringComparison.Ordinal) => 5,
        "EXT-X-KEY" when line.Value.Contains("IV=", StringComparison.Ordinal) => 2,
        "EXTINF" when line.Value.Split(',')[0].Contains('.', StringComparison.Ordinal) => 3,
        "EXT-X-BYTERANGE" or "EXT-X-I-FRAMES-ONLY" => 4,
        "EXT-X-MAP" => isIFramesOnly ? 5 : 6,
        "EXT-X-MEDIA" when line.Value.Contains("\"SERVICE", StringComparison.Ordinal) => 7,
        "EXT-X-DEFINE" => line.Value.Contains("QUERYPARAM=", StringComparison.Ordinal) ? 11 : 8,
        "EXT-X-SKIP" => line.Value.Contains("RECENTLY-REMOVED-DATERANGES=", StringComparison.Ordinal) ? 10 : 9,
        _ => 1,
    };
}
