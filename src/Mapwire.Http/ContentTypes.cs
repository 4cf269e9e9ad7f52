namespace Mapwire.Http;

/// <summary>The media types of what is served, by file extension: one table for all answers.</summary>
/// <remarks>
/// Registered types (IANA, Media Types) where there are any. Segments are <c>video/mp4</c>, as their film is, and not
/// <c>video/iso.segment</c>: what a segment holds is a range of that very film behind a header.
/// </remarks>
public static class ContentTypes
{
    /// <summary>What has no entry: bytes that a browser only saves.</summary>
    public const string Default = "application/octet-stream";

    /// <summary>A master or media playlist (RFC 8216, section 4).</summary>
    public const string Hls = "application/vnd.apple.mpegurl";

    /// <summary>A Media Presentation Description (ISO/IEC 23009-1).</summary>
    public const string Dash = "application/dash+xml";

    /// <summary>A film, or a segment of one.</summary>
    public const string Mp4 = "video/mp4";

    private static readonly (string Extension, string Type)[] Table =
    [
        (".mp4", Mp4),
        (".m4s", Mp4),
        (".m4v", Mp4),
        (".m4a", "audio/mp4"),
        (".mov", "video/quicktime"),
        (".m3u8", Hls),
        (".mpd", Dash),
        (".flv", "video/x-flv"),
        (".vtt", "text/vtt; charset=utf-8"),
        (".json", "application/json"),
        (".html", "text/html; charset=utf-8"),
        (".js", "text/javascript; charset=utf-8"),
    ];

    /// <summary>The media type of a file or resource of this name; <see cref="Default"/> when its extension is in no table.</summary>
    /// <param name="name">A name or path; only what follows its last '.' counts, in whatever case.</param>
    public static string FromName(ReadOnlySpan<char> name)
    {
        foreach ((string extension, string type) in Table)
        {
            if (name.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
            {
                return type;
            }
        }

        return Default;
    }
}
