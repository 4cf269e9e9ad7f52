using System.Text;
using Mapwire.Load.Measuring;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Viewers;

/// <summary>
/// Watches HLS as a simple player does: the first variant with its sound, each segment once there is room in the buffer, a playlist that
/// is not ended again and again.
/// </summary>
internal sealed class HlsWatching : Watching
{
    /// <summary>Where a viewer of a live stream begins: so many target durations before its end (RFC 8216, section 6.3.3).</summary>
    private const int LiveDistance = 3;

    private readonly HttpUrl _url;
    private readonly long? _buffer; // microseconds of media in hand that it wants; null: all that it can have
    private readonly bool _checksBoxes;
    private readonly HttpTally _tally;
    private readonly List<HlsTrack> _tracks = [];
    private PlaybackCheck _playback = new();
    private MemoryStream? _text;
    private HlsTrack? _fetching;
    private Fetch _fetch;
    private long _shown; // media of all tracks that came, in microseconds
    private long _started;

    /// <param name="url">The playlist.</param>
    /// <param name="buffer">Microseconds of media in hand that it wants; null for all that there is.</param>
    /// <param name="checksBoxes">Whether segments are looked into.</param>
    /// <param name="tally">Where late segments are counted.</param>
    public HlsWatching(HttpUrl url, long? buffer, bool checksBoxes, HttpTally tally)
    {
        _url = url;
        _buffer = buffer;
        _checksBoxes = checksBoxes;
        _tally = tally;
        _tracks.Add(new HlsTrack(url));
    }

    /// <inheritdoc/>
    public override bool IgnoresMedia => !_checksBoxes;

    /// <inheritdoc/>
    public override bool TryGetNext(long now, out Fetch fetch)
    {
        fetch = default;
        _fetching = null;
        foreach (HlsTrack track in _tracks)
        {
            if (track.TryGetNext(now, out Fetch next) && (_fetching is null || IsBefore(track, next, _fetching, fetch, now)))
            {
                _fetching = track;
                fetch = next;
            }
        }

        if (_fetching is null)
        {
            return false;
        }

        if (fetch.Kind != FetchKind.Playlist && IsPlaying && _buffer is { } buffer)
        {
            // Media up to End lasts until then: its successor is wanted a buffer before that.
            long lead = _playback.LeadAt(now) + (_fetching.End - _shown);
            fetch = fetch with { Due = now + Math.Max(0, lead - buffer) };
        }

        _fetch = fetch;
        return true;
    }

    /// <inheritdoc/>
    public override void OnRedirect(string target) => _fetching!.Redirect(target, _fetch.Kind);

    /// <inheritdoc/>
    public override void OnBody(ReadOnlySpan<byte> bytes, long now)
    {
        if (_fetch.Kind != FetchKind.Playlist)
        {
            if (_checksBoxes)
            {
                _fetching!.CheckBoxes(bytes, isInit: _fetch.Kind == FetchKind.Init);
            }

            return;
        }

        _text ??= new MemoryStream();
        if (_text.Length + bytes.Length > HlsPlaylist.MaxLength)
        {
            throw new ContentException("playlist: it is too long");
        }

        _text.Write(bytes);
    }

    /// <inheritdoc/>
    public override void OnEnd(long now)
    {
        HlsTrack track = _fetching!;
        switch (_fetch.Kind)
        {
            case FetchKind.Playlist:
                string text = Encoding.UTF8.GetString((_text ?? new MemoryStream()).ToArray());
                _text = null;
                Take(track, HlsPlaylist.Parse(text), now);
                break;
            case FetchKind.Init:
                track.OnInit(_checksBoxes);
                break;
            default:
                track.OnSegment(_checksBoxes);
                Show(now);
                break;
        }
    }

    /// <summary>Counts a segment that was asked for and has come.</summary>
    /// <param name="taken">From the request to the last byte, in microseconds.</param>
    public void NoteTime(long taken) => _tally.LateSegments += taken > _fetching!.LastDuration ? 1 : 0;

    /// <inheritdoc/>
    public override bool IsStalledAt(long now) => _playback.IsStalledAt(now) && !_tracks.TrueForAll(static track => track.IsOver);

    /// <inheritdoc/>
    public override long RestAt(long now) => _buffer is null || !IsPlaying ? 0 : Math.Max(0, _playback.LeadAt(now));

    /// <inheritdoc/>
    public override void Settle(LoadTally tally, long now)
    {
        if (_playback.HasStarted)
        {
            if (!_tracks.TrueForAll(static track => track.IsOver))
            {
                _playback.Settle(now);
            }

            tally.Take(in _playback, now - _started);
            _playback = new PlaybackCheck();
        }
    }

    /// <summary>A playlist that is due comes first, and then the track that has less.</summary>
    private static bool IsBefore(HlsTrack track, Fetch fetch, HlsTrack other, Fetch others, long now)
    {
        bool isDue = fetch.Kind == FetchKind.Playlist && fetch.Due <= now;
        bool isOtherDue = others.Kind == FetchKind.Playlist && others.Due <= now;
        return isDue != isOtherDue ? isDue : track.End < other.End;
    }

    private void Take(HlsTrack track, HlsPlaylist playlist, long now)
    {
        if (playlist.Variant is { } variant)
        {
            HttpUrl master = track.Url;
            track.Move(master.Resolve(variant) ?? throw new ContentException("playlist: a variant of another server"));
            if (playlist.Sound is { } sound)
            {
                _tracks.Add(new HlsTrack(master with
                {
                    Target = master.Resolve(sound) ?? throw new ContentException("playlist: a rendition of another server"),
                }));
            }
        }
        else
        {
            track.Take(playlist, now, LiveDistance);
        }
    }

    private void Show(long now)
    {
        long end = _tracks.Min(static track => track.End);
        if (end <= _shown)
        {
            return; // the other track's segment is awaited
        }

        if (!IsPlaying)
        {
            IsPlaying = true;
            _started = now;
        }

        _playback.AddPiece(_shown / LoadClock.Millisecond, end / LoadClock.Millisecond, now);
        _shown = end;
    }
}
