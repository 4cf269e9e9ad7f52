using Mapwire.Memory.Sharing;
using Mapwire.Server.Live;

namespace Mapwire.Server.Statistics;

/// <summary>A publisher's place in the shared memory, beside its place as a player. Its worker alone writes it.</summary>
/// <param name="places">Whose place it is.</param>
/// <param name="memory">The server's segment.</param>
/// <param name="place">Where.</param>
internal sealed class PublisherStatistics(PlayerPlaces places, SharedMemory memory, long place)
{
    private uint _version;

    /// <summary>Says what a publisher sends.</summary>
    /// <param name="player">The id of its connection.</param>
    /// <param name="title">The id of the stream's title.</param>
    /// <param name="publisher">The publisher.</param>
    public void Update(long player, long title, LivePublisher publisher)
    {
        LiveMeter meter = publisher.Meter;
        ref PublisherFigures figures = ref memory.At<PublisherFigures>(place);
        figures.Version = ++_version;
        Volatile.WriteBarrier();
        figures.PlayerId = player;
        figures.TitleId = title;
        figures.VideoRate = (float)meter.VideoRate;
        figures.AudioRate = (float)meter.AudioRate;
        figures.FrameRate = (float)meter.FrameRate;
        figures.KeyframeInterval = meter.KeyframeInterval ?? PublisherFigures.None;
        figures.SoundAhead = meter.SoundAhead is { } ahead ? (int)Math.Round(ahead) : PublisherFigures.None;
        figures.Jitter = (float)meter.Jitter;
        figures.LongestPause = Clamp(meter.LongestPause);
        figures.LeftOut = Clamp(publisher.Stream.LeftOut);
        figures.Malformed = Clamp(publisher.Malformed);
        Volatile.WriteBarrier();
        figures.Version = ++_version;
    }

    /// <summary>It publishes no longer: the place is free.</summary>
    public void Leave()
    {
        memory.At<PublisherFigures>(place).PlayerId = 0;
        places.Return(this);
    }

    private static int Clamp(long value) => (int)Math.Min(value, int.MaxValue);
}
