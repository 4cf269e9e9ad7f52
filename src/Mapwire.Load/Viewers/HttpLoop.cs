using Mapwire.Load.Measuring;
using Mapwire.Load.Players;

namespace Mapwire.Load.Viewers;

/// <summary>A loop of viewers of HTTP.</summary>
internal sealed class HttpLoop : SeatLoop
{
    private long _left;

    /// <param name="options">What the viewers do; all targets are HTTP's.</param>
    /// <param name="index">Which of the loops this is: it takes each n-th viewer.</param>
    public HttpLoop(LoadOptions options, int index)
        : base(options, index)
    {
        ChecksBoxes = options.CheckBoxes;
        IsBytesOnly = options.BytesOnly;
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
