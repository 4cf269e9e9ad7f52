using Mapwire.Server.Loop;

namespace Mapwire.Server.Sending;

/// <summary>
/// What is said on a connection, in one protocol. All of it is called on the connection's loop; what it wants beyond these calls
/// (<see cref="Connection.Close"/>, <see cref="Connection.Post"/>, <see cref="Connection.Replace"/>) it asks of its connection.
/// </summary>
internal interface IConversation
{
    /// <summary>Whether a viewer watches already, who comes before those that only connect.</summary>
    bool IsUrgent { get; }

    /// <summary>
    /// Whether a viewer may ask for something else at any moment and waits for it behind all that the system holds unsent, as by a seek.
    /// </summary>
    bool IsInterruptible => true;

    /// <summary>
    /// Whether something is still to be said to a peer that says no more: one that has ended its half of the connection may be reading.
    /// </summary>
    bool IsAnswering => false;

    /// <summary>Takes what was received, cut anywhere.</summary>
    void Receive(ReadOnlySpan<byte> bytes);

    /// <summary>Adds what is to be sent now, in this order: the rest of what was cut, answers, and media that is due.</summary>
    /// <param name="list">Empty, and bounds itself: what it does not take comes with the next call.</param>
    /// <param name="most">Media stops after about this many bytes of the list; not positive for none. The rest and answers are not
    /// counted.</param>
    void Gather(GatherList list, long most);

    /// <summary>Takes note of how much of what was gathered last the socket took; the rest is gathered again.</summary>
    void Advance(long sent);

    /// <summary>The turn is over: what comes next by the clock.</summary>
    Wake Next(long now);

    /// <summary>
    /// The socket is full, so that nothing is gathered until the peer has read: looks after what was sent last, and says when to look
    /// again.
    /// </summary>
    Wake NextWhileBlocked(long now) => new(Loop.TimerWheel.Never);

    /// <summary>The server stops: has its last words gathered next, which are sent as far as the socket takes them at once.</summary>
    void SayGoodbye();

    /// <summary>The connection is gone: lets go of everything.</summary>
    void Abandon();
}

/// <summary>When a conversation is to be called again though nothing was received.</summary>
/// <param name="Deadline">Milliseconds of the loop's clock, or <see cref="TimerWheel.Never"/>.</param>
/// <param name="Reason">Why the connection is closed then; null when it is not.</param>
internal readonly record struct Wake(long Deadline, CloseReason? Reason = null)
{
    /// <summary>The earlier of the two.</summary>
    public Wake OrEarlier(Wake other) => other.Deadline < Deadline ? other : this;
}
