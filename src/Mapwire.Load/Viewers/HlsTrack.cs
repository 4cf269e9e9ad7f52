using Mapwire.Load.Reading;

namespace Mapwire.Load.Viewers;

/// <summary>One media playlist that a viewer follows: the variant's, or its sound's.</summary>
/// <param name="url">The playlist.</param>
internal sealed class HlsTrack(HttpUrl url)
{
    private HlsPlaylist? _playlist;
    private FragmentCheck? _check;
    private bool _isChecking;
    private long _next; // the number of the next segment
    private long _reload;
    private string? _init;
    private HlsRange? _initRange;
    private string? _elsewhere; // where the segment lies that is next, or its init segment

    /// <summary>The playlist's place.</summary>
    public HttpUrl Url { get; private set; } = url;

    /// <summary>Media that came, in microseconds since the first segment's beginning.</summary>
    public long End { get; private set; }

    /// <summary>How long the segment plays that came last, in microseconds.</summary>
    public long LastDuration { get; private set; }

    /// <summary>Whether nothing is left to come.</summary>
    public bool IsOver => _playlist is { IsEnded: true } && Current is null;

    private HlsSegment? Current =>
        _playlist is { } playlist && _next - playlist.Sequence is >= 0 and var at && at < playlist.Segments.Count
            ? playlist.Segments[(int)at] : null;

    /// <summary>The playlist lies elsewhere.</summary>
    /// <param name="target">Path and query.</param>
    public void Move(string target) => Url = Url with { Target = target };

    /// <summary>What was asked for last lies elsewhere; of a playlist, what it names does as well (RFC 3986, section 5.1.3).</summary>
    /// <param name="target">Path and query.</param>
    /// <param name="kind">What it was.</param>
    public void Redirect(string target, FetchKind kind)
    {
        if (kind == FetchKind.Playlist)
        {
            Move(target);
        }
        else
        {
            _elsewhere = target;
        }
    }

    /// <summary>What this track needs next; false when it has all.</summary>
    public bool TryGetNext(long now, out Fetch fetch)
    {
        fetch = new Fetch(Url.Target, FetchKind.Playlist, _playlist is null ? now : _reload);
        if (Current is not { } segment)
        {
            return !IsOver;
        }

        if (segment.Init is { } init && (init != _init || segment.InitRange != _initRange))
        {
            fetch = new Fetch(_elsewhere ?? Resolve(init), FetchKind.Init, now, segment.InitRange);
            return true;
        }

        fetch = new Fetch(_elsewhere ?? Resolve(segment.Uri), FetchKind.Media, now, segment.Range);
        return true;
    }

    /// <summary>Takes the playlist in, and plans the next look at it.</summary>
    public void Take(HlsPlaylist playlist, long now, int liveDistance)
    {
        if (_playlist is { } before)
        {
            playlist.RequireContinues(before);
            bool isSame = playlist.Segments.Count + playlist.Sequence == before.Segments.Count + before.Sequence;
            _reload = now + (isSame ? playlist.TargetDuration / 2 : playlist.TargetDuration); // RFC 8216, section 6.3.4
            if (_next < playlist.Sequence)
            {
                throw new ContentException("playlist: the next segment is gone from it");
            }
        }
        else
        {
            if (playlist.Segments.Count == 0 && playlist.IsEnded)
            {
                throw new ContentException("playlist: no segments");
            }

            _reload = now + playlist.TargetDuration;
            _next = playlist.Sequence;
            long distance = 0;
            for (int i = playlist.Segments.Count - 1; !playlist.IsEnded && i >= 0; i--)
            {
                distance += playlist.Segments[i].Duration;
                if (distance >= liveDistance * playlist.TargetDuration)
                {
                    _next = playlist.Sequence + i;
                    break;
                }
            }
        }

        _playlist = playlist;
    }

    /// <summary>Looks into boxes as they come.</summary>
    public void CheckBoxes(ReadOnlySpan<byte> bytes, bool isInit)
    {
        if (!isInit && Current is { Init: null })
        {
            return; // no MP4: packed audio, or a transport stream
        }

        _check ??= new FragmentCheck();
        if (!_isChecking)
        {
            _isChecking = true;
            _check.Begin(isInit);
            if (!isInit && Current is { IsJump: true })
            {
                _check.Jump();
            }
        }

        _check.Receive(bytes);
    }

    /// <summary>The init segment is whole.</summary>
    public void OnInit(bool checksBoxes)
    {
        HlsSegment segment = Current!.Value;
        _init = segment.Init;
        _initRange = segment.InitRange;
        _elsewhere = null;
        EndCheck(checksBoxes);
    }

    /// <summary>The segment is whole.</summary>
    public void OnSegment(bool checksBoxes)
    {
        HlsSegment segment = Current!.Value;
        EndCheck(checksBoxes && segment.Init is not null);
        _elsewhere = null;
        LastDuration = segment.Duration;
        End += segment.Duration;
        _next++;
    }

    private void EndCheck(bool checks)
    {
        if (checks)
        {
            if (!_isChecking)
            {
                throw new ContentException("segment: it is empty");
            }

            _isChecking = false;
            _check!.OnEnd();
        }
    }

    private string Resolve(string reference) =>
        Url.Resolve(reference) ?? throw new ContentException("playlist: a segment of another server");
}
