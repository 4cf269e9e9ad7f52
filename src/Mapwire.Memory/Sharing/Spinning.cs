namespace Mapwire.Memory.Sharing;

/// <summary>How long to look again before going to sleep: most holders are done sooner than a sleep and a wake take.</summary>
internal static class Spinning
{
    private const int Pause = 8;

    /// <summary>Looks; none where there is only one processor, whose other threads could not get on meanwhile.</summary>
    public static readonly int Rounds = Environment.ProcessorCount > 1 && !FaultPoints.Enabled ? 60 : 0;

    public static void Once() => Thread.SpinWait(Pause);
}
