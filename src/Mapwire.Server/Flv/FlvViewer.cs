using System.Buffers;
using System.Net;
using Mapwire.Http.WebSockets;
using Mapwire.Media.Flv;
using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Live;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Flv;

/// <summary>
/// Someone who watches FLV: what was asked for once is opened and sent as it is due, as <see cref="Player"/> does it for RTMP, who says
/// much more. Knows titles and clocks; neither sockets nor HTTP.
/// </summary>
internal sealed partial class FlvViewer
{
    private const uint StreamId = 1;

    /// <summary>How often a film that grows is looked at when all of it was sent.</summary>
    private static readonly TimeSpan FollowInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>How long it waits for the first of a film that grows, in milliseconds: as long as playlists do.</summary>
    private const long MaxFirstWait = 10_000;

    private readonly PlayerContext _context;
    private readonly EndPoint? _peer;
    private readonly Action<Action> _post;
    private readonly bool _isFramed;
    private readonly LiveSeat? _seat;
    private readonly PlayerStreams _streams;
    private readonly PlayerStream _stream;
    private ReelOpenings? _openings; // null once it is open
    private PendingPlay _play;
    private FlvStream? _shape;
    private long _tailSkip; // bytes of what is said at the end that the viewer has
    private PlayerAbilities _abilities;
    private bool _isFollowing; // more is written behind what is sent
    private bool _isLast; // what is opened next is all of it
    private bool _isAbandoned;

    /// <param name="context">What all players of the server share.</param>
    /// <param name="peer">For the log.</param>
    /// <param name="isFramed">Whether it is sent WebSocket frames.</param>
    /// <param name="post">Runs something on the worker's thread, later.</param>
    /// <param name="seat">Where it is called when something of a live stream has come; null where there are none.</param>
    public FlvViewer(PlayerContext context, EndPoint? peer, bool isFramed, Action<Action> post, LiveSeat? seat = null)
    {
        _seat = seat;
        _context = context;
        _peer = peer;
        _post = post;
        _isFramed = isFramed;
        _streams = new PlayerStreams(context.Options, FlvStream.CreateCursor(isFramed), post);
        _stream = _streams[StreamId];
    }

    /// <summary>The worker's clock, set before anything else is called.</summary>
    public long Now { get; set; }

    /// <summary>What is said between the messages of the strip.</summary>
    public ControlBuffer Answers { get; } = new();

    /// <summary>What is watched.</summary>
    public PlayerStream Watched => _stream;

    /// <summary>Plays begun: 0 or 1.</summary>
    public int Plays { get; private set; }

    /// <summary>Whether all that is to be sent was made: what is left of it waits in <see cref="Answers"/>.</summary>
    public bool IsOver => IsLost || _isLiveOver || (Plays > 0 && _stream.State == PlayState.Ended);

    /// <summary>Whether the file changed or can no longer be read: nothing more can be sent.</summary>
    public bool IsLost => LostReason is not null || _streams.IsCutLost;

    /// <inheritdoc cref="PlayerStreams.IsCutLost"/>
    public bool IsCutLost => _streams.IsCutLost;

    /// <inheritdoc cref="PlayerStreams.IsInsideMessage"/>
    public bool IsInsideMessage => _live?.IsInsideMessage ?? _streams.IsInsideMessage;

    /// <summary>Which file it was that was opened, the first of a list.</summary>
    public FileIdentity Identity => _play.Reel.Parts[0].Title.Identity;

    /// <summary>Looks whether the file is lost before anything of it was sent; null where it is not, or not known.</summary>
    public string? FindLost() => _stream.Cursor?.Title.Watch is { } watch && watch.Look() == FileState.Lost ? watch.Lost : null;

    /// <summary>Why, in words for the viewer; null while there is no reason.</summary>
    public string? LostReason { get; private set; }

    /// <summary>What it makes the server hold besides its title and the answers, in bytes, about.</summary>
    public int ByteSize => (_openings?.ByteSize ?? 0) + _streams.ByteSize + (_live?.ByteSize ?? 0);

    /// <summary>When something is due next, on the worker's clock.</summary>
    public long NextWake() => _live?.NextWake() ?? _streams.NextWake(Now);

    /// <inheritdoc cref="PlayerStreams.GatherRest"/>
    public bool GatherRest(GatherList list) => _live?.GatherRest(list) ?? _streams.GatherRest(list, Now);

    /// <inheritdoc cref="PlayerStreams.GatherDue"/>
    public void GatherDue(GatherList list, long maxBytes)
    {
        if (_live is { } live)
        {
            live.GatherDue(list, maxBytes);
        }
        else
        {
            _streams.GatherDue(list, maxBytes, Now);
        }
    }

    /// <inheritdoc cref="PlayerStreams.AdvanceRest"/>
    public void AdvanceRest(long bytes)
    {
        _live?.AdvanceRest(bytes);
        _streams.AdvanceRest(bytes);
    }

    /// <summary>Takes note of sent bytes of what was due, and goes on behind what is over.</summary>
    public void AdvanceDue(long bytes)
    {
        if (_live is { } live)
        {
            live.AdvanceDue(bytes);
            return;
        }

        _streams.AdvanceDue(bytes, Now);
        while (_streams.FindEnded() is not null)
        {
            OnEnd();
        }
    }

    /// <summary>Opens what a viewer names, off this thread.</summary>
    /// <param name="name">What it is.</param>
    /// <param name="abilities">What the viewer can show.</param>
    /// <param name="opened">Given the stream's shape, or why there is none; not called after <see cref="Abandon"/>.</param>
    public void Open(PlayName name, PlayerAbilities abilities, Action<FlvStream?, Exception?> opened)
    {
        _stream.BeginOpening();
        _abilities = abilities;
        if (_seat is not null && (_context.FindLive(name) is not null || _context.MayBecomeLive(name)))
        {
            OpenLive(name, abilities, opened);
            return;
        }

        Open(name, Now + MaxFirstWait, opened);
    }

    /// <param name="name">What it is.</param>
    /// <param name="until">How long it is opened again while nothing of it can be sent yet, on the worker's clock.</param>
    /// <param name="opened">Given what comes of it.</param>
    private void Open(PlayName name, long until, Action<FlvStream?, Exception?> opened)
    {
        _openings = new ReelOpenings(_context, (_peer as IPEndPoint)?.Address, _post);
        _ = _openings.OpenAsync(name, _abilities, Task.CompletedTask, (reel, fault) =>
        {
            _openings = null;
            if (reel is null)
            {
                OnRefused(name, fault!, opened);
            }
            else if (GrowingFilm.IsFollowed(reel, name))
            {
                Follow(name, reel, until, opened);
            }
            else if (FlvStream.Find(reel) is { } known)
            {
                OnOpened(name, reel, known, opened);
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(_ => Shape(name, reel, opened), null);
            }
        });
    }

    /// <summary>Begins with what is certain of a film that grows, or waits for it where the viewer's start lies behind that.</summary>
    private void Follow(PlayName name, Reel reel, long until, Action<FlvStream?, Exception?> opened)
    {
        if (GrowingFilm.Cut(reel, isLast: false) is { } whole)
        {
            _isFollowing = true;
            ThreadPool.UnsafeQueueUserWorkItem(_ => Shape(name, whole, opened), null);
            return;
        }

        reel.Release();
        if (Now >= until)
        {
            OnRefused(name, new TitleException(
                TitleError.Unavailable, "the film is being written and has not come to what is asked for yet: try again later"), opened);
            return;
        }

        PostLater(() => Open(name, until, opened));
    }

    /// <summary>Begins what was opened.</summary>
    /// <param name="position">The byte to begin at; more than 0 only where the stream's length is known, and less than that.</param>
    public void Begin(long position)
    {
        if (_live is { Watched.Cursor: { } cursor })
        {
            BeginLive(cursor);
            return;
        }

        FlvStream shape = _shape!;
        _stream.Start(_play, PlayerTime.Zero, Now);
        Plays++;
        if (position < shape.Head.Length)
        {
            Say(shape.Head.AsSpan((int)position));
        }
        else if (position - shape.Head.Length < shape.Layout!.Length)
        {
            shape.Layout.MoveTo(_stream.Cursor!, position - shape.Head.Length);
            _streams.BeginInside(_stream, Now);
        }
        else
        {
            _stream.Cursor!.MoveTo(_stream.Cursor.End, 0);
            _tailSkip = position - shape.Head.Length - shape.Layout.Length;
        }

        Log.Playing(_context.Log, _peer, _stream.Cursor!.Title.Name, _stream.ReelTime.ToPlayer(PlayerTime.Zero).Milliseconds / 1000.0);
    }

    /// <summary>The connection is gone: lets go of everything.</summary>
    public void Abandon()
    {
        _isAbandoned = true;
        _live?.Abandon();
        _openings?.Abandon();
        if (Plays == 0)
        {
            _play.Reel?.Release(); // opened and never begun
            _play = default;
        }

        _streams.Abandon();
        Answers.Release();
    }

    private void Shape(PlayName name, Reel reel, Action<FlvStream?, Exception?> opened)
    {
        FlvStream? shape = null;
        Exception? fault = null;
        try
        {
            shape = FlvStream.Create(reel, _isFollowing);
        }
        catch (Exception exception)
        {
            fault = exception;
        }

        _post(() =>
        {
            if (_isAbandoned || shape is null)
            {
                reel.Release();
            }

            if (!_isAbandoned && shape is null)
            {
                OnRefused(name, fault!, opened);
            }
            else if (!_isAbandoned)
            {
                OnOpened(name, reel, shape!, opened);
            }
        });
    }

    private void OnOpened(PlayName name, Reel reel, FlvStream shape, Action<FlvStream?, Exception?> opened)
    {
        _play = new PendingPlay(reel, name, ReelTime.Zero, -1);
        _shape = shape;
        opened(shape, null);
    }

    private void OnRefused(PlayName name, Exception fault, Action<FlvStream?, Exception?> opened)
    {
        Log.Refused(_context.Log, _peer, name.ToString(), fault.Message);
        if (fault is not TitleException)
        {
            Log.InternalError(_context.Log, _peer, fault);
        }

        _stream.EndOpening();
        opened(null, fault);
    }

    private void OnEnd()
    {
        StripCursor cursor = _stream.Cursor!;
        if (cursor.IsLost)
        {
            Log.FileLost(_context.Log, _peer, cursor.Title.Name, cursor.LostReason!);
            LostReason = cursor.LostReason;
            _stream.End();
        }
        else if (_stream.TryContinue(Now))
        {
            ArrayBufferWriter<byte> tags = new();
            if (_stream.Cursor!.Title != cursor.Title)
            {
                FlvTags.Write(tags, FlvTagHeader.Script, FlvTags.TimestampOf(_stream.Cursor),
                    new FlvMetadata(_stream.Reel!, _stream.Cursor, layout: null) { Part = _stream.Part }.Write(0, 0));
            }

            FlvTags.Write(tags, _stream.Cursor, LaneMessages.HeadersAt(_stream.Cursor, cursor));
            Say(tags.WrittenSpan);
        }
        else if (_isFollowing)
        {
            WaitForMore();
        }
        else
        {
            SayEnd(cursor);
        }
    }

    private void SayEnd(StripCursor cursor)
    {
        ArrayBufferWriter<byte> tags = new();
        FlvTags.Write(tags, cursor, LaneMessages.EndsOf(cursor.Title));
        Say(tags.WrittenSpan[(int)_tailSkip..]);
        _stream.End();
    }

    /// <summary>All that is certain of a film that grows was sent: looks again in a while.</summary>
    private void WaitForMore()
    {
        _stream.Wait();
        PostLater(LookForMore);
    }

    /// <summary>Does something in a while, unless the viewer has gone by then.</summary>
    private void PostLater(Action action) => _ = Task.Delay(FollowInterval).ContinueWith(
        _ => _post(() =>
        {
            if (!_isAbandoned)
            {
                action();
            }
        }),
        CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private void LookForMore()
    {
        _openings = new ReelOpenings(_context, (_peer as IPEndPoint)?.Address, _post);
        _ = _openings.OpenAsync(_play.Name, _abilities, Task.CompletedTask, OnMore);
    }

    private void OnMore(Reel? reel, Exception? fault)
    {
        _openings = null;
        StripCursor before = _stream.Cursor!;
        string? lost = fault?.Message ?? before.Title.Watch.Lost
            ?? (reel!.Parts[0].Title.File == before.Title.File ? null : "another file has its name now");
        if (lost is not null)
        {
            reel?.Release();
            Log.FileLost(_context.Log, _peer, before.Title.Name, lost);
            LostReason = lost;
            _stream.End();
            return;
        }

        // What is opened now may be a moment older than what the file is known to hold now: the next one is not.
        bool isLast = _isLast;
        _isLast = !reel!.Parts[0].Title.File.Content.IsBeingWritten;
        Reel? more = GrowingFilm.Cut(reel, isLast);
        if (more is not null && GrowingFilm.EndOf(more, isLast) > before.End)
        {
            _isFollowing = !isLast;
            _stream.Extend(more, isLast, Now);
            return;
        }

        reel.Release();
        if (isLast)
        {
            SayEnd(before);
        }
        else
        {
            WaitForMore();
        }
    }

    private void Say(ReadOnlySpan<byte> bytes)
    {
        if (_isFramed && !bytes.IsEmpty)
        {
            Answers.Advance(WebSocketFrame.WriteHeader(
                Answers.GetSpan(WebSocketFrame.MaxHeaderLength), WebSocketOpcode.Binary, bytes.Length));
        }

        Answers.Write(bytes);
    }
}
