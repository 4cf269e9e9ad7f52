using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mapwire.Server.Sending;

/// <summary>How a connection's bytes come and go. Used on the connection's loop; no call waits.</summary>
internal interface ISender : IDisposable
{
    /// <summary>What the loop's poller watches; null where the sender gives its connection a turn by itself.</summary>
    SafeHandle? Handle { get; }

    /// <summary>
    /// What a connection sends in one turn, before the others have theirs, in bytes: enough that a fast pull is not slowed by the round,
    /// little enough that a hundred fast pulls keep another connection waiting for a tenth of a second only, where each byte is copied.
    /// </summary>
    long BytesPerTurn => 1024 * 1024;

    /// <summary>The bytes that were taken and wait for the socket: they are <see cref="Flush"/>ed when it is writable.</summary>
    int UnsentBytes => 0;

    /// <summary>Whether something that was taken, or the end behind it, is not with the system yet: closing would drop it.</summary>
    bool IsSending => UnsentBytes > 0;

    /// <summary>Whether something received may wait in the sender, or be left in the socket, though the last read found nothing.</summary>
    bool HoldsReceived => false;

    /// <summary>Takes what has come.</summary>
    /// <param name="buffer">Where it goes.</param>
    /// <param name="error"><see cref="SocketError.WouldBlock"/> when nothing is there; <see cref="SocketError.Success"/> with 0 bytes at
    /// the end.</param>
    /// <returns>The bytes taken.</returns>
    int Receive(Span<byte> buffer, out SocketError error);

    /// <summary>Hands the segments on, or a first part of them.</summary>
    /// <param name="list">What is to be sent.</param>
    /// <param name="sent">The bytes that were taken.</param>
    SendResult Send(GatherList list, out long sent);

    /// <summary>Hands what waits to the socket, as much as it takes.</summary>
    /// <returns><see cref="SendResult.Sent"/> or <see cref="SendResult.Disconnected"/>.</returns>
    SendResult Flush() => SendResult.Sent;

    /// <summary>Tells the peer that nothing more follows what was sent; it is still heard.</summary>
    void EndSending();

    /// <summary>
    /// Has its end, which comes next, tell the peer that this is not all: what the system holds and has not sent is dropped.
    /// </summary>
    void Break();

    /// <summary>Acknowledges at once what has come, where the system would wait for more.</summary>
    void AcknowledgeAtOnce();

    /// <summary>Has the socket count as full from this many bytes on that the system holds and has not sent yet.</summary>
    /// <returns>False where that cannot be bounded.</returns>
    bool TrySetUnsentLimit(int bytes);

    /// <summary>Gives away the stream below, which the sender then no longer uses or closes.</summary>
    /// <param name="received">What was read of it and not used: it is read once more.</param>
    /// <exception cref="NotSupportedException">There is no stream below.</exception>
    DetachedStream Detach(byte[] received);
}
