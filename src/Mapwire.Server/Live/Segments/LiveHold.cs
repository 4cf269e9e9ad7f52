namespace Mapwire.Server.Live.Segments;

/// <summary>Keeps the pages of what is sent, for one who sends it.</summary>
/// <param name="pages">Where it lies.</param>
/// <param name="runs">Held already, once each.</param>
internal sealed class LiveHold(LivePages pages, LiveRun[] runs)
{
    private int _isOver;

    /// <summary>Where the pages are mapped.</summary>
    public nint Address => pages.Address;

    /// <summary>Why it may not be sent any longer, a clause without a full stop; null where it may.</summary>
    public string? LostReason => pages.Fullness > LiveStream.ComfortableFullness && Array.Exists(runs, static run => run.IsRetired)
        ? "the stream has gone on, and its memory is wanted for what is newer"
        : null;

    /// <summary>Ends the hold. Any thread may call it, more than once.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            Array.ForEach(runs, static run => run.LetGo());
        }
    }
}
