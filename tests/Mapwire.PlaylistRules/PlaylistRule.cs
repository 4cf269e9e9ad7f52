namespace Mapwire.PlaylistRules;

/// <summary>A MUST line of RFC 8216, or of the draft that will replace it, that can be seen in the text of playlists.</summary>
/// <param name="Id">
/// The section, and a word of its own in it; "bis" before it for a section of the draft, "own" for what Mapwire promises beyond it.
/// </param>
/// <param name="Must">What it demands.</param>
public sealed record PlaylistRule(string Id, string Must)
{
    private const string Draft = "draft-pantos-hls-rfc8216bis-22";

    /// <summary>Where it stands, for messages.</summary>
    public string Source =>
        Id.StartsWith("bis ", StringComparison.Ordinal) ? $"{Draft}, {Id[4..]}"
        : Id.StartsWith("own ", StringComparison.Ordinal) ? $"Mapwire beyond {Draft}, {Id[4..]}"
        : $"RFC 8216, {Id}";

    /// <summary>All rules, in the order of their sections.</summary>
    public static IReadOnlyList<PlaylistRule> All { get; } =
    [
        new("3.3 map", "each fragmented MP4 segment has an EXT-X-MAP applied to it"),
        new("4.1 utf8", "a playlist is UTF-8"),
        new("4.1 bom", "no byte order mark"),
        new("4.1 control", "no control characters other than CR and LF"),
        new("4.1 space", "no white space where none is specified"),
        new("4.1 kind", "a playlist is a media playlist or a master playlist"),
        new("4.1 uri", "what is no tag, comment or empty line is a URI"),
        new("4.2 syntax", "an attribute list is NAME=value with commas between, without white space"),
        new("4.2 once", "an attribute is at most once in a list"),
        new("4.2 type", "an attribute's value has the attribute's type"),
        new("4.3.1.1 first", "EXTM3U is the first line"),
        new("4.3.1.2 once", "at most one EXT-X-VERSION"),
        new("4.3.2 master", "no media segment tag in a master playlist"),
        new("4.3.2.1 required", "each segment has an EXTINF"),
        new("4.3.2.1 duration", "an EXTINF begins with a decimal number and a comma"),
        new("4.3.2.2 format", "a byte range is n or n@o"),
        new("4.3.2.2 before", "a byte range without an offset follows one of the same resource"),
        new("4.3.2.4 method", "EXT-X-KEY has METHOD, which is NONE, AES-128 or SAMPLE-AES"),
        new("4.3.2.4 none", "with METHOD=NONE there are no other attributes"),
        new("4.3.2.4 uri", "EXT-X-KEY has a URI unless METHOD is NONE"),
        new("4.3.2.5 uri", "EXT-X-MAP has a URI"),
        new("4.3.2.5 range", "EXT-X-MAP's BYTERANGE is n or n@o"),
        new("4.3.2.6 date", "EXT-X-PROGRAM-DATE-TIME is an ISO 8601 date and time"),
        new("4.3.2.7 required", "EXT-X-DATERANGE has ID and START-DATE"),
        new("4.3.2.7 negative", "DURATION and PLANNED-DURATION are not negative"),
        new("4.3.2.7 next", "END-ON-NEXT is YES, with CLASS and without DURATION and END-DATE"),
        new("4.3.2.7 end", "END-DATE is not before START-DATE"),
        new("4.3.2.7 date", "with an EXT-X-DATERANGE there is an EXT-X-PROGRAM-DATE-TIME"),
        new("4.3.3 master", "no media playlist tag in a master playlist"),
        new("4.3.3 once", "a media playlist tag is at most once in a playlist"),
        new("4.3.3.1 required", "EXT-X-TARGETDURATION is there, a decimal-integer"),
        new("4.3.3.1 longest", "no EXTINF, rounded to an integer, is more than the target duration"),
        new("4.3.3.2 place", "EXT-X-MEDIA-SEQUENCE stands before the first segment, a decimal-integer"),
        new("4.3.3.3 place", "EXT-X-DISCONTINUITY-SEQUENCE stands before the first segment and the first EXT-X-DISCONTINUITY"),
        new("4.3.3.4 ended", "nothing is added behind an EXT-X-ENDLIST"),
        new("4.3.3.5 value", "EXT-X-PLAYLIST-TYPE is EVENT or VOD"),
        new("4.3.4 media", "no master playlist tag in a media playlist"),
        new("4.3.4.1 type", "EXT-X-MEDIA has TYPE, which is AUDIO, VIDEO, SUBTITLES or CLOSED-CAPTIONS"),
        new("4.3.4.1 group", "EXT-X-MEDIA has GROUP-ID"),
        new("4.3.4.1 name", "EXT-X-MEDIA has NAME"),
        new("4.3.4.1 uri", "closed captions have no URI"),
        new("4.3.4.1 yes", "DEFAULT, AUTOSELECT and FORCED are YES or NO"),
        new("4.3.4.1 auto", "AUTOSELECT is YES, if it is there, where DEFAULT is"),
        new("4.3.4.1 forced", "FORCED is for subtitles alone"),
        new("4.3.4.1 instream", "closed captions have an INSTREAM-ID of CC1 to CC4 or SERVICE1 to SERVICE63; nothing else has one"),
        new("4.3.4.1.1 names", "the members of a group have different names"),
        new("4.3.4.1.1 default", "at most one member of a group is the default"),
        new("4.3.4.1.1 same", "groups of one type have the same members, with the same attributes but URI and CHANNELS"),
        new("4.3.4.2 uri", "a URI follows EXT-X-STREAM-INF"),
        new("4.3.4.2 bandwidth", "EXT-X-STREAM-INF has BANDWIDTH"),
        new("4.3.4.2 group", "AUDIO, VIDEO, SUBTITLES and CLOSED-CAPTIONS name a group of their type"),
        new("4.3.4.2 none", "where one has CLOSED-CAPTIONS=NONE, all have"),
        new("4.3.4.2.1 subtitles", "subtitles have a URI"),
        new("4.3.4.3 required", "EXT-X-I-FRAME-STREAM-INF has BANDWIDTH and URI"),
        new("4.3.4.3 others", "EXT-X-I-FRAME-STREAM-INF has no FRAME-RATE, AUDIO, SUBTITLES or CLOSED-CAPTIONS"),
        new("4.3.4.4 required", "EXT-X-SESSION-DATA has DATA-ID, and VALUE or URI but not both"),
        new("4.3.4.4 once", "at most one EXT-X-SESSION-DATA of a DATA-ID and LANGUAGE"),
        new("4.3.4.5 none", "EXT-X-SESSION-KEY has a METHOD other than NONE"),
        new("4.3.5 once", "EXT-X-INDEPENDENT-SEGMENTS and EXT-X-START are at most once"),
        new("4.3.5.2 offset", "EXT-X-START has TIME-OFFSET"),
        new("6.2.1 end", "a playlist of type VOD, which never changes, has its EXT-X-ENDLIST"),
        new("6.2.1 change", "a playlist changes by segments added at its end and removed at its front alone"),
        new("6.2.1 stays", "an EXT-X-ENDLIST is never removed"),
        new("6.2.1 target", "the target duration never changes"),
        new("6.2.1 event", "of a playlist of type EVENT nothing is removed"),
        new("6.2.2 sequence", "EXT-X-MEDIA-SEQUENCE grows by the number of removed segments"),
        new("6.2.2 discontinuity", "EXT-X-DISCONTINUITY-SEQUENCE grows by the number of removed EXT-X-DISCONTINUITY tags"),
        new("6.2.2 said", "a playlist with EXT-X-DISCONTINUITY of which segments are removed has EXT-X-DISCONTINUITY-SEQUENCE"),
        new("6.2.2 short", "nothing is removed from a live playlist that is then shorter than three target durations"),
        new("6.2.4 target", "the media playlists of a master playlist have one target duration, but for subtitles and I-frames"),
        new("6.2.4 type", "where one media playlist of a master playlist has EXT-X-PLAYLIST-TYPE, all have the same"),
        new("7 version", "EXT-X-VERSION is at least what the tags and attributes need"),
        .. DraftRules.Create(),
    ];

    /// <summary>
    /// What a server MUST do that the text of its playlists does not show; other tests have to look at segments and answers.
    /// </summary>
    public static IReadOnlyList<PlaylistRule> NotInText { get; } =
    [
        new("3 format", "every segment of a playlist is in a supported format and continues the one before it, or a discontinuity says so"),
        new("3.3 initialization", "an initialization section has an ftyp of brand iso6 or later, and a moov with mvex and empty tables"),
        new("3.3 tfdt", "each track fragment has a tfdt and is addressed relative to its moof"),
        new("3.5 webvtt", "a segment of subtitles is a WebVTT file with all cues that are shown while it plays"),
        new("4 type", "a playlist is known by its path (.m3u8) or by its Content-Type"),
        new("4.3.2.3 change", "EXT-X-DISCONTINUITY stands where format, tracks or times change"),
        new("4.3.4.2 rate", "BANDWIDTH is the peak of a finished stream with its renditions, AVERAGE-BANDWIDTH its average"),
        new("4.3.5.1 independent", "with EXT-X-INDEPENDENT-SEGMENTS every segment can be decoded alone"),
        new("6.2.1 available", "a segment can be had when its playlist names it"),
        new("6.2.2 stays", "a removed segment can be had for its duration and that of the longest playlist that named it"),
        new("6.2.4 times", "variant streams have matching times and discontinuities"),
        new("bis 3.2 samples", "a segment and its parts have the same samples, with the same times"),
        new("bis 6.2.1 available", "a part can be had when its playlist lists it"),
        new("bis 6.2.2 stays", "a part can be had for three target durations after its EXT-X-PART was removed"),
        new("bis 6.2.5.2 part", "a request with _HLS_part and without _HLS_msn is refused"),
        new("bis 6.2.6 hint", "a hinted part can be asked for at once, and no byte of it is sent before all can be"),
    ];

    /// <summary>The rule of an id.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static PlaylistRule Get(string id) =>
        All.FirstOrDefault(rule => rule.Id == id) ?? throw new ArgumentException($"there is no rule {id}", nameof(id));
}

/// <summary>A rule that a playlist breaks.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Line">The line, from 1; 0 for the playlist as a whole.</param>
/// <param name="Detail">What was there.</param>
public sealed record Violation(PlaylistRule Rule, int Line, string Detail)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Rule.Source}: {Rule.Must} (line {Line}: {Detail})";
}
