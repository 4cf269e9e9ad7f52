using Mapwire.Load.Measuring;
using Mapwire.Load.Players;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Viewers;

/// <summary>A loop of viewers of HTTP.</summary>
internal sealed class HttpLoop : SeatLoop
{
    private readonly long _wall = ((DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks / 10) - LoadClock.Now;
    private long _left;
    private byte[] _text = []; // of the playlist that was read last
    private LowLatencyPlaylist? _read;

    /// <param name="options">What the viewers do; all targets are HTTP's.</param>
    /// <param name="index">Which of the loops this is: it takes each n-th viewer.</param>
    public HttpLoop(LoadOptions options, int index)
        : base(options, index)
    {
        ChecksBoxes = options.CheckBoxes;
        IsBytesOnly = options.BytesOnly;
        IsLowLatency = options.LowLatency;
        Buffer = Mode == LoadMode.Fast ? null : LoadClock.Of(options.Buffer);
        int loops = Math.Min(options.Threads, options.Players);
        _left = options.Count is { } count ? ((count - index - 1) / loops) + (count > index ? 1 : 0) : long.MaxValue;
        int viewersOfEach = Math.Max(1, options.Players / options.Targets.Count);
        Fill(options, (target, viewer) => new HttpViewer(this, (HttpUrl)target.Url, target.EndPoint, viewer, viewersOfEach));
    }

    /// <summary>What the viewers have seen that others do not.</summary>
    public HttpTally Http { get; } = new();

    /// <summary>Whether segments are looked into.</summary>
    public bool ChecksBoxes { get; }

    /// <summary>Whether everything is bytes, whatever it is called.</summary>
    public bool IsBytesOnly { get; }

    /// <summary>Microseconds of media in hand that a viewer wants; null for all that there is.</summary>
    public long? Buffer { get; }

    /// <summary>Whether live streams are watched by LL-HLS.</summary>
    public bool IsLowLatency { get; }

    /// <summary>A moment on the wall, in microseconds.</summary>
    public long WallOf(long now) => now + _wall;

    /// <summary>Reads a playlist, or gives what was read of the same text before: thousands of viewers get one at the same time.</summary>
    /// <exception cref="Reading.ContentException">It breaks a rule.</exception>
    public LowLatencyPlaylist ReadOnce(ReadOnlySpan<byte> text)
    {
        if (_read is null || !text.SequenceEqual(_text))
        {
            _read = LowLatencyPlaylist.Parse(text);
            _text = text.ToArray();
        }

        return _read;
    }

    /// <inheritdoc/>
    public override bool IsDone => Volatile.Read(ref _left) <= 0;

    /// <summary>A segment or a body came whole.</summary>
    public void CountMedia()
    {
        Http.Segments++;
        CountPlay();
    }

    /// <summary>A stream came as far as was wanted.</summary>
    public void CountPlay() => Volatile.Write(ref _left, _left - 1);
}
