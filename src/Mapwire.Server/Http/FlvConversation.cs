using System.Buffers;
using System.Globalization;
using System.Net;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Http.Heads;
using Mapwire.Http.WebSockets;
using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Flv;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Http;

/// <summary>
/// A connection that was asked for FLV, as the body of an answer or in WebSocket frames: the request is its last one, and it is a
/// viewer from here on.
/// </summary>
internal sealed class FlvConversation : IConversation, ILiveViewer
{
    /// <summary>How long a connection is still heard when all was said, in milliseconds.</summary>
    private const long LingerTime = 2_000;

    private readonly HttpContext _context;
    private readonly Connection _connection;
    private readonly HttpRequest _request;
    private readonly PlayerStatistics? _statistics;
    private readonly long _bytesBefore; // of the requests before
    private readonly FlvViewer _viewer;
    private readonly WebSocketReader? _frames; // null for plain HTTP
    private readonly string? _accept; // of the handshake
    private bool _isCounted; // among the players
    private State _state = State.Opening;
    private bool _isHeadSent;
    private bool _isBroken; // the client broke the protocol: it is not heard any more
    private ChunkFraming? _chunks; // of the body; null where it is sent as it is
    private long _headLeft; // of an answer whose body is in chunks
    private long? _left; // bytes to send with the head; null where that is not known
    private long _gatheredRest;
    private int _gatheredAnswers;
    private long _lingersSince;
    private byte[]? _ping; // of the last ping that was not answered yet
    private int _held; // of what the server holds for this client

    /// <param name="context">What all HTTP conversations share.</param>
    /// <param name="connection">Whose conversation this is from now on.</param>
    /// <param name="statistics">The worker's; null for none.</param>
    /// <param name="request">The request.</param>
    public FlvConversation(HttpContext context, Connection connection, WorkerStatistics? statistics, HttpRequest request)
    {
        _context = context;
        _connection = connection;
        _request = request;
        _bytesBefore = connection.BytesSent;
        RequestHead head = request.ReadHead();
        _statistics = statistics?.Enter(
            connection.Peer, connection.Now, head.IsWebSocketUpgrade ? PlayerProtocol.WebSocketFlv : PlayerProtocol.Flv);
        Refusal? refusal = Count();
        if (refusal is null && head.IsWebSocketUpgrade)
        {
            refusal = WebSocketHandshake.Check(head, out ReadOnlySpan<byte> key) switch
            {
                WebSocketRefusal.None => null,
                WebSocketRefusal.Version => new Refusal(426, "the version of the WebSocket protocol must be 13"),
                _ => new Refusal(400, "the WebSocket handshake is not understood"),
            };
            if (refusal is null)
            {
                Span<byte> accept = stackalloc byte[WebSocketHandshake.AcceptLength];
                _accept = System.Text.Encoding.ASCII.GetString(accept[..WebSocketHandshake.WriteAccept(key, accept)]);
                _frames = new WebSocketReader();
            }
        }

        _viewer = new FlvViewer(context.Players, connection.Peer, isFramed: _frames is not null, Post,
            new LiveSeat(connection.Loop, this))
        {
            Now = connection.Now,
        };
        if (refusal is null)
        {
            refusal = Open();
        }

        if (refusal is not null)
        {
            Refuse(refusal);
        }
    }

    private enum State : byte
    {
        /// <summary>The title is being opened; nothing was said yet.</summary>
        Opening,

        /// <summary>The same, and the client has said already that it wants no more.</summary>
        OpeningUnwanted,

        /// <summary>Media follows the answers.</summary>
        Sending,

        /// <summary>Nothing follows the answers, and what was begun of the media.</summary>
        Closing,

        /// <summary>Nothing follows the answers: there is no media.</summary>
        Refused,

        /// <summary>All was said, and the client is still heard.</summary>
        Lingering,
    }

    /// <inheritdoc/>
    public bool IsUrgent { get; private set; }

    /// <inheritdoc/>
    /// <remarks>Media in frames is a talk of two (RFC 6455, section 7.1.4); a refusal is an answer.</remarks>
    public bool IsAnswering =>
        (_state != State.Lingering && (_frames is null || _state != State.Sending)) || _connection.IsSending;

    private bool IsOpening => _state is State.Opening or State.OpeningUnwanted;

    /// <inheritdoc/>
    public void OnLive() => _connection.RunTurn();

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        if (_frames is null || _isBroken)
        {
            return; // nothing is asked behind the last request, and nothing is understood behind what broke the protocol
        }

        try
        {
            while (!_connection.IsClosed && _frames.TryRead(ref bytes, out WebSocketMessage message))
            {
                Hear(message);
            }
        }
        catch (WebSocketProtocolException exception)
        {
            Log.ProtocolBroken(_context.Log, _connection.Peer, exception.Message);
            _isBroken = true;
            if (IsOpening)
            {
                _connection.Close(CloseReason.ProtocolError); // no frame comes before the end of the handshake
            }
            else if (_state == State.Sending)
            {
                CloseSocket(exception.CloseCode, exception.Reason);
            }

            return;
        }

        CloseWhenOverBudget();
    }

    /// <inheritdoc/>
    public void Gather(GatherList list, long most)
    {
        if (_chunks is not { IsEnding: true })
        {
            GatherBytes(list, most);
        }

        if (_connection.IsClosed || _chunks is not { } chunks) // it is none any more where it was refused just now
        {
            return;
        }

        if (chunks.IsEnding)
        {
            chunks.AddEnd(list);
        }
        else if (_headLeft > 0)
        {
            list.Truncate(_headLeft);
        }
        else
        {
            chunks.Frame(list, 0, 0);
        }
    }

    private void GatherBytes(GatherList list, long most)
    {
        _viewer.Now = _connection.Now;
        if (_state == State.Lingering)
        {
            return;
        }

        if (IsOpening || _state == State.Sending)
        {
            _viewer.LookAtLive();
        }

        if (!_isHeadSent)
        {
            if (_connection.BytesSent == _bytesBefore && _state == State.Sending && _viewer.FindLost() is { } lost)
            {
                // Nothing was said yet: the reason is a better answer than a stream that ends at once.
                _viewer.Answers.Release();
                _left = null;
                Refuse(new Refusal(503, lost));
            }

            _gatheredRest = 0; // what begins inside of a message has the rest of it behind the head
            _gatheredAnswers = _viewer.Answers.AddTo(list, FlvMessage.MaxScratchLength);
            Truncate(list);
            return;
        }

        bool isRestWhole = _viewer.GatherRest(list);
        if (CloseWhenCut())
        {
            return;
        }

        if (_viewer.Answers.Length == 0 && _state == State.Sending)
        {
            AnswerPing();
        }

        _gatheredRest = list.Length;
        _gatheredAnswers = isRestWhole ? _viewer.Answers.AddTo(list, FlvMessage.MaxScratchLength) : 0;
        if (isRestWhole && _gatheredAnswers == _viewer.Answers.Length && most > 0 && _state == State.Sending)
        {
            _viewer.GatherDue(list, most);
            if (list.Length == 0)
            {
                _viewer.AdvanceDue(0);
                if (CloseWhenCut())
                {
                    return;
                }

                SayEnd();
                // Had it ended just now, its last words would wait among the answers.
                _gatheredAnswers = _viewer.Answers.AddTo(list, FlvMessage.MaxScratchLength);
            }
        }

        Truncate(list);
    }

    /// <inheritdoc/>
    public void Advance(long sent)
    {
        if (_chunks is { IsEnding: true } ending)
        {
            ending.AdvanceEnd(sent);
            SayEnd();
            return;
        }

        if (_chunks is { } chunks)
        {
            long ofHead = Math.Min(sent, _headLeft);
            _headLeft -= ofHead;
            sent = ofHead > 0 ? ofHead : chunks.Advance(sent);
        }

        long ofRest = Math.Min(sent, _gatheredRest);
        int ofAnswers = (int)Math.Min(sent - ofRest, _gatheredAnswers);
        long ofDue = sent - ofRest - ofAnswers;
        _viewer.AdvanceRest(ofRest);
        _viewer.Answers.Consume(ofAnswers);
        _viewer.AdvanceDue(ofDue);
        IsUrgent |= ofDue > 0;
        _left -= sent;
        _isHeadSent |= _viewer.Answers.Length == 0;
        SayEnd();
    }

    /// <inheritdoc/>
    public Wake Next(long now)
    {
        _viewer.Now = now;
        if (_viewer.WatchedLive is { Cursor: not null } play)
        {
            _statistics?.Update(play, _connection.BytesSent - _bytesBefore, _connection.IsBlocked, now);
        }
        else
        {
            _statistics?.Update(_viewer.Watched, _viewer.Plays, _connection.BytesSent - _bytesBefore, _connection.IsBlocked, now);
        }

        if (CloseWhenOverBudget())
        {
            return new Wake(now);
        }

        if (_state == State.Lingering)
        {
            return new Wake(_lingersSince + LingerTime, CloseReason.Answered);
        }

        if (_viewer.IsLost && (_frames is null || _viewer.IsCutLost))
        {
            return new Wake(now, CloseReason.SourceLost);
        }

        // Opening has bounds of its own, which a live stream's wait says. What was begun of the media is waited for behind a close as well.
        bool isSent = _state == State.Sending || (_state == State.Closing && _viewer.IsInsideMessage);
        return new Wake(isSent || IsOpening ? _viewer.NextWake() : TimerWheel.Never);
    }

    /// <inheritdoc/>
    public Wake NextWhileBlocked(long now) => _viewer.PinsLivePages ? new Wake(now, CloseReason.NotReading) : new Wake(TimerWheel.Never);

    /// <inheritdoc/>
    public void SayGoodbye()
    {
        if (_frames is not null && _state == State.Sending)
        {
            CloseSocket(WebSocketCloseCode.GoingAway, "the server stops");
        }
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        _statistics?.Leave(_connection.BytesSent - _bytesBefore);
        if (_isCounted)
        {
            _context.Players.Limits.Leave((_connection.Peer as IPEndPoint)?.Address);
        }

        _viewer.Abandon();
        _context.Held.Count(_connection.Peer, ref _held, 0);
    }

    /// <summary>All that the client makes the server hold counts together, with that of others of its address.</summary>
    private bool CloseWhenOverBudget()
    {
        int held = _viewer.Answers.Length + _viewer.ByteSize;
        if (_context.TryHold(_connection.Peer, ref _held, held, held))
        {
            return false;
        }

        _connection.Close(CloseReason.TooManyRequests);
        return true;
    }

    /// <summary>Runs something for the viewer, by the clock of then: what was opened may have taken long.</summary>
    private void Post(Action action) =>
        _connection.Post(() =>
        {
            _viewer.Now = _connection.Now;
            action();
        });

    /// <summary>Counts it among the players, unless it is one too many.</summary>
    private Refusal? Count()
    {
        string? reason = _context.Players.Limits.TryEnter((_connection.Peer as IPEndPoint)?.Address);
        _isCounted = reason is null;
        return reason is null ? null : new Refusal(503, reason);
    }

    private Refusal? Open()
    {
        try
        {
            FlvQuery query = FlvQuery.Parse(_request.Route.Title, _request.Target.Query);
            _viewer.Watched.BufferLength = query.Buffer;
            _viewer.Open(query.Name, query.Abilities(_context.Players.Options.LegacyHevc), OnOpened);
            return null;
        }
        catch (TitleException exception)
        {
            return Refusal.Of(exception);
        }
    }

    private void OnOpened(FlvStream? shape, Exception? fault)
    {
        bool isUnwanted = _state == State.OpeningUnwanted;
        _state = State.Sending;
        if (shape is null)
        {
            Refuse(Refusal.Of(fault!));
        }
        else if (_accept is not null)
        {
            Answers.WriteUpgrade(_viewer.Answers, _accept);
            if (isUnwanted)
            {
                CloseSocket(WebSocketCloseCode.NormalClosure, "");
            }
            else
            {
                _viewer.Begin(0);
            }
        }
        else if (shape.Length is { } length)
        {
            Answer(shape, length);
        }
        else
        {
            bool isChunked = _request is { HasBody: true, TakesChunks: true };
            Answers.WriteEndless(_viewer.Answers, ContentType, isChunked);
            (_chunks, _headLeft) = isChunked ? (new ChunkFraming(), _viewer.Answers.Length) : (null, 0);
            Begin(0, null);
        }
    }

    private static string ContentType => ContentTypes.FromName("stream.flv");

    /// <summary>Answers with a stream whose length is known: with a part of it, too, where one is asked for.</summary>
    private void Answer(FlvStream shape, long length)
    {
        FileIdentity identity = _viewer.Identity;
        string tag = string.Create(CultureInfo.InvariantCulture,
            $"{identity.LastWriteTicks:x}-{identity.Length:x}-flv-{Crc32C.Of(shape.Head):x8}");
        Representation representation = new(length, new EntityTag(tag));
        RequestConditions conditions = RequestConditions.From(_request.ReadHead());
        BodyPlan plan = BodyPlan.Create(_request.Method, conditions, representation, ContentType, DateTimeOffset.UtcNow, 0);
        if (plan.IsMultipart)
        {
            // Who plays asks for one part; the whole is as good an answer as several (RFC 9110, section 14.2).
            plan = BodyPlan.Create(
                _request.Method, conditions.WithoutRange(), representation, ContentType, DateTimeOffset.UtcNow, 0);
        }

        Answers.WriteMedia(_viewer.Answers, plan, representation, "no-cache", _request.HasBody, staysOpen: false);
        if (plan.Parts.Length == 1)
        {
            Begin(plan.Parts[0].Offset, plan.Parts[0].Length);
        }
        else
        {
            _state = State.Closing;
        }
    }

    private void Begin(long position, long? length)
    {
        if (!_request.HasBody)
        {
            _state = State.Closing;
            return;
        }

        _left = length is null ? null : _viewer.Answers.Length + length;
        _viewer.Begin(position);
    }

    private void Refuse(Refusal refusal)
    {
        Answers.WriteRefusal(_viewer.Answers, refusal, _request.HasBody, staysOpen: false);
        _chunks = null;
        _state = State.Refused;
    }

    private void Hear(in WebSocketMessage message)
    {
        if (_state == State.Opening)
        {
            // No frame comes before the end of the handshake.
            _state = message.Opcode == WebSocketOpcode.Close ? State.OpeningUnwanted : State.Opening;
        }

        if (_state != State.Sending)
        {
            return;
        }

        if (message.Opcode == WebSocketOpcode.Ping)
        {
            _ping = message.Payload.ToArray(); // who sends several before it reads is answered the last (RFC 6455, section 5.5.3)
        }
        else if (message.Opcode == WebSocketOpcode.Close)
        {
            CloseSocket(WebSocketCloseCode.NormalClosure, "");
        }
    }

    private void AnswerPing()
    {
        if (_ping is not null)
        {
            ControlBuffer answers = _viewer.Answers;
            answers.Advance(WebSocketFrame.WritePong(answers.GetSpan(WebSocketFrame.MaxControlFrameLength), _ping));
            _ping = null;
        }
    }

    private void CloseSocket(WebSocketCloseCode code, string reason)
    {
        AnswerPing();
        ControlBuffer answers = _viewer.Answers;
        answers.Advance(WebSocketFrame.WriteClose(answers.GetSpan(WebSocketFrame.MaxControlFrameLength), code, reason));
        _state = State.Closing;
    }

    /// <summary>Closes where the rest of what was begun cannot be sent, which is never filled with anything else.</summary>
    private bool CloseWhenCut()
    {
        if (!_viewer.IsLost || (_frames is not null && !_viewer.IsCutLost))
        {
            return false;
        }

        _connection.Close(CloseReason.SourceLost);
        return true;
    }

    /// <summary>Ends the connection when all was said.</summary>
    private void SayEnd()
    {
        if (IsOpening)
        {
            return;
        }

        if (_viewer.IsOver && _frames is not null && _state == State.Sending)
        {
            CloseSocket(
                _viewer.IsLost ? WebSocketCloseCode.InternalError : WebSocketCloseCode.NormalClosure, _viewer.LostReason ?? "the end");
        }

        if (_viewer.IsLost && _frames is null)
        {
            return; // closed where it is noticed, without the end of something whole
        }

        bool isAllSaid = _left == 0
            || (_viewer.Answers.Length == 0 && (_state != State.Sending || _viewer.IsOver)
                && (_state == State.Refused || !_viewer.IsInsideMessage));
        if (isAllSaid && _chunks is { IsEnding: false } chunks)
        {
            chunks.BeginEnd();
        }

        if (isAllSaid && _state != State.Lingering && _chunks is not { IsOver: false })
        {
            _state = State.Lingering;
            _lingersSince = _connection.Now;
            _connection.EndSending();
        }
    }

    /// <summary>Leaves out what is behind the part that was asked for.</summary>
    private void Truncate(GatherList list)
    {
        if (_left is { } left)
        {
            list.Truncate(left);
        }
    }
}
