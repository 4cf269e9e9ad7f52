using Mapwire.Load.Measuring;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Viewers;

/// <summary>Watches an FLV stream that comes in one response.</summary>
internal sealed class FlvWatching : Watching, IFlvSink
{
    private readonly LoadTally _tally;
    private readonly FlvCheck _check;
    private string _target;
    private PlaybackCheck _playback = new();
    private bool _isOver;
    private bool _hasFirstFrame;
    private long _now;
    private long _started;

    /// <param name="target">Path and query.</param>
    /// <param name="tally">Where frames are counted.</param>
    public FlvWatching(string target, LoadTally tally)
    {
        _target = target;
        _tally = tally;
        _check = new FlvCheck(this);
    }

    /// <inheritdoc/>
    public override bool IgnoresMedia => false;

    /// <inheritdoc/>
    /// <remarks>Of video, where there is some, as over RTMP.</remarks>
    public override bool HasFirstFrame => _hasFirstFrame;

    /// <inheritdoc/>
    public override bool IsStream => true;

    /// <inheritdoc/>
    public override bool TryGetNext(long now, out Fetch fetch)
    {
        fetch = new Fetch(_target, FetchKind.Media, now);
        return !_isOver;
    }

    /// <inheritdoc/>
    public override void OnRedirect(string target) => _target = target;

    /// <inheritdoc/>
    public override void OnBody(ReadOnlySpan<byte> bytes, long now)
    {
        _now = now;
        _check.Receive(bytes);
    }

    /// <inheritdoc/>
    public override void OnEnd(long now)
    {
        _check.OnEnd();
        _isOver = true;
    }

    /// <inheritdoc/>
    public void OnFrame(bool isVideo, bool isKey, long time)
    {
        if (!IsPlaying)
        {
            IsPlaying = true;
            _started = _now;
        }

        _hasFirstFrame |= isVideo || !_check.HasVideo;
        _tally.Frames++;
        _playback.Add(isVideo, time, _now);
    }

    /// <inheritdoc/>
    public override bool IsStalledAt(long now) => _playback.IsStalledAt(now);

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
}
