namespace Mapwire.PlaylistRules;

/// <summary>
/// The rules that draft-pantos-hls-rfc8216bis-22 has beyond RFC 8216, for low latency and live playlists, in the order of its sections.
/// </summary>
internal static class DraftRules
{
    /// <summary>Creates all of them. A method, since <see cref="PlaylistRule.All"/> is made while the type is initialized.</summary>
    public static PlaylistRule[] Create() =>
    [
        new("bis 3.2 sum", "the parts of a segment last as long together as their segment, within the rounding of the numbers"),
        new("bis 3.2 parent", "in a playlist with EXT-X-ENDLIST each part belongs to a segment"),
        new("bis 4.4.3.7 required", "with an EXT-X-PART there is an EXT-X-PART-INF"),
        new("bis 4.4.3.7 target", "EXT-X-PART-INF has PART-TARGET"),
        new("bis 4.4.3.8 skip", "CAN-SKIP-UNTIL is at least six target durations"),
        new("bis 4.4.3.8 dates", "CAN-SKIP-DATERANGES is said with CAN-SKIP-UNTIL alone"),
        new("bis 4.4.3.8 hold", "HOLD-BACK is at least three target durations"),
        new("bis 4.4.3.8 required", "with an EXT-X-PART-INF there is a PART-HOLD-BACK"),
        new("bis 4.4.3.8 part", "PART-HOLD-BACK is at least twice PART-TARGET"),
        new("bis 4.4.4.9 required", "EXT-X-PART has URI and DURATION"),
        new("bis 4.4.4.9 longest", "no part is longer than PART-TARGET"),
        new("bis 4.4.4.9 shortest", "a part lasts at least 85 % of PART-TARGET, unless it is independent, a gap, before a gap or the last"),
        new("bis 4.4.4.9 before", "EXT-X-DISCONTINUITY, -KEY, -MAP and -PROGRAM-DATE-TIME stand before the first part of their segment"),
        new("bis 4.4.4.9 range", "BYTERANGE is n or n@o, without an offset only behind a part of the same segment and resource"),
        new("bis 4.4.5 once", "at most one EXT-X-SKIP"),
        new("bis 4.4.5.2 required", "EXT-X-SKIP has SKIPPED-SEGMENTS"),
        new("bis 4.4.5.2 place", "EXT-X-SKIP stands where the segments were that it replaces: before all others"),
        new("bis 4.4.5.3 required", "EXT-X-PRELOAD-HINT has TYPE, which is PART or MAP, and URI"),
        new("bis 4.4.5.3 ended", "no EXT-X-PRELOAD-HINT with an EXT-X-ENDLIST"),
        new("bis 4.4.5.3 kept", "the hinted part is the one that comes next"),
        new("bis 4.4.5.4 required", "EXT-X-RENDITION-REPORT has URI"),
        new("bis 4.4.5.4 relative", "the URI of EXT-X-RENDITION-REPORT is relative"),
        new("own 4.4.5.4 said", "EXT-X-RENDITION-REPORT has LAST-MSN, and LAST-PART where the playlist has parts"),
        new("bis 4.4.5.4 back", "what EXT-X-RENDITION-REPORT says of a rendition never goes back"),
        new("bis 6.2.1 control", "EXT-X-SERVER-CONTROL and EXT-X-PART-INF never change"),
        new("bis 6.2.1 parts", "parts are added at the end alone, and never change"),
        new("bis 6.2.1 overlap", "a date of a segment overlaps the segment before in part, and by less than a second"),
        new("own 6.2.1 dates", "where there is no discontinuity, dates go on by the EXTINFs between, within their rounding"),
        new("bis 6.2.1 segment late", "a segment comes at most 1.5 target durations after the one before"),
        new("bis 6.2.1 part late", "a part comes at most PART-TARGET after the one before"),
        new("bis 6.2.2 edge", "a part is removed when it is more than three target durations from the end, not before"),
        new("bis 6.2.2 order", "parts are removed in their order"),
        new("bis 6.2.4 control", "the media playlists of a master playlist have the same EXT-X-SERVER-CONTROL"),
        new("bis 6.2.4 dates", "where one media playlist of a master playlist has EXT-X-PROGRAM-DATE-TIME, all have"),
        new("bis 6.2.5.1 until", "EXT-X-SKIP stands in playlists with CAN-SKIP-UNTIL alone"),
        new("bis 6.2.5.1 ended", "no EXT-X-SKIP with an EXT-X-ENDLIST"),
        new("bis 6.2.5.1 nearer", "what an update skips is further from the end than CAN-SKIP-UNTIL"),
        new("bis 6.2.5.1 all", "all that is further from the end than CAN-SKIP-UNTIL is skipped by an update"),
        new("bis 6.2.5.1 known", "what an update skips was in the playlist before"),
        new("bis 6.2.5.1 equal", "an update that is merged with the playlist before is the whole playlist"),
        new("bis 6.2.5.2 defer", "what _HLS_msn and _HLS_part ask for is in the answer"),
        new("own 6.2.5.2 answer", "the playlist of a live stream is answered"),
        new("bis 8 version", "EXT-X-VERSION is at least what the tags and attributes of the draft need"),
    ];
}
