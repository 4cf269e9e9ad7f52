using System.Runtime.CompilerServices;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Live;

/// <summary>
/// What passes over the viewers of live streams cost one loop, all its streams together, and for how many messages each pass is to be
/// made. On the loop's thread.
/// </summary>
/// <remarks>
/// The question is which share of its time the loop would need, were a pass made for each message. Where that is three tenths or less, time
/// is what the processor has most of, and each message goes at once: 500 viewers of 68 messages a second need a sixth, at some 5 us a send.
/// Beyond that time becomes short, and a send of ten messages costs hardly more than two of one: from four tenths on messages are gathered
/// for about as long as they may wait. 2,000 such viewers would need six tenths, and need one.
/// </remarks>
internal sealed class LivePasses
{
    /// <summary>The share of the loop's time up to which a pass is made for each message.</summary>
    private const double CheapShare = 0.3;

    /// <summary>Messages more for each pass, for each further share of one: a quarter of a second's, a tenth further on.</summary>
    private const double Slope = 150;

    /// <summary>
    /// What each further message adds to a pass, as a part of what the first one costs: 17 messages of 900 bytes take 2.9 times as long as
    /// one (measured on Linux, loopback). So the share is that of passes for each message, however many they are made for now.
    /// </summary>
    private const double FurtherCost = 0.12;

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
        double one = took / (1 + (FurtherCost * Math.Max(0, messages - 1)));
        long elapsed = Math.Max(0, now - _countedAt);
        _share = ((one * messages) + (_share * Memory)) / (elapsed + Memory);
        _countedAt = now;
    }
}
