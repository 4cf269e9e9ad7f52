using Mapwire.Load.Measuring;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Load.Players;

/// <summary>A loop of RTMP players.</summary>
internal class LoadLoop : SeatLoop
{
    /// <summary>What rtmpdump asks for when it wants everything: ten hours.</summary>
    private const uint TenHours = 36_000_000;

    private readonly Dictionary<RtmpUrl, double> _durations = [];

    /// <param name="options">What the players do; all targets are RTMP's.</param>
    /// <param name="index">Which of the loops this is: it takes each n-th player.</param>
    public LoadLoop(LoadOptions options, int index)
        : this(options, index, streamsMedia: true) =>
        Fill(options, (target, player) => new LoadPlayer(this, ((RtmpUrl)target.Url).ForPlayer(player), target.EndPoint));

    /// <summary>A loop whose seats are filled by the caller.</summary>
    /// <param name="options">What the players do; all targets are RTMP's.</param>
    /// <param name="index">Which of the loops this is: it takes each n-th player.</param>
    /// <param name="streamsMedia">Whether media messages are given on in pieces as they come.</param>
    protected LoadLoop(LoadOptions options, int index, bool streamsMedia)
        : base(options, index)
    {
        SessionOptions = new ClientSessionOptions { StreamMedia = streamsMedia };
        IsEnhanced = options.Enhanced;
        SeekInterval = options.SeekEvery is { } every ? LoadClock.Of(every) : null;
        PauseInterval = options.PauseEvery is { } pause ? LoadClock.Of(pause) : null;
        BufferMilliseconds = Mode == LoadMode.Fast ? TenHours : (uint)options.Buffer.TotalMilliseconds;
        Random = new Random(index + 1); // the same places in each run
    }

    /// <summary>Where sessions write.</summary>
    public OutputBuffer Output { get; } = new();

    /// <summary>What all sessions share.</summary>
    public ClientSessionOptions SessionOptions { get; }

    /// <summary>Places to seek to and moments to do it.</summary>
    public Random Random { get; }

    /// <summary>Whether players offer the codecs of Enhanced RTMP.</summary>
    public bool IsEnhanced { get; }

    /// <summary>Microseconds between two seeks of a player.</summary>
    public long? SeekInterval { get; }

    /// <summary>Microseconds between the beginnings of two pauses of a player.</summary>
    public long? PauseInterval { get; }

    public uint BufferMilliseconds { get; }

    /// <summary>A film's length by a server's word, in seconds; null when none was heard.</summary>
    public double? DurationOf(RtmpUrl url) => _durations.TryGetValue(url, out double seconds) ? seconds : null;

    /// <summary>Takes note of a film's length.</summary>
    public void LearnDuration(RtmpUrl url, double seconds) => _durations[url] = seconds;
}
