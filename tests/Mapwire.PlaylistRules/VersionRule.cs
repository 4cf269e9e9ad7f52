namespace Mapwire.PlaylistRules;

/// <summary>Which version of the protocol a playlist needs (RFC 8216, section 7).</summary>
internal static class VersionRule
{
    public static void Check(PlaylistLines lines)
    {
        PlaylistLine? said = lines.Lines.FirstOrDefault(static line => line.Tag == "EXT-X-VERSION");
        int version = said is null ? 1 : int.TryParse(said.Value, out int number) ? number : 0;
        bool isIFramesOnly = lines.Lines.Any(static line => line.Tag == "EXT-X-I-FRAMES-ONLY");
        foreach (PlaylistLine line in lines.Lines)
        {
            if (NeededBy(line, isIFramesOnly) is int needed && needed > version)
            {
                lines.Report("7 version", line, $"needs {needed}, and {said?.Value ?? "none"} is said");
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
        _ => 1,
    };
}
