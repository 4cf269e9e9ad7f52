using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mapwire.Server.Loop;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Http;

/// <summary>
/// A connection that is one too many: it is heard until its request begins, told so, and closed. It holds a descriptor for a second at
/// most, and nothing else of the server's.
/// </summary>
internal sealed class TurnedAway : Watched, IDisposable
{
    /// <summary>How long one is heard, in milliseconds: some round trips.</summary>
    private const long Patience = 1_000;

    /// <summary>What is heard at most, in bytes.</summary>
    private const int MaxHeard = 64 * 1024;

    private readonly Socket _socket;
    private readonly PlainSender _sender;
    private readonly Refusal _refusal;
    private readonly Action _gone;
    private readonly long _until;
    private int _heard;
    private bool _isGone;

    /// <summary>Begins to hear a socket.</summary>
    /// <param name="loop">Where.</param>
    /// <param name="socket">Its own from now on.</param>
    /// <param name="refusal">What it is told.</param>
    /// <param name="gone">Called once, when it is closed.</param>
    public TurnedAway(EventLoop loop, Socket socket, Refusal refusal, Action gone)
        : base(loop)
    {
        _socket = socket;
        _sender = new PlainSender(socket);
        _refusal = refusal;
        _gone = gone;
        _until = loop.Now + Patience;
        try
        {
            socket.Blocking = OperatingSystem.IsLinux(); // there each call says that it does not wait
            loop.Watch(this);
            loop.SetTimer(this, _until);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or ObjectDisposedException or SocketException)
        {
            Dispose();
        }
    }

    /// <inheritdoc/>
    public override SafeHandle? Handle => _sender.Handle;

    /// <inheritdoc/>
    public override bool IsUrgent => false;

    /// <inheritdoc/>
    public override void TakeTurn()
    {
        Span<byte> buffer = stackalloc byte[1024];
        while (!_isGone && Loop.Now < _until && _heard < MaxHeard)
        {
            int count = _sender.Receive(buffer, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                IsReadable = false;
                Loop.SetTimer(this, _until);
                return;
            }

            if (error != SocketError.Success || count == 0)
            {
                break;
            }

            if (_heard == 0)
            {
                Tell(buffer[..count]);
            }

            _heard += count;
        }

        Dispose();
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception) => Dispose();

    /// <inheritdoc/>
    public override void OnLoopEnd() => Dispose();

    /// <summary>Closes it.</summary>
    public void Dispose()
    {
        if (_isGone)
        {
            return;
        }

        _isGone = true;
        Loop.Unwatch(this);
        _sender.Dispose();
        _gone();
    }

    private void Tell(ReadOnlySpan<byte> request)
    {
        ControlBuffer answer = new();
        Answers.WriteRefusal(answer, _refusal, hasBody: !request.StartsWith("HEAD "u8), staysOpen: false);
        try
        {
            _socket.Send(answer.Pending, SocketFlags.None, out _); // some hundred bytes: an empty socket takes them at once
            _sender.EndSending();
        }
        catch (ObjectDisposedException)
        {
            // the loop has ended
        }
        finally
        {
            answer.Release();
        }
    }
}

/// <summary>Tells connections that are one too many so, as far as that costs next to nothing. Lives on a loop's thread.</summary>
/// <param name="loop">Where.</param>
internal sealed class RefusedConnections(EventLoop loop)
{
    /// <summary>How many there may be at once; those beyond are closed without a word.</summary>
    private const int MaxCount = 64;

    private static readonly Refusal ServerIsFull = new(503, "the server has as many connections as it may");
    private static readonly Refusal AddressHasTooMany = new(503, "this address has as many connections as it may, or makes them too often");

    private int _count;

    /// <summary>Takes the socket of a connection that is one too many.</summary>
    /// <param name="socket">Closed once it was told so.</param>
    /// <param name="isServerFull">Whether that is why; else its address has too many.</param>
    /// <returns>Whether it was taken.</returns>
    public bool TryTell(Socket socket, bool isServerFull)
    {
        if (_count >= MaxCount)
        {
            return false;
        }

        _count++;
        _ = new TurnedAway(loop, socket, isServerFull ? ServerIsFull : AddressHasTooMany, () => _count--);
        return true;
    }
}
