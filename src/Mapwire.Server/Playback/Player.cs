using System.Buffers;
using System.Net;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Live;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>
/// A player: carries out what its commands ask and says which bytes are due. Knows titles, clocks and the session; not sockets.
/// </summary>
internal sealed partial class Player : IServerSessionHandler
{
    /// <summary>Characters of the connect command that are kept as long as the connection: paths and tokens are some hundred.</summary>
    private const int MaxConnectLength = 4096;

    /// <summary>How long an encoder that is to prove a key has to end its connection, in milliseconds.</summary>
    private const long TimeToLeave = 1_000;

    private readonly PlayerContext _context;
    private readonly EndPoint? _peer;
    private readonly Action<Action> _post;
    private readonly LiveSeat? _seat;
    private readonly PlayerStreams _streams;
    private readonly PlayAnnouncer _announcer;
    private ReelOpenings? _openings; // null while nothing is opened: nearly always
    private string _folder = "";
    private string _applicationQuery = "";
    private PlayerAbilities _abilities;
    private bool _canReconnect;
    private LineBudget _lines;

    /// <param name="context">What all players of the server share.</param>
    /// <param name="peer">For the log.</param>
    /// <param name="answers">Takes what the session says.</param>
    /// <param name="post">Runs something on the worker's thread, later.</param>
    /// <param name="seat">Where it is called when something of a live stream has come; null where there are none.</param>
    public Player(PlayerContext context, EndPoint? peer, IBufferWriter<byte> answers, Action<Action> post, LiveSeat? seat = null)
    {
        _seat = seat;
        _context = context;
        _peer = peer;
        _post = post;
        _streams = new PlayerStreams(context.Options, context.CreateRtmpCursor, post);
        Session = new ServerSession(context.SessionOptions, this, answers);
        _announcer = new PlayAnnouncer(Session);
    }

    /// <summary>The protocol's side: takes what was received.</summary>
    public ServerSession Session { get; }

    /// <summary>The worker's clock, set before anything else is called.</summary>
    public long Now { get; set; }

    /// <summary>Whether the connect command was accepted.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>Whether something plays, is paused or is published.</summary>
    public bool IsActive => _streams.IsActive || IsLive;

    /// <summary>Plays begun.</summary>
    public int Plays { get; private set; }

    /// <summary>The stream that is shown for this player; null when it has none.</summary>
    public PlayerStream? Watched => _streams.Watched;

    /// <summary>When the player last asked for something, on the worker's clock.</summary>
    public long LastRequest { get; private set; }

    /// <summary>Whether the connection is to end once all answers are sent.</summary>
    public bool IsRejected => Session.IsClosing;

    /// <summary>
    /// When a rejected connection is to end, on the worker's clock: an encoder that is to prove a key ends it by itself and comes back, and
    /// GStreamer's gives up where the server is faster.
    /// </summary>
    public long RejectedUntil { get; private set; }

    /// <summary>What the player makes the server hold besides its titles and the answers, in bytes, about.</summary>
    public int ByteSize => Session.BufferedBytes + (_openings?.ByteSize ?? 0) + _streams.ByteSize + (_live?.ByteSize ?? 0);

    /// <summary>Whether others are short of the pages that the rest of a live message keeps.</summary>
    public bool PinsLivePages => _live is { PinsPages: true };

    /// <summary>When something is due next, on the worker's clock.</summary>
    public long NextWake() => Math.Min(_streams.NextWake(Now), _live?.NextWake() ?? long.MaxValue);

    /// <inheritdoc cref="PlayerStreams.GatherRest"/>
    public bool GatherRest(GatherList list) => _streams.GatherRest(list, Now) && (_live is null || _live.GatherRest(list));

    /// <inheritdoc cref="PlayerStreams.IsCutLost"/>
    public bool IsCutLost => _streams.IsCutLost;

    /// <inheritdoc cref="PlayerStreams.GatherDue"/>
    public void GatherDue(GatherList list, long maxBytes)
    {
        long before = list.Length;
        _live?.GatherDue(list, maxBytes);
        if (list.Length == before)
        {
            _streams.GatherDue(list, maxBytes, Now);
        }
    }

    /// <inheritdoc cref="PlayerStreams.AdvanceRest"/>
    public void AdvanceRest(long bytes)
    {
        _live?.AdvanceRest(bytes); // one of the two has begun a message
        _streams.AdvanceRest(bytes);
    }

    /// <summary>Takes note of sent bytes of what was due, and says the last words of titles that are over.</summary>
    public void AdvanceDue(long bytes)
    {
        if (_live is not null && _live.AdvanceDue(bytes))
        {
            return;
        }

        _streams.AdvanceDue(bytes, Now);
        while (_streams.FindEnded() is { } stream)
        {
            OnEnd(stream);
        }
    }

    /// <summary>
    /// Tells a connected client that the server stops; one that knows how to is asked to connect again, since a server that stops mostly
    /// starts again.
    /// </summary>
    public void SayGoodbye()
    {
        if (!IsConnected)
        {
            return;
        }

        const string Reason = "The server stops.";
        if (_canReconnect)
        {
            Session.SendReconnectRequest(tcUrl: null, Reason);
        }

        Session.SendStatus(0, StatusCodes.Status, StatusCodes.ConnectClosed, Reason);
    }

    /// <inheritdoc/>
    public string? OnConnect(ConnectCommand connect)
    {
        LastRequest = Now;
        (string application, string folder) = PlayName.ParseApplication(connect.App);
        string? refusal =
            connect.App.Length + (connect.TcUrl?.Length ?? 0) + (connect.FlashVersion?.Length ?? 0) > MaxConnectLength
            ? $"the strings of connect are longer than {MaxConnectLength} characters"
            : application != _context.Options.Application
            ? $"no application {application}; this server has {_context.Options.Application}"
            : null;
        if (refusal is not null)
        {
            Log.ConnectRefused(_context.Log, _peer, refusal);
            return refusal;
        }

        PublisherJudgement judgement = _context.Challenges.Judge(connect, Now);
        if (judgement.Refusal is not null)
        {
            Log.ConnectRefused(_context.Log, _peer, judgement.Reason!); // the refusal itself has what proves something
            RejectedUntil = Now + TimeToLeave;
            return judgement.Refusal;
        }

        _provenKey = judgement.Proven;
        _folder = folder;
        _applicationQuery = QueryOf(connect.App);
        _abilities = PlayerCodecs.Of(connect.Capabilities, _context.Options.LegacyHevc);
        _canReconnect = connect.Capabilities.Extended.HasFlag(EnhancedCapabilities.Reconnect);
        IsConnected = true;
        Log.Connected(_context.Log, _peer, folder.Length == 0 ? application : $"{application}/{folder}",
            connect.FlashVersion ?? "no version");
        return null;
    }

    /// <inheritdoc/>
    public void OnPlay(uint streamId, PlayCommand play)
    {
        PlayerStream stream = Asked(streamId);
        PlayName name = PlayName.Parse(_folder, play.Name);
        if (play.Reset)
        {
            stream.Stop();
        }

        _live?.Remove(streamId);
        if (IsLiveNow(name) || (play.StartMilliseconds == PlayCommand.LiveStart && MayBecomeLive(name)))
        {
            PlayLive(stream, name);
            return;
        }

        if (play.StartMilliseconds == PlayCommand.LiveStart)
        {
            Refuse(stream.Id, name, new TitleException(TitleError.NotFound, $"no live stream {TerminalText.Clean(name.ToString())}"));
            return;
        }

        ReelTime start = play.StartMilliseconds > 0 ? ToTime(play.StartMilliseconds) : ReelTime.Zero;
        long duration = play.DurationMilliseconds < 0 ? -1 : ToDuration(play.DurationMilliseconds);
        Task after = stream.Queue.LastOpening;
        if (play.Reset)
        {
            stream.BeginOpening();
            after = Task.CompletedTask; // what was asked for before does not count any more, and what hangs of it is not waited for
        }
        else
        {
            stream.Queue.BeginOpening();
        }

        Open(stream, name, play.Reset, after, reel => Play(stream, new PendingPlay(reel, name, start, duration), play.Reset));
    }

    /// <inheritdoc/>
    public void OnPlay2(uint streamId, Play2Command play2)
    {
        PlayerStream stream = Asked(streamId);
        switch (play2.Transition)
        {
            case "switch" or "swap" when stream.Cursor is not null:
                PlayName name = PlayName.Parse(_folder, play2.StreamName);
                Open(stream, name, reset: true, after: stream.Queue.LastOpening, reel => Switch(stream, reel, name));
                break;
            case "stop":
                stream.Stop();
                Session.SendStatus(streamId, StatusCodes.Status, StatusCodes.PlayStop, "Stopped.");
                break;
            case "append" or "appendAndWait":
                OnPlay(streamId, new PlayCommand(0, play2.StreamName, play2.StartMilliseconds, play2.DurationMilliseconds, Reset: false));
                break;
            default:
                OnPlay(streamId, new PlayCommand(0, play2.StreamName, play2.StartMilliseconds, play2.DurationMilliseconds));
                break;
        }
    }

    /// <inheritdoc/>
    public void OnSeek(uint streamId, double milliseconds)
    {
        PlayerStream stream = Asked(streamId);
        if (_live?.Find(streamId) is { } live)
        {
            SeekLive(live, milliseconds);
        }
        else if (stream.State == PlayState.Opening)
        {
            stream.SeeksAtStart = ToTime(milliseconds);
        }
        else if (stream.Cursor is null)
        {
            Session.SendStatus(streamId, StatusCodes.Error, StatusCodes.SeekFailed, "Nothing is played.");
        }
        else
        {
            Seek(stream, ToTime(milliseconds));
        }
    }

    /// <inheritdoc/>
    public void OnPause(uint streamId, bool paused, double milliseconds)
    {
        // The player's time is not needed: what was sent it holds or has shown, so going on with the next message loses nothing.
        PlayerStream stream = Asked(streamId);
        if (_live?.Find(streamId) is { } live)
        {
            live.Pause(paused, Now);
            _announcer.Paused(live, paused);
            return;
        }

        if (paused)
        {
            stream.Pause(Now);
        }
        else
        {
            stream.Resume(Now);
        }

        if (stream.State != PlayState.Opening) // the player is told when it begins
        {
            _announcer.Paused(stream, paused);
        }
    }

    /// <inheritdoc/>
    public void OnReceiveAudio(uint streamId, bool receive)
    {
        Asked(streamId).ReceiveAudio(receive);
        _live?.Find(streamId)?.ReceiveSound(receive);
    }

    /// <inheritdoc/>
    public void OnReceiveVideo(uint streamId, bool receive)
    {
        Asked(streamId).ReceiveVideo(receive);
        _live?.Find(streamId)?.ReceivePictures(receive);
    }

    /// <inheritdoc/>
    public void OnBufferLength(uint streamId, uint milliseconds) => Asked(streamId).BufferLength = milliseconds;

    /// <inheritdoc/>
    public void OnStreamClosed(uint streamId)
    {
        LastRequest = Now;
        _live?.Remove(streamId);
        EndPublishing(streamId, isFinished: true);
        _streams.Remove(streamId);
    }

    /// <inheritdoc/>
    public void OnGetStreamLength(double transactionId, string name)
    {
        LastRequest = Now;
        if (_openings is { IsFull: true })
        {
            Session.SendStreamLength(transactionId, 0);
            return;
        }

        _ = Openings.OpenAsync(PlayName.Parse(_folder, name), _abilities, Task.CompletedTask, (reel, _) =>
        {
            ForgetIdleOpenings();
            // 0 for a title that cannot be played too: the play command is what is refused, with the reason.
            Session.SendStreamLength(transactionId, reel?.Seconds ?? 0);
            reel?.Release();
        });
    }

    /// <summary>The connection is gone: lets go of all titles.</summary>
    public void Abandon()
    {
        if (_lines.LeftOut > 0)
        {
            Log.LinesLeftOut(_context.Log, _peer, _lines.LeftOut);
        }

        _openings?.Abandon();
        AbandonLive();
        _streams.Abandon();
    }

    private static string QueryOf(string application) =>
        application.IndexOf('?', StringComparison.Ordinal) is >= 0 and int mark ? application[(mark + 1)..] : "";

    private static ReelTime ToTime(double milliseconds) => ReelTime.Zero + ToDuration(milliseconds);

    private static long ToDuration(double milliseconds) =>
        double.IsNaN(milliseconds) ? 0 : (long)Math.Clamp(milliseconds, 0, StripEntry.MaxTime);

    private ReelOpenings Openings => _openings ??= new ReelOpenings(_context, (_peer as IPEndPoint)?.Address, _post);

    /// <summary>Lets go of what opens titles once all that were asked for have come back: a player who watches opens none.</summary>
    private void ForgetIdleOpenings() => _openings = _openings is { IsIdle: true } ? null : _openings;

    /// <summary>Whether a line about what the client asked for may be logged.</summary>
    private bool MayLog()
    {
        if (!_lines.TryTake(Now, out int leftOut))
        {
            return false;
        }

        if (leftOut > 0)
        {
            Log.LinesLeftOut(_context.Log, _peer, leftOut);
        }

        return true;
    }

    private PlayerStream Asked(uint streamId)
    {
        LastRequest = Now;
        return _streams[streamId];
    }
}
