using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mapwire.Load.Players;

/// <summary>A seat of RTMP: a connection at a time, which is opened and read without waiting.</summary>
/// <param name="loop">Where it lives.</param>
/// <param name="endPoint">Where it connects to.</param>
internal abstract class RtmpSeat(LoadLoop loop, IPEndPoint endPoint) : Seat(loop)
{
    /// <summary>Receive calls before the others have their turn.</summary>
    private const int ReceivesPerTurn = 4;

    /// <inheritdoc/>
    public override SafeHandle? Handle => Socket?.SafeHandle;

    /// <summary>The connection; null while there is none.</summary>
    protected Socket? Socket { get; private set; }

    /// <summary>Whether the connection is established.</summary>
    protected bool IsEstablished { get; private set; }

    /// <inheritdoc/>
    public override void TakeTurn()
    {
        bool writable = IsWritable;
        bool readable = IsReadable;
        IsWritable = false;
        IsReadable = false;
        if (Socket is null)
        {
            return;
        }

        if (!IsEstablished)
        {
            if (writable || readable)
            {
                Establish();
            }

            return;
        }

        if (writable)
        {
            OnWritable();
        }

        if (readable)
        {
            Read();
        }
    }

    /// <summary>Begins to connect; <see cref="OnEstablished"/> or <see cref="Fail"/> follows.</summary>
    protected void Connect()
    {
        loop.Tally.Connections++;
        Socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            Blocking = false,
            NoDelay = true,
            LingerState = new LingerOption(true, 0), // no TIME_WAIT: see the decision record
        };
        try
        {
            Socket.Connect(endPoint);
        }
        catch (SocketException fault) when (fault.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
        }
        catch (SocketException fault)
        {
            Socket.Dispose();
            Socket = null;
            Fail($"cannot connect: {fault.SocketErrorCode}");
            return;
        }

        HasEnded = false;
        loop.Watch(this);
        loop.WantWrite(this, want: true);
    }

    /// <summary>Reads what is there, for a turn.</summary>
    protected void Read()
    {
        for (int i = 0; i < ReceivesPerTurn; i++)
        {
            if (Socket is null)
            {
                return;
            }

            int count = Socket.Receive(loop.ReceiveBuffer, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return;
            }

            if (error != SocketError.Success || count == 0)
            {
                Fail(count == 0 && error == SocketError.Success ? "closed by the server" : $"connection lost: {error}");
                return;
            }

            OnReceived(loop.ReceiveBuffer.AsSpan(0, count));
            if (count < loop.ReceiveBuffer.Length && !HasEnded)
            {
                return; // the socket is empty: what comes later raises an event
            }
        }

        IsReadable = true;
        loop.RunAgain(this);
    }

    /// <summary>Closes the connection, and takes back what was planned.</summary>
    protected void CloseSocket()
    {
        if (Socket is { } socket)
        {
            loop.Unwatch(this);
            socket.Dispose();
        }

        Socket = null;
        IsEstablished = false;
        Due = NoCall;
    }

    /// <summary>The connection is established; what there is to read is read next.</summary>
    protected abstract void OnEstablished();

    /// <summary>The socket takes bytes again.</summary>
    protected abstract void OnWritable();

    /// <summary>Bytes have come.</summary>
    protected abstract void OnReceived(ReadOnlySpan<byte> bytes);

    /// <summary>The connection is of no use: it is to be closed.</summary>
    /// <param name="reason">In words for the report.</param>
    protected abstract void Fail(string reason);

    private void Establish()
    {
        int error = (int)Socket!.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        if (error != 0)
        {
            Fail($"cannot connect: {new SocketException(error).SocketErrorCode}");
            return;
        }

        IsEstablished = true;
        loop.WantWrite(this, want: false);
        OnEstablished();
        Read();
    }
}
