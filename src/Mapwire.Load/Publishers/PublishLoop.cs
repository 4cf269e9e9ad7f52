using Mapwire.Load.Measuring;
using Mapwire.Load.Players;
using Mapwire.Server.Sending;

namespace Mapwire.Load.Publishers;

/// <summary>A loop of publishers and of those who watch their streams: both on one thread, so that what was sent needs no lock.</summary>
internal sealed class PublishLoop : LoadLoop
{
    /// <param name="options">What is published; the target is RTMP's.</param>
    /// <param name="index">Which of the loops this is: it takes each n-th publisher, and its viewers.</param>
    /// <param name="films">What is sent, one after another and from the beginning again.</param>
    public PublishLoop(LoadOptions options, int index, IReadOnlyList<PublishedFilm> films)
        : base(options, index, streamsMedia: !options.Latency)
    {
        Films = films;
        Speed = options.Speed;
        Faults = options.Faults;
        List<Publisher> publishers = [];
        Fill(options, (target, player) =>
        {
            Publisher publisher = new(this, ((RtmpUrl)target.Url).ForPublisher(player), target.EndPoint);
            publishers.Add(publisher);
            return publisher;
        });

        double step = LoadClock.Of(options.EffectiveRamp) / Math.Max(1.0, options.Watch);
        for (int viewer = 0; viewer < options.Watch; viewer++)
        {
            int stream = viewer % options.Players;
            if (stream % options.Threads == index)
            {
                publishers[stream / options.Threads].AddViewer((long)(viewer / options.Players * options.Players * step));
            }
        }

        Add(publishers.SelectMany(static publisher => publisher.Viewers));
    }

    /// <summary>What is sent, one after another and from the beginning again.</summary>
    public IReadOnlyList<PublishedFilm> Films { get; }

    /// <summary>How much faster than in real time.</summary>
    public double Speed { get; }

    /// <summary>What goes wrong with publishers.</summary>
    public PublishFaults Faults { get; }

    /// <summary>What the publishers did.</summary>
    public PublishTally Published { get; } = new();

    /// <summary>Of one send; all publishers use it in turn.</summary>
    public GatherList List { get; } = new();

    /// <inheritdoc/>
    /// <remarks>
    /// With some publishers something is planned in each millisecond: awake, the loop would take a whole processor, of which the server
    /// has need. What is sent up to a millisecond late is timed from when it was sent.
    /// </remarks>
    protected override bool WaitsAwake => false;

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        base.OnEnd();
        List.Dispose();
    }
}
