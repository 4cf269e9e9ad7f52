using System.Runtime.InteropServices;

namespace Mapwire.Server.Loop;

/// <summary>
/// Something that lives on an <see cref="EventLoop"/>: a socket, usually, with a deadline. All of it but
/// <see cref="EventLoop.Post(Watched)"/> belongs to the loop's thread.
/// </summary>
/// <param name="loop">Where it lives, for good.</param>
internal abstract class Watched(EventLoop loop) : TimerEntry
{
    /// <summary>Where it lives.</summary>
    public EventLoop Loop { get; } = loop;

    /// <summary>What the poller watches; null when nothing is watched.</summary>
    public abstract SafeHandle? Handle { get; }

    /// <summary>
    /// Whether it is served before those that are not: a player that shows a picture comes before a client that connects. What is not
    /// urgent shares a part of each round.
    /// </summary>
    public virtual bool IsUrgent => true;

    /// <summary>Where the loop keeps it; negative while it is not watched.</summary>
    internal int Place { get; set; } = -1;

    /// <summary>Whether it waits for a turn.</summary>
    internal bool HasTurn { get; set; }

    /// <summary>Bytes, an end or an error can be read. Taken back by what reads until there is nothing more.</summary>
    protected internal bool IsReadable { get; set; }

    /// <summary>The socket takes bytes again. Taken back by what writes.</summary>
    protected internal bool IsWritable { get; set; }

    /// <summary>The peer has ended its half or all of the connection: reading goes on until it has seen that.</summary>
    protected internal bool HasEnded { get; set; }

    /// <summary>Something happened: an event, a deadline, a post, or a turn that was asked for.</summary>
    public abstract void TakeTurn();

    /// <summary><see cref="TakeTurn"/> threw. It is to end, alone.</summary>
    public abstract void OnFault(Exception exception);

    /// <summary>The loop ends.</summary>
    public abstract void OnLoopEnd();

    /// <inheritdoc/>
    public sealed override void OnTimeout(long now) => RunTurn();

    /// <summary>Gives a turn now; a fault in it is its own end and no other's.</summary>
    internal void RunTurn()
    {
        try
        {
            TakeTurn();
        }
        catch (Exception exception)
        {
            EndFaulty(exception);
        }
    }

    /// <summary>Ends it with its loop.</summary>
    internal void EndWithLoop()
    {
        try
        {
            OnLoopEnd();
        }
        catch (Exception exception)
        {
            EndFaulty(exception);
        }
    }

    /// <summary>Ends it, where its loop has ended while it was on its way, and gives it the turn in which it lets go of what it has.
    /// </summary>
    internal void RunLastTurn()
    {
        EndWithLoop();
        RunTurn();
    }

    private void EndFaulty(Exception exception)
    {
        try
        {
            OnFault(exception);
        }
        catch (Exception)
        {
            Loop.Unwatch(this); // it cannot even end: the loop forgets it, and its socket goes with the finalizer
        }
    }
}
