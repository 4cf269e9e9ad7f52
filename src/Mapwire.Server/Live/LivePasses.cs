using System.Runtime.CompilerServices;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Live;

/// <summary>
/// What passes over the viewers of live streams cost one loop, all its streams together, and for how many messages each pass is to be
/// made. On the loop's thread.
/// </summary>
/// <remarks>
/// The question is always the same: which share of its time would the loop need, were a pass made for each message? Where that is half of it
/// or less, time is what the processor has most of, and each message goes at once: 500 viewers of 68 messages a second need a third. Beyond
/// that a pass is made for the more messages the more is asked for, so that the share which passes take falls to a tenth where all of the
/// time would be needed (2,000 such viewers): a send of ten small messages costs hardly more than that of one.
/// </remarks>
internal sealed class LivePasses
{
    /// <summary>The share of the loop's time up to which a pass is made for each message.</summary>
    private const double CheapShare = 0.5;

    /// <summary>
    /// Messages more for each pass, for each further share of one: some ten where the whole of the loop's time would be asked for.
    /// </summary>
    private const double Slope = 16;

    /// <summary>How far back costs count, in milliseconds: some keyframe intervals are shorter, and audiences come and go slower.</summary>
    private const double Memory = 1_000;

    private static readonly ConditionalWeakTable<EventLoop, LivePasses> Loops = new();

    private double _share;
    private long _countedAt;

    /// <summary>The share of the loop's time that a pass for each message would take; more than 1 where there is not enough.</summary>
    public double WantedShare => _share;

    /// <summary>The messages for which one pass is to be made; 1 for each by itself.</summary>
    public double MessagesPerPass => 1 + Math.Max(0, (_share - CheapShare) * Slope);

    /// <summary>Those of a loop.</summary>
    public static LivePasses Of(EventLoop loop) => Loops.GetOrCreateValue(loop);

    /// <summary>A pass was made.</summary>
    /// <param name="took">How long it took, in milliseconds.</param>
    /// <param name="messages">How many messages were there to make it for.</param>
    /// <param name="now">The loop's clock.</param>
    public void Count(double took, int messages, long now)
    {
        // A mean that forgets, of what comes in portions, as that of bytes a second (ByteRate).
        long elapsed = Math.Max(0, now - _countedAt);
        _share = ((took * messages) + (_share * Memory)) / (elapsed + Memory);
        _countedAt = now;
    }
}
