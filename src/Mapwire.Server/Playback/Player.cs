using System.Buffers;
using System.Net;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>
/// A player: carries out what its commands ask and says which bytes are due. Knows titles, clocks and the session; not sockets.
/// </summary>
internal sealed class Player : IServerSessionHandler
{
    /// <summary>Titles that may wait behind the one that plays.</summary>
    private const int MaxQueue = 8;

    /// <summary>Titles that are being opened or wait for it: the queue sent in one go, and what plays before it.</summary>
    private const int MaxOpenings = MaxQueue + 1;

    /// <summary>Titles being opened at once: a client that asks for many takes no more of the disks and processors than others.</summary>
    private const int OpeningsAtOnce = 4;

    /// <summary>Characters of the connect command that are kept as long as the connection: paths and tokens are some hundred.</summary>
    private const int MaxConnectLength = 4096;

    private readonly PlayerContext _context;
    private readonly EndPoint? _peer;
    private readonly Action<Action> _post;
    private readonly PlayerStreams _streams;
    private readonly PlayAnnouncer _announcer;
    private string _folder = "";
    private PlayerAbilities _abilities;
    // in each one title is opened after the other
    private readonly Task[] _lanes = [.. Enumerable.Repeat(Task.CompletedTask, OpeningsAtOnce)];
    private uint _nextLane;
    private int _openings;
    private bool _isAbandoned;

    /// <param name="context">What all players of the server share.</param>
    /// <param name="peer">For the log.</param>
    /// <param name="answers">Takes what the session says.</param>
    /// <param name="post">Runs something on the worker's thread, later.</param>
    public Player(PlayerContext context, EndPoint? peer, IBufferWriter<byte> answers, Action<Action> post)
    {
        _context = context;
        _peer = peer;
        _post = post;
        _streams =
            new PlayerStreams(context.Options.ChunkSize, context.Options.DefaultClientBuffer, context.Options.MinClientBuffer,
            context.Options.MaxClientBuffer, () => post(static () => { }));
        Session = new ServerSession(context.SessionOptions, this, answers);
        _announcer = new PlayAnnouncer(Session);
    }

    /// <summary>The protocol's side: takes what was received.</summary>
    public ServerSession Session { get; }

    /// <summary>The worker's clock, set before anything else is called.</summary>
    public long Now { get; set; }

    /// <summary>Whether the connect command was accepted.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>Whether something plays or is paused.</summary>
    public bool IsActive => _streams.IsActive;

    /// <summary>Plays begun.</summary>
    public int Plays { get; private set; }

    /// <summary>The stream that is shown for this player; null when it has none.</summary>
    public PlayerStream? Watched => _streams.Watched;

    /// <summary>When the player last asked for something, on the worker's clock.</summary>
    public long LastRequest { get; private set; }

    /// <summary>Whether the connection is to end once all answers are sent.</summary>
    public bool IsRejected => Session.IsClosing;

    /// <summary>When something is due next, on the worker's clock.</summary>
    public long NextWake() => _streams.NextWake(Now);

    /// <inheritdoc cref="PlayerStreams.GatherRest"/>
    public bool GatherRest(GatherList list) => _streams.GatherRest(list, Now);

    /// <inheritdoc cref="PlayerStreams.IsCutLost"/>
    public bool IsCutLost => _streams.IsCutLost;

    /// <inheritdoc cref="PlayerStreams.GatherDue"/>
    public void GatherDue(GatherList list, long maxBytes) => _streams.GatherDue(list, maxBytes, Now);

    /// <inheritdoc cref="PlayerStreams.AdvanceRest"/>
    public void AdvanceRest(long bytes) => _streams.AdvanceRest(bytes);

    /// <summary>Takes note of sent bytes of what was due, and says the last words of titles that are over.</summary>
    public void AdvanceDue(long bytes)
    {
        _streams.AdvanceDue(bytes, Now);
        while (_streams.FindEnded() is { } stream)
        {
            OnEnd(stream);
        }
    }

    /// <inheritdoc/>
    public string? OnConnect(ConnectCommand connect)
    {
        LastRequest = Now;
        if (connect.App.Length + (connect.TcUrl?.Length ?? 0) + (connect.FlashVersion?.Length ?? 0) > MaxConnectLength)
        {
            return $"the strings of connect are longer than {MaxConnectLength} characters";
        }

        (string application, string folder) = PlayName.ParseApplication(connect.App);
        if (application != _context.Options.Application)
        {
            return $"no application {application}; this server has {_context.Options.Application}";
        }

        _folder = folder;
        _abilities = PlayerCodecs.Of(connect.Capabilities, _context.Options.LegacyHevc);
        IsConnected = true;
        Log.Connected(_context.Log, _peer, folder.Length == 0 ? application : $"{application}/{folder}",
            connect.FlashVersion ?? "no version");
        return null;
    }

    /// <inheritdoc/>
    public void OnPlay(uint streamId, PlayCommand play)
    {
        PlayerStream stream = Asked(streamId);
        if (play.Reset)
        {
            stream.Stop();
        }

        if (play.StartMilliseconds == PlayCommand.LiveStart)
        {
            Refuse(stream, play.Name,
                new TitleException(TitleError.NotFound,
                $"no live stream {TerminalText.Clean(PlayName.Parse(_folder, play.Name).ToString())}"));
            return;
        }

        stream.IsOpening |= play.Reset;
        long start = play.StartMilliseconds > 0 ? ToTime(play.StartMilliseconds) : 0;
        long duration = play.DurationMilliseconds < 0 ? -1 : ToTime(play.DurationMilliseconds);
        stream.Appending += play.Reset ? 0 : 1;
        // Nothing that was asked for before counts when a player starts anew, and what hangs of it is not waited for.
        Open(stream, play.Name, play.Reset, after: play.Reset ? Task.CompletedTask : stream.Opening,
            reel => Play(stream, new PendingPlay(reel, play.Name, start, duration), play.Reset));
    }

    /// <inheritdoc/>
    public void OnPlay2(uint streamId, Play2Command play2)
    {
        PlayerStream stream = Asked(streamId);
        switch (play2.Transition)
        {
            case "switch" or "swap" when stream.Cursor is not null:
                Open(stream, play2.StreamName, reset: true, after: stream.Opening, reel => Switch(stream, reel, play2.StreamName));
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
        if (stream.IsOpening)
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
        if (stream.IsOpening)
        {
            stream.PausesAtStart = paused;
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

        _announcer.Paused(stream, paused);
    }

    /// <inheritdoc/>
    public void OnReceiveAudio(uint streamId, bool receive) => Asked(streamId).ReceiveAudio(receive);

    /// <inheritdoc/>
    public void OnReceiveVideo(uint streamId, bool receive) => Asked(streamId).ReceiveVideo(receive);

    /// <inheritdoc/>
    public void OnBufferLength(uint streamId, uint milliseconds) => Asked(streamId).BufferLength = milliseconds;

    /// <inheritdoc/>
    public void OnStreamClosed(uint streamId)
    {
        LastRequest = Now;
        _streams.Remove(streamId);
    }

    /// <inheritdoc/>
    public void OnGetStreamLength(double transactionId, string name)
    {
        LastRequest = Now;
        if (_openings == MaxOpenings)
        {
            Session.SendStreamLength(transactionId, 0);
            return;
        }

        _openings++;
        _ = OpenAsync(name, Task.CompletedTask, (reel, _) => AnswerLength(transactionId, reel));
    }

    /// <summary>The connection is gone: lets go of all titles.</summary>
    public void Abandon()
    {
        _isAbandoned = true;
        _streams.Abandon();
    }

    private static long ToTime(double milliseconds) =>
        double.IsNaN(milliseconds) ? 0 : (long)Math.Clamp(milliseconds, 0, Strips.StripEntry.MaxTime);

    private PlayerStream Asked(uint streamId)
    {
        LastRequest = Now;
        return _streams[streamId];
    }

    /// <summary>Opens titles off this thread and comes back with them, unless something else was asked of the stream meanwhile.</summary>
    private void Open(PlayerStream stream, string name, bool reset, Task after, Action<Reel> opened)
    {
        if (_openings == MaxOpenings)
        {
            Fail(stream, name, reset, new TitleException(TitleError.NotPlayable, $"more than {MaxOpenings} titles are being opened"));
            return;
        }

        _openings++;
        int generation = stream.Generation;
        stream.Opening = OpenAsync(name, after, (reel, fault) =>
        {
            _openings--;
            if (_isAbandoned || stream.Generation != generation)
            {
                reel?.Release();
            }
            else if (reel is not null)
            {
                opened(reel);
            }
            else
            {
                Fail(stream, name, reset, fault!);
            }
        });
    }

    private Task OpenAsync(string name, Task before, Action<Reel?, Exception?> done)
    {
        ref Task lane = ref _lanes[_nextLane++ % OpeningsAtOnce];
        lane = OpenAsync(name, lane, before, done);
        return lane;
    }

    private async Task OpenAsync(string name, Task lane, Task before, Action<Reel?, Exception?> done)
    {
        Reel? reel = null;
        Exception? fault = null;
        try
        {
            await lane.ConfigureAwait(false); // never fails, as this does not
            reel = await _context.Reels.OpenAsync(PlayName.Parse(_folder, name), _abilities).ConfigureAwait(false);
        }
        catch (Exception refused)
        {
            fault = refused;
        }

        await before.ConfigureAwait(false); // never fails: see above
        _post(() => done(reel, fault));
    }

    private void AnswerLength(double transactionId, Reel? reel)
    {
        // 0 for a title that cannot be played too: the play command is what is refused, with the reason.
        double seconds = reel?.Seconds ?? 0;
        reel?.Release();
        _openings--;
        if (!_isAbandoned)
        {
            Session.SendStreamLength(transactionId, seconds);
        }
    }

    private void Fail(PlayerStream stream, string name, bool reset, Exception fault)
    {
        Refuse(stream, name, fault);
        if (reset)
        {
            stream.IsOpening = false;
        }
        else
        {
            stream.Appending--;
            if (stream is { Waits: true, Appending: 0 })
            {
                End(stream);
            }
        }
    }

    private void Refuse(PlayerStream stream, string name, Exception fault)
    {
        Log.Refused(_context.Log, _peer, PlayName.Parse(_folder, name).ToString(), fault.Message);
        if (fault is not TitleException)
        {
            Log.InternalError(_context.Log, _peer, fault);
        }

        (string code, string reason) = fault switch
        {
            TitleException { Error: TitleError.NotFound } => (StatusCodes.PlayStreamNotFound, fault.Message),
            TitleException { Error: TitleError.NotPlayable or TitleError.Unavailable } => (StatusCodes.PlayFailed, fault.Message),
            _ => (StatusCodes.PlayFailed, "the file cannot be read"), // what the system says of it is for the log alone
        };
        Session.SendStatus(stream.Id, StatusCodes.Error, code, reason, name);
    }

    private void Play(PlayerStream stream, PendingPlay play, bool reset)
    {
        stream.Appending -= reset ? 0 : 1;
        if (reset || !stream.IsActive)
        {
            Begin(stream, play, playerStart: 0, reset);
        }
        else if (stream.Waits)
        {
            Follow(stream, play);
        }
        else if (stream.Queue.Count == MaxQueue)
        {
            play.Reel.Release();
            Session.SendStatus(stream.Id, StatusCodes.Error, StatusCodes.PlayFailed, $"More than {MaxQueue} titles wait.", play.Name);
        }
        else
        {
            stream.Queue.Enqueue(play);
        }
    }

    private void Begin(PlayerStream stream, PendingPlay play, long playerStart, bool reset)
    {
        stream.IsOpening = false;
        stream.Start(play, playerStart, Now);
        Plays++;
        Log.Playing(_context.Log, _peer, stream.Cursor!.Title.Name, play.Start / 1000.0);
        _announcer.Started(stream, reset);
        if (stream.PausesAtStart)
        {
            stream.Pause(Now);
            _announcer.Paused(stream, paused: true);
            stream.ShowWherePaused();
        }

        if (stream.SeeksAtStart is { } place)
        {
            Seek(stream, place);
        }

        stream.PausesAtStart = false;
        stream.SeeksAtStart = null;
    }

    private void Seek(PlayerStream stream, long reelTime)
    {
        stream.Seek(reelTime, Now);
        _announcer.Seeked(stream);
    }

    private void Follow(PlayerStream stream, PendingPlay next)
    {
        stream.Follow(next, Now);
        Plays++;
        Log.Playing(_context.Log, _peer, stream.Cursor!.Title.Name, next.Start / 1000.0);
        _announcer.Switched(stream);
        _announcer.Started(stream, reset: false);
    }

    private void Switch(PlayerStream stream, Reel reel, string name)
    {
        bool isPaused = stream.IsPaused;
        long at = stream.ReelTime;
        long playerTime = stream.Cursor?.PlayerTime ?? 0;
        Session.SendStatus(stream.Id, StatusCodes.Status, StatusCodes.PlayTransition, $"Switching to {name}.", name);
        Begin(stream, new PendingPlay(reel, name, at, -1), playerTime, reset: false);
        if (isPaused)
        {
            stream.Pause(Now);
            stream.ShowWherePaused();
        }
    }

    private void OnEnd(PlayerStream stream)
    {
        StripCursor<RtmpFraming> cursor = stream.Cursor!;
        if (cursor.IsLost)
        {
            string reason = cursor.LostReason ?? "the file changed";
            Log.FileLost(_context.Log, _peer, cursor.Title.Name, reason);
            _announcer.Lost(stream, reason);
            stream.IsEndTold = true;
        }
        else if (stream.TryContinue(Now))
        {
            _announcer.Continued(stream, cursor);
        }
        else if (stream.Queue.TryDequeue(out PendingPlay next))
        {
            Follow(stream, next);
        }
        else if (stream.Appending > 0)
        {
            stream.Waits = true; // what was asked for to come next is still being opened
        }
        else
        {
            End(stream);
        }
    }

    private void End(PlayerStream stream)
    {
        stream.Waits = false;
        stream.IsEndTold = true;
        LastRequest = Now; // the time to be idle counts from here
        _announcer.Ended(stream);
    }
}
