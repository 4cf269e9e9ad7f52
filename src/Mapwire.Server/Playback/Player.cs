using System.Buffers;
using System.Net;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Catalog;
using Mapwire.Server.Hosting;
using Mapwire.Server.Transport;

namespace Mapwire.Server.Playback;

/// <summary>
/// A player: carries out what its commands ask and says which bytes are due. Knows titles, clocks and the session; not sockets.
/// </summary>
internal sealed class Player : IServerSessionHandler
{
    /// <summary>Titles that may wait behind the one that plays.</summary>
    private const int MaxQueue = 64;

    /// <summary>Titles being opened at once: a playlist sent in one go, and no flood.</summary>
    private const int MaxOpenings = MaxQueue;

    private readonly ServerContext _context;
    private readonly EndPoint? _peer;
    private readonly Action<Action> _post;
    private readonly PlayerStreams _streams;
    private readonly PlayAnnouncer _announcer;
    private string _folder = "";
    private int _openings;
    private bool _isAbandoned;

    /// <param name="context">What all players of the server share.</param>
    /// <param name="peer">For the log.</param>
    /// <param name="answers">Takes what the session says.</param>
    /// <param name="post">Runs something on the worker's thread, later.</param>
    public Player(ServerContext context, EndPoint? peer, IBufferWriter<byte> answers, Action<Action> post)
    {
        _context = context;
        _peer = peer;
        _post = post;
        _streams = new PlayerStreams(context.Options.DefaultClientBuffer, context.Options.MaxClientBuffer);
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

    /// <summary>When the player last asked for something, on the worker's clock.</summary>
    public long LastRequest { get; private set; }

    /// <summary>Whether the connection is to end once all answers are sent.</summary>
    public bool IsRejected => Session.IsClosing;

    /// <summary>When something is due next, on the worker's clock.</summary>
    public long NextWake() => _streams.NextWake(Now);

    /// <inheritdoc cref="PlayerStreams.GatherRest"/>
    public bool GatherRest(GatherList list) => _streams.GatherRest(list);

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
        string path = TitleName.WithoutQuery(connect.App).Trim('/');
        string application = path.Split('/')[0];
        if (application != _context.Options.Application)
        {
            return $"no application {application}; this server has {_context.Options.Application}";
        }

        _folder = path[application.Length..];
        IsConnected = true;
        Log.Connected(_context.Log, _peer, LogText.Clean(connect.App), LogText.Clean(connect.FlashVersion ?? "no version"));
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

        long start = play.StartMilliseconds > 0 ? ToTime(play.StartMilliseconds) : 0;
        long duration = play.DurationMilliseconds < 0 ? -1 : ToTime(play.DurationMilliseconds);
        Open(stream, play.Name, title => Play(stream, new PendingPlay(title, play.Name, start, duration), play.Reset));
    }

    /// <inheritdoc/>
    public void OnPlay2(uint streamId, Play2Command play2)
    {
        PlayerStream stream = Asked(streamId);
        switch (play2.Transition)
        {
            case "switch" or "swap" when stream.Cursor is not null:
                Open(stream, play2.StreamName, title => Switch(stream, title, play2.StreamName));
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
        if (stream.Cursor is not { } cursor || !cursor.Title.TryAcquire())
        {
            Session.SendStatus(streamId, StatusCodes.Error, StatusCodes.SeekFailed, "Nothing is played.");
            return;
        }

        PlayRange range = new(0, -1, 0);
        stream.Seek(new StripCursor(cursor.Title, streamId, _context.Options.ChunkSize, range, ToTime(milliseconds)), Now);
        _announcer.Seeked(stream);
    }

    /// <inheritdoc/>
    public void OnPause(uint streamId, bool paused, double milliseconds)
    {
        // The player's time is not needed: what was sent it holds or has shown, so going on with the next message loses nothing.
        PlayerStream stream = Asked(streamId);
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
        _ = OpenAsync(name, Task.CompletedTask, (title, _) => AnswerLength(transactionId, title));
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

    /// <summary>Opens a title off this thread and comes back with it, unless something else was asked of the stream meanwhile.</summary>
    private void Open(PlayerStream stream, string name, Action<Title> opened)
    {
        if (_openings == MaxOpenings)
        {
            Refuse(stream, name, new TitleException(TitleError.NotPlayable, $"more than {MaxOpenings} titles are being opened"));
            return;
        }

        _openings++;
        int generation = stream.Generation;
        stream.Opening = OpenAsync(name, stream.Opening, (title, fault) =>
        {
            _openings--;
            if (_isAbandoned || stream.Generation != generation)
            {
                title?.Release();
            }
            else if (title is not null)
            {
                opened(title);
            }
            else
            {
                Refuse(stream, name, fault!);
            }
        });
    }

    private async Task OpenAsync(string name, Task before, Action<Title?, Exception?> done)
    {
        Title? title = null;
        Exception? fault = null;
        try
        {
            title = await _context.Catalog.OpenAsync(_folder, name).ConfigureAwait(false);
        }
        catch (Exception refused)
        {
            fault = refused;
        }

        await before.ConfigureAwait(false); // never fails: see above
        _post(() => done(title, fault));
    }

    private void AnswerLength(double transactionId, Title? title)
    {
        // 0 for a title that cannot be played too: the play command is what is refused, with the reason.
        double seconds = title?.Duration.TotalSeconds ?? 0;
        title?.Release();
        _openings--;
        if (!_isAbandoned)
        {
            Session.SendStreamLength(transactionId, seconds);
        }
    }

    private void Refuse(PlayerStream stream, string name, Exception fault)
    {
        Log.Refused(_context.Log, _peer, LogText.Clean(name), fault.Message);
        if (fault is not TitleException)
        {
            Log.InternalError(_context.Log, _peer, fault);
        }

        (string code, string reason) = fault switch
        {
            TitleException { Error: TitleError.NotFound } => (StatusCodes.PlayStreamNotFound, fault.Message),
            TitleException { Error: TitleError.NotPlayable } => (StatusCodes.PlayFailed, fault.Message),
            _ => (StatusCodes.PlayFailed, "the file cannot be read"), // what the system says of it is for the log alone
        };
        Session.SendStatus(stream.Id, StatusCodes.Error, code, reason, name);
    }

    private void Play(PlayerStream stream, PendingPlay play, bool reset)
    {
        if (reset || !stream.IsActive)
        {
            Begin(stream, play, playerStart: 0, reset);
            return;
        }

        if (stream.Queue.Count == MaxQueue)
        {
            play.Title.Release();
            Session.SendStatus(stream.Id, StatusCodes.Error, StatusCodes.PlayFailed, $"More than {MaxQueue} titles wait.", play.Name);
            return;
        }

        stream.Queue.Enqueue(play);
    }

    private void Begin(PlayerStream stream, PendingPlay play, long playerStart, bool reset)
    {
        StripCursor cursor = new(play.Title, stream.Id, _context.Options.ChunkSize, new PlayRange(play.Start, play.Duration, playerStart), play.Start);
        stream.Start(cursor, play.Name, Math.Max(play.Start, 0), Now);
        Log.Playing(_context.Log, _peer, play.Title.Name, play.Start / 1000.0);
        _announcer.Started(stream, reset);
    }

    private void Switch(PlayerStream stream, Title title, string name)
    {
        long at = stream.Cursor?.Time ?? 0;
        long playerTime = stream.Cursor?.PlayerTime ?? 0;
        Session.SendStatus(stream.Id, StatusCodes.Status, StatusCodes.PlayTransition, $"Switching to {name}.", name);
        Begin(stream, new PendingPlay(title, name, at, -1), playerTime, reset: false);
    }

    private void OnEnd(PlayerStream stream)
    {
        StripCursor cursor = stream.Cursor!;
        if (cursor.IsLost)
        {
            Log.FileChanged(_context.Log, _peer, cursor.Title.Name);
            _announcer.Lost(stream);
            stream.IsEndTold = true;
            return;
        }

        if (stream.Queue.TryDequeue(out PendingPlay next))
        {
            Begin(stream, next, cursor.PlayerEnd, reset: false);
            return;
        }

        stream.IsEndTold = true;
        LastRequest = Now; // the time to be idle counts from here
        _announcer.Ended(stream);
    }
}
