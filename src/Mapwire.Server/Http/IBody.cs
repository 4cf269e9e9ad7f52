using Mapwire.Server.Sending;

namespace Mapwire.Server.Http;

/// <summary>What follows the head of an answer and is sent in as many turns as it takes. Used on the connection's loop.</summary>
internal interface IBody
{
    /// <summary>Whether all of it was sent.</summary>
    bool IsOver { get; }

    /// <summary>Why the rest can never be sent, in words for the log; null while there is no reason.</summary>
    string? LostReason { get; }

    /// <summary>Looks whether what was sent last may no longer be sent, where the system may hold it by reference.</summary>
    /// <returns>Why not, in words for the log; null where it may, or where it is not known yet.</returns>
    string? FindLost();

    /// <summary>Adds what can be sent now, behind what the last <see cref="Advance"/> left.</summary>
    /// <param name="list">Takes what it has room for; not empty where the head is still in it.</param>
    /// <param name="most">Stop after about this many bytes in the list.</param>
    /// <param name="now">Milliseconds of the loop's clock.</param>
    void Gather(GatherList list, long most, long now);

    /// <summary>Takes note of how much of what was gathered last the socket took; the rest is gathered again.</summary>
    void Advance(long sent);

    /// <summary>When it is to be gathered again though nothing has come; <see cref="Loop.TimerWheel.Never"/> for not at all.</summary>
    long NextTurn(long now);

    /// <summary>It is over or abandoned: lets go of everything, once.</summary>
    void Release();
}
