using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mapwire.Load.Measuring;
using Mapwire.Rtmp;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Load.Players;

/// <summary>
/// A seat of RTMP: a connection at a time, begun, watched and ended as the mode says.
/// </summary>
internal sealed class LoadPlayer : Seat
{
    /// <summary>Receive calls before the others have their turn.</summary>
    private const int ReceivesPerTurn = 4;

    /// <summary>How long a seat waits after a failure before it tries again, where it does.</summary>
    private const long RetryPause = 100 * LoadClock.Millisecond;

    /// <summary>A player that has heard nothing for so long is asked whether its connection still stands.</summary>
    private const long ProbeAfter = LoadClock.Second;

    /// <summary>A player that has received nothing for so long is waiting for the server's pace.</summary>
    private const long IdleAfter = 100 * LoadClock.Millisecond;

    private static readonly long PauseLength = LoadClock.Of(LoadOptions.PauseLength);

    private readonly LoadLoop _loop;
    private readonly RtmpUrl _url;
    private readonly IPEndPoint _endPoint;
    private Socket? _socket;
    private ClientSession? _session;
    private LoadSessionHandler? _ear;
    private byte[] _unsent = [];
    private long _intendedStart;
    private long _received; // when something came last
    private long _probed;
    private bool _wasServed;
    private bool _hasStalled;

    public LoadPlayer(LoadLoop loop, RtmpUrl url, IPEndPoint endPoint)
        : base(loop)
    {
        _loop = loop;
        _url = url;
        _endPoint = endPoint;
    }

    /// <inheritdoc/>
    public override SafeHandle? Handle => _socket?.SafeHandle;

    /// <summary>How far the connection is.</summary>
    public PlayerStage Stage => _socket is null ? PlayerStage.Waiting : _session is null ? PlayerStage.Connecting : _ear!.Stage;

    /// <summary>Starts, seeks, pauses or goes on.</summary>
    public override void OnDue(long now)
    {
        long intended = Due;
        _loop.Tally.Lateness.Add(now - intended);
        if (_socket is null)
        {
            Connect(intended);
        }
        else if (_loop.SeekInterval is { } interval)
        {
            if (_ear is { Stage: PlayerStage.Playing } ear)
            {
                ear.Seek(intended, now);
                Flush();
            }

            CallAt(intended + interval);
        }
        else if (_loop.PauseInterval is { } pause)
        {
            if (_ear is not { Stage: PlayerStage.Playing } ear)
            {
                CallAt(intended + pause);
                return;
            }

            ear.TogglePause(now);
            Flush();
            CallAt(intended + (ear.Check.IsPaused ? PauseLength : pause - PauseLength));
        }
    }

    /// <inheritdoc/>
    public override void TakeTurn()
    {
        bool writable = IsWritable;
        bool readable = IsReadable;
        IsWritable = false;
        IsReadable = false;
        if (_socket is null)
        {
            return;
        }

        if (_session is null)
        {
            if (writable || readable)
            {
                Establish();
            }

            return;
        }

        if (writable && _unsent.Length > 0)
        {
            Flush();
        }

        if (readable)
        {
            Read();
        }
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        _loop.Fail(exception);
        Close();
    }

    /// <summary>Reads what is there, for a turn.</summary>
    public void Read()
    {
        for (int i = 0; i < ReceivesPerTurn; i++)
        {
            if (_socket is null)
            {
                return;
            }

            int count = _socket.Receive(_loop.ReceiveBuffer, SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return;
            }

            if (error != SocketError.Success || count == 0)
            {
                Fail(count == 0 && error == SocketError.Success ? "closed by the server" : $"connection lost: {error}");
                return;
            }

            Take(_loop.ReceiveBuffer.AsSpan(0, count));
            if (count < _loop.ReceiveBuffer.Length && !HasEnded)
            {
                return; // the socket is empty: what comes later raises an event
            }
        }

        IsReadable = true;
        _loop.RunAgain(this);
    }

    /// <inheritdoc/>
    public override void Look(long now)
    {
        if (_session is null)
        {
            return;
        }

        if (now - Math.Max(_received, _probed) > ProbeAfter)
        {
            _probed = now;
            Read(); // an end that came together with the last bytes raises no event of its own
        }

        if (_ear is { Stage: PlayerStage.Playing } ear)
        {
            bool stalls = ear.Check.IsStalledAt(now);
            _loop.Look(stalls, isIdle: now - _received > IdleAfter);
            NoteStall(stalls);
        }
    }

    /// <inheritdoc/>
    public override void Stop(long now)
    {
        if (_ear is { Stage: PlayerStage.Playing } ear)
        {
            ear.Settle(now);
        }

        Close();
    }

    /// <inheritdoc/>
    public override void Dispose() => Close();

    private void Connect(long intended)
    {
        _intendedStart = intended;
        _loop.Tally.Connections++;
        _socket = new Socket(_endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            Blocking = false,
            NoDelay = true,
            LingerState = new LingerOption(true, 0), // no TIME_WAIT: see the decision record
        };
        try
        {
            _socket.Connect(_endPoint);
        }
        catch (SocketException fault) when (fault.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
        }
        catch (SocketException fault)
        {
            _socket.Dispose();
            _socket = null;
            _loop.Tally.Fail($"cannot connect: {fault.SocketErrorCode}");
            Again(succeeded: false);
            return;
        }

        HasEnded = false;
        _loop.Watch(this);
        _loop.WantWrite(this, want: true);
    }

    private void Establish()
    {
        int error = (int)_socket!.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        if (error != 0)
        {
            Fail($"cannot connect: {new SocketException(error).SocketErrorCode}");
            return;
        }

        _loop.WantWrite(this, want: false);
        long now = LoadClock.Now;
        _received = now;
        _loop.Tally.Established.Add(now - _intendedStart);
        _ear = new LoadSessionHandler(_loop, _url, _intendedStart);
        ConnectCommand connect = _loop.IsEnhanced
            ? ClientSessionOptions.EnhancedConnect(_url.Application, _url.ConnectUrl)
            : ClientSessionOptions.DefaultConnect(_url.Application, _url.ConnectUrl);
        _session = new ClientSession(_loop.SessionOptions, connect, _ear, _loop.Output);
        _ear.Session = _session;
        Flush();
        Read();
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        long now = LoadClock.Now;
        _received = now;
        _loop.Tally.Bytes += bytes.Length;
        LoadSessionHandler ear = _ear!;
        ear.Now = now;
        try
        {
            _session!.Receive(bytes);
        }
        catch (RtmpProtocolException fault)
        {
            Fail($"protocol broken: {fault.Error}");
            return;
        }

        Flush();
        if (!_wasServed && ear.Stage == PlayerStage.Playing)
        {
            _wasServed = true;
            _loop.Tally.ServedPlayers++;
        }

        if (ear.Refusal is { } refusal)
        {
            Fail(refusal);
        }
        else if (ear.IsOver)
        {
            _loop.Tally.Ended++;
            ear.Settle(now);
            Close();
            Again(succeeded: true);
        }
        else if (_loop.Mode == LoadMode.Churn && ear.Stage == PlayerStage.Playing)
        {
            Close();
            Again(succeeded: true);
        }
        else if (ear.Stage == PlayerStage.Playing && (_loop.SeekInterval ?? _loop.PauseInterval) is { } interval && Due <= _intendedStart)
        {
            CallAt(now + _loop.Random.NextInt64(interval)); // each at a moment of its own
        }
    }

    private void Flush()
    {
        OutputBuffer output = _loop.Output;
        if (_unsent.Length > 0)
        {
            _unsent = [.. _unsent, .. output.Written];
            output.Clear();
        }

        ReadOnlySpan<byte> bytes = _unsent.Length > 0 ? _unsent : output.Written;
        if (bytes.IsEmpty)
        {
            return;
        }

        int sent = _socket!.Send(bytes, SocketFlags.None, out SocketError error);
        sent = error == SocketError.Success ? sent : 0; // what is wrong with a connection, reading tells
        byte[] rest = sent == bytes.Length ? [] : bytes[sent..].ToArray();
        if ((rest.Length > 0) != (_unsent.Length > 0))
        {
            _loop.WantWrite(this, want: rest.Length > 0);
        }

        _unsent = rest;
        output.Clear();
    }

    private void Fail(string reason)
    {
        if (_ear is { Stage: PlayerStage.Playing } ear)
        {
            _loop.Tally.Lost++;
            ear.Settle(LoadClock.Now);
        }

        _loop.Tally.Fail(reason);
        Close();
        Again(succeeded: false);
    }

    private void Close()
    {
        if (_socket is null)
        {
            return;
        }

        if (_ear is { } ear)
        {
            NoteStall(ear.Check.Stalls > 0);
            _loop.Tally.SeeksUnanswered += ear.IsSeeking ? 1 : 0;
        }

        _loop.Unwatch(this);
        _socket.Dispose();
        _socket = null;
        _session = null;
        _ear = null;
        _unsent = [];
        _loop.Output.Clear();
        Due = NoCall;
    }

    /// <summary>Plans the next connection of this seat, if there is to be one.</summary>
    private void Again(bool succeeded)
    {
        long now = LoadClock.Now;
        if (_loop.ChurnInterval is { } interval)
        {
            CallAt(_intendedStart + interval); // late or not: what waits for us would wait in life too
        }
        else if (succeeded)
        {
            CallAt(now);
        }
        else if (_loop.Mode == LoadMode.Churn)
        {
            CallAt(now + RetryPause);
        }
    }

    private void NoteStall(bool stalls)
    {
        if (stalls && !_hasStalled)
        {
            _hasStalled = true;
            _loop.Tally.StalledPlayers++;
        }
    }
}
