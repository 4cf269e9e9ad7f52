namespace Mapwire.Server.Loop;

/// <summary>
/// Tells when every loop has ended the round that it was in: what nobody could find any more by then, nobody uses either.
/// </summary>
/// <param name="loops">All that may use what is asked about.</param>
internal sealed class LoopPhases(IReadOnlyList<EventLoop> loops)
{
    /// <summary>What each loop does at this moment. What was made impossible to find before, a later round does not find.</summary>
    public long[] Take()
    {
        Interlocked.MemoryBarrier();
        long[] phases = new long[loops.Count];
        for (int i = 0; i < phases.Length; i++)
        {
            phases[i] = loops[i].Phase;
        }

        return phases;
    }

    /// <summary>Whether each loop waited at a moment, or has ended the round that it was in.</summary>
    /// <param name="taken">What <see cref="Take"/> gave at that moment.</param>
    public bool ArePast(long[] taken)
    {
        for (int i = 0; i < taken.Length; i++)
        {
            if (EventLoop.IsInRound(taken[i]) && loops[i].Phase == taken[i])
            {
                return false;
            }
        }

        return true;
    }
}
