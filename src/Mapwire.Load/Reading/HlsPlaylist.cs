using System.Globalization;

namespace Mapwire.Load.Reading;

/// <summary>What a viewer needs of a playlist (RFC 8216): the one of variants, or the one of segments.</summary>
internal sealed record HlsPlaylist
{
    /// <summary>The longest playlist that is taken: a day of segments of 2 s with long names.</summary>
    public const int MaxLength = 8 * 1024 * 1024;

    /// <summary>The variant that a viewer takes: the first one (section 6.3.1), as players do that know nothing of the network yet.
    /// </summary>
    public string? Variant { get; private set; }

    /// <summary>The default rendition of the variant's sound, where it is a playlist of its own.</summary>
    public string? Sound { get; private set; }

    /// <summary>The segments; empty where this is a playlist of variants.</summary>
    public IReadOnlyList<HlsSegment> Segments { get; private set; } = [];

    /// <summary>The number of the first segment.</summary>
    public long Sequence { get; private set; }

    /// <summary>The longest segment, in microseconds.</summary>
    public long TargetDuration { get; private set; }

    /// <summary>Whether no segment follows.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Reads a playlist.</summary>
    /// <exception cref="ContentException">It breaks a rule on which a viewer relies.</exception>
    public static HlsPlaylist Parse(string text)
    {
        string[] lines = text.Split('\n');
        if (lines[0].TrimEnd('\r') != "#EXTM3U")
        {
            throw new ContentException("playlist: no #EXTM3U");
        }

        HlsPlaylist playlist = new();
        new Reading(playlist).Read(lines.AsSpan(1));
        return playlist;
    }

    /// <summary>Looks whether a playlist goes on where the one before stood (section 6.2.1).</summary>
    /// <param name="before">The same playlist, loaded before.</param>
    /// <exception cref="ContentException">It does not.</exception>
    public void RequireContinues(HlsPlaylist before)
    {
        if (Sequence < before.Sequence)
        {
            throw new ContentException("playlist: its sequence goes back");
        }

        if (Sequence + Segments.Count < before.Sequence + before.Segments.Count)
        {
            throw new ContentException("playlist: its end goes back");
        }

        long skipped = Sequence - before.Sequence;
        for (long i = skipped; i < before.Segments.Count; i++)
        {
            if (before.Segments[(int)i] != Segments[(int)(i - skipped)])
            {
                throw new ContentException("playlist: a segment changed under its number");
            }
        }
    }

    private sealed class Reading(HlsPlaylist playlist)
    {
        private readonly List<HlsSegment> _segments = [];
        private readonly List<Dictionary<string, string>> _renditions = [];
        private string? _init;
        private HlsRange? _initRange;
        private HlsRange? _range;
        private long? _duration;
        private bool _isVariant;
        private bool _isJump;
        private string? _soundGroup;
        private string _previousUri = "";
        private long _previousEnd;

        public void Read(ReadOnlySpan<string> lines)
        {
            foreach (string line in lines)
            {
                string trimmed = line.TrimEnd('\r');
                if (trimmed.StartsWith("#EXT", StringComparison.Ordinal))
                {
                    string[] parts = trimmed.Split(':', 2);
                    ReadTag(parts[0], parts.Length > 1 ? parts[1] : "");
                }
                else if (trimmed.Length > 0 && trimmed[0] != '#')
                {
                    ReadUri(trimmed);
                }
            }

            if (_duration is not null || _isVariant)
            {
                throw new ContentException("playlist: its last tag has no URI");
            }

            playlist.Segments = _segments;
            if (playlist.Variant is null && playlist.TargetDuration == 0)
            {
                throw new ContentException("playlist: no target duration");
            }

            playlist.Sound = _renditions
                .Where(one => one.GetValueOrDefault("TYPE") == "AUDIO" && one.GetValueOrDefault("GROUP-ID") == _soundGroup)
                .OrderByDescending(static one => one.GetValueOrDefault("DEFAULT") == "YES")
                .FirstOrDefault()?.GetValueOrDefault("URI");
        }

        private void ReadTag(string tag, string value)
        {
            switch (tag)
            {
                case "#EXTINF":
                    _duration = Microseconds(value.Split(',')[0]);
                    break;
                case "#EXT-X-TARGETDURATION":
                    playlist.TargetDuration = Microseconds(value);
                    break;
                case "#EXT-X-MEDIA-SEQUENCE":
                    playlist.Sequence = Number(value);
                    break;
                case "#EXT-X-ENDLIST":
                    playlist.IsEnded = true;
                    break;
                case "#EXT-X-DISCONTINUITY":
                    _isJump = true;
                    break;
                case "#EXT-X-BYTERANGE":
                    _range = RangeOf(value);
                    break;
                case "#EXT-X-MAP":
                    Dictionary<string, string> map = Attributes(value);
                    _init = map.GetValueOrDefault("URI") ?? throw new ContentException("playlist: a map without a URI");
                    _initRange = map.TryGetValue("BYTERANGE", out string? range) ? RangeOf(range) : null;
                    break;
                case "#EXT-X-STREAM-INF" when playlist.Variant is null:
                    _isVariant = true;
                    _soundGroup = Attributes(value).GetValueOrDefault("AUDIO");
                    break;
                case "#EXT-X-MEDIA":
                    _renditions.Add(Attributes(value));
                    break;
                case "#EXT-X-KEY" when Attributes(value).GetValueOrDefault("METHOD") != "NONE":
                    throw new ContentException("playlist: encrypted segments are not for this viewer");
            }
        }

        private void ReadUri(string uri)
        {
            if (_isVariant)
            {
                playlist.Variant = uri;
                _isVariant = false;
            }
            else if (playlist.Variant is not null)
            {
                return; // another variant
            }
            else if (_duration is not { } duration)
            {
                throw new ContentException("playlist: a segment without a duration");
            }
            else
            {
                Add(uri, duration);
            }
        }

        private void Add(string uri, long duration)
        {
            // The duration, rounded, is at most the target duration (section 4.3.3.1).
            if ((duration + 500_000) / 1_000_000 > playlist.TargetDuration / 1_000_000)
            {
                throw new ContentException(playlist.TargetDuration == 0
                    ? "playlist: no target duration" : "playlist: a segment is longer than the target duration");
            }

            HlsRange? range = _range;
            if (range is { Offset: < 0 } unplaced)
            {
                range = uri == _previousUri
                    ? unplaced with { Offset = _previousEnd }
                    : throw new ContentException("playlist: a range without an offset");
            }

            _segments.Add(new HlsSegment(uri, duration, range, _init, _initRange, _isJump));
            _isJump = false;
            _previousUri = uri;
            _previousEnd = range is { } placed ? placed.Offset + placed.Length : 0;
            _duration = null;
            _range = null;
        }

        private static HlsRange RangeOf(string text)
        {
            string[] parts = text.Split('@');
            return new HlsRange(parts.Length > 1 ? Number(parts[1]) : -1, Number(parts[0]));
        }

        private static Dictionary<string, string> Attributes(string list)
        {
            Dictionary<string, string> attributes = new(StringComparer.Ordinal);
            for (int at = 0; at < list.Length;)
            {
                int equals = list.IndexOf('=', at);
                if (equals < 0)
                {
                    throw new ContentException("playlist: bad attributes");
                }

                bool isQuoted = equals + 1 < list.Length && list[equals + 1] == '"';
                int start = isQuoted ? equals + 2 : equals + 1;
                int end = list.IndexOf(isQuoted ? '"' : ',', start);
                if (end < 0)
                {
                    end = isQuoted ? throw new ContentException("playlist: bad attributes") : list.Length;
                }

                attributes[list[at..equals].Trim()] = list[start..end];
                at = isQuoted ? end + 2 : end + 1;
            }

            return attributes;
        }

        private static long Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number : throw new ContentException("playlist: bad number");

        private static long Microseconds(string text) =>
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds < 86_400
                ? (long)Math.Round(seconds * 1_000_000)
                : throw new ContentException("playlist: bad duration");
    }
}

/// <summary>A segment of a playlist.</summary>
/// <param name="Uri">As it stands there.</param>
/// <param name="Duration">In microseconds.</param>
/// <param name="Range">The part of the resource; null for all of it.</param>
/// <param name="Init">The URI of its init segment; null where it has none.</param>
/// <param name="InitRange">The part of that resource.</param>
/// <param name="IsJump">Whether its times need not go on from the segment before.</param>
internal readonly record struct HlsSegment(
    string Uri, long Duration, HlsRange? Range, string? Init, HlsRange? InitRange, bool IsJump = false);

/// <summary>A part of a resource.</summary>
/// <param name="Offset">Of its first byte.</param>
/// <param name="Length">In bytes.</param>
internal readonly record struct HlsRange(long Offset, long Length);
