using System.Net;
using System.Net.Sockets;
using Mapwire.Load.Measuring;
using Mapwire.Rtmp;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Load.Players;

/// <summary>
/// A seat of RTMP: a connection at a time, begun, watched and ended as the mode says.
/// </summary>
internal sealed class LoadPlayer : RtmpSeat
{
    /// <summary>How long a seat waits after a failure before it tries again, where it does.</summary>
    private const long RetryPause = 100 * LoadClock.Millisecond;

    /// <summary>A player that has heard nothing for so long is asked whether its connection still stands.</summary>
    private const long ProbeAfter = LoadClock.Second;

    /// <summary>A player that has received nothing for so long is waiting for the server's pace.</summary>
    private const long IdleAfter = 100 * LoadClock.Millisecond;

    private static readonly long PauseLength = LoadClock.Of(LoadOptions.PauseLength);

    private readonly LoadLoop _loop;
    private readonly RtmpUrl _url;
    private readonly SentFrames? _sent;
    private ClientSession? _session;
    private LoadSessionHandler? _ear;
    private byte[] _unsent = [];
    private long _intendedStart;
    private long _received; // when something came last
    private long _probed;
    private bool _wasServed;
    private bool _hasStalled;

    /// <param name="loop">Where it lives.</param>
    /// <param name="url">What it plays.</param>
    /// <param name="endPoint">Where it connects to.</param>
    /// <param name="sent">What this process publishes there, to compare; null when it does not, or nothing is compared.</param>
    public LoadPlayer(LoadLoop loop, RtmpUrl url, IPEndPoint endPoint, SentFrames? sent = null)
        : base(loop, endPoint)
    {
        _loop = loop;
        _url = url;
        _sent = sent;
    }

    /// <summary>How far the connection is.</summary>
    public PlayerStage Stage => Socket is null ? PlayerStage.Waiting : _session is null ? PlayerStage.Connecting : _ear!.Stage;

    /// <summary>Starts, seeks, pauses or goes on.</summary>
    public override void OnDue(long now)
    {
        long intended = Due;
        _loop.Tally.Lateness.Add(now - intended);
        if (Socket is null)
        {
            _intendedStart = intended;
            Connect();
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
    public override void OnFault(Exception exception)
    {
        _loop.Fail(exception);
        Close();
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

    /// <inheritdoc/>
    protected override void OnEstablished()
    {
        long now = LoadClock.Now;
        _received = now;
        _loop.Tally.Established.Add(now - _intendedStart);
        _ear = new LoadSessionHandler(_loop, _url, _intendedStart, _sent);
        ConnectCommand connect = _loop.IsEnhanced
            ? ClientSessionOptions.EnhancedConnect(_url.Application, _url.ConnectUrl)
            : ClientSessionOptions.DefaultConnect(_url.Application, _url.ConnectUrl);
        _session = new ClientSession(_loop.SessionOptions, connect, _ear, _loop.Output);
        _ear.Session = _session;
        Flush();
    }

    /// <inheritdoc/>
    protected override void OnWritable()
    {
        if (_unsent.Length > 0)
        {
            Flush();
        }
    }

    /// <inheritdoc/>
    protected override void OnReceived(ReadOnlySpan<byte> bytes)
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

    /// <inheritdoc/>
    protected override void Fail(string reason)
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

        int sent = Socket!.Send(bytes, SocketFlags.None, out SocketError error);
        sent = error == SocketError.Success ? sent : 0; // what is wrong with a connection, reading tells
        byte[] rest = sent == bytes.Length ? [] : bytes[sent..].ToArray();
        if ((rest.Length > 0) != (_unsent.Length > 0))
        {
            _loop.WantWrite(this, want: rest.Length > 0);
        }

        _unsent = rest;
        output.Clear();
    }

    private void Close()
    {
        if (Socket is null)
        {
            return;
        }

        if (_ear is { } ear)
        {
            NoteStall(ear.Check.Stalls > 0);
            _loop.Tally.SeeksUnanswered += ear.IsSeeking ? 1 : 0;
        }

        CloseSocket();
        _session = null;
        _ear = null;
        _unsent = [];
        _loop.Output.Clear();
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
