using System.Buffers;
using System.Globalization;
using System.Text;
using Mapwire.Load.Measuring;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Viewers;

/// <summary>
/// Watches a live stream by LL-HLS: asks for the playlist with the part that comes next, which the server answers when it is whole, and
/// then for that part. Its first variant alone, without a playlist of its own for the sound.
/// </summary>
/// <param name="url">The master playlist, or that of the variant.</param>
/// <param name="loop">Where texts are read once for all viewers.</param>
internal sealed class LowLatencyWatching(HttpUrl url, HttpLoop loop) : Watching
{
    /// <summary>How many parts behind the end players begin.</summary>
    private const int BeginsBehind = 3;

    private readonly Queue<LowLatencyPart> _parts = new();
    private readonly ArrayBufferWriter<byte> _text = new();
    private HttpUrl _url = url;
    private PlaybackCheck _playback = new();
    private LowLatencyPart? _last; // that was taken from a playlist
    private string? _init;
    private Fetch _fetch;
    private bool _isMaster = url.Target.Contains("index.m3u8", StringComparison.Ordinal);
    private bool _isEnded;
    private int _older; // parts that were there before it came, and are late whatever the server does
    private long _shown;
    private long _started;

    /// <inheritdoc/>
    public override bool IgnoresMedia => true;

    /// <inheritdoc/>
    public override bool TryGetNext(long now, out Fetch fetch)
    {
        if (_parts.TryPeek(out LowLatencyPart? part))
        {
            bool needsInit = part.Init is not null && part.Init != _init;
            fetch = new Fetch(Resolve(needsInit ? part.Init! : part.Uri), needsInit ? FetchKind.Init : FetchKind.Media, now);
        }
        else
        {
            fetch = new Fetch(_url.Target + Awaited(), FetchKind.Playlist, now);
        }

        _fetch = fetch;
        return !_isEnded || _parts.Count > 0;
    }

    /// <inheritdoc/>
    public override void OnRedirect(string target) => _url = _url with { Target = target };

    /// <inheritdoc/>
    public override void OnBody(ReadOnlySpan<byte> bytes, long now)
    {
        if (_fetch.Kind == FetchKind.Playlist)
        {
            _text.Write(bytes);
        }
    }

    /// <inheritdoc/>
    public override void OnEnd(long now)
    {
        if (_fetch.Kind == FetchKind.Playlist)
        {
            TakePlaylist(_text.WrittenSpan);
            _text.ResetWrittenCount();
        }
        else if (_fetch.Kind == FetchKind.Init)
        {
            _init = _parts.Peek().Init;
        }
        else
        {
            LowLatencyPart part = _parts.Dequeue();
            if (_older > 0)
            {
                _older--;
            }
            else
            {
                loop.Http.PartDelay.Add(Math.Max(0, loop.WallOf(now) - part.End));
            }

            if (!IsPlaying)
            {
                IsPlaying = true;
                _started = now;
            }

            long end = _shown + part.Duration;
            _playback.AddPiece(_shown / LoadClock.Millisecond, end / LoadClock.Millisecond, now);
            _shown = end;
        }
    }

    /// <inheritdoc/>
    public override bool IsStalledAt(long now) => !_isEnded && _playback.IsStalledAt(now);

    /// <inheritdoc/>
    public override void Settle(LoadTally tally, long now)
    {
        if (_playback.HasStarted)
        {
            _playback.Settle(now);
            tally.Take(in _playback, now - _started);
            _playback = new PlaybackCheck();
        }
    }

    private void TakePlaylist(ReadOnlySpan<byte> text)
    {
        if (_isMaster)
        {
            string variant = HlsPlaylist.Parse(Encoding.UTF8.GetString(text)).Variant ?? throw new ContentException("playlist: no variant");
            _url = _url with { Target = Resolve(variant) };
            _isMaster = false;
            return;
        }

        LowLatencyPlaylist playlist = loop.ReadOnce(text);
        _isEnded = playlist.IsEnded;
        int first = _last is { } last
            ? FirstBehind(playlist, last)
            : Math.Max(0, playlist.Parts.Count - BeginsBehind);
        _older = _last is null ? playlist.Parts.Count - first : _older;
        for (int i = first; i < playlist.Parts.Count; i++)
        {
            _parts.Enqueue(playlist.Parts[i]);
        }

        if (first == playlist.Parts.Count && !_isEnded)
        {
            throw new ContentException("playlist: the part that was waited for is not there");
        }

        _last = playlist.Parts[^1];
    }

    private static int FirstBehind(LowLatencyPlaylist playlist, LowLatencyPart last)
    {
        int at = playlist.Parts.Count;
        while (at > 0 && (playlist.Parts[at - 1].Sequence, playlist.Parts[at - 1].Index).CompareTo((last.Sequence, last.Index)) > 0)
        {
            at--;
        }

        return at;
    }

    /// <summary>The words that have the server wait for the part that follows.</summary>
    private string Awaited()
    {
        char separator = _url.Target.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        return _isMaster || _last is not { } last
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture, $"{separator}_HLS_msn={last.Sequence}&_HLS_part={last.Index + 1}&_HLS_skip=YES");
    }

    private string Resolve(string reference) =>
        _url.Resolve(reference) ?? throw new ContentException("playlist: a segment of another server");
}
