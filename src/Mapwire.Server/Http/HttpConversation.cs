using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Http.Heads;
using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Loop;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http;

/// <summary>
/// HTTP/1.1 on a connection: one request after the other; titles are looked up and opened off the loop. A head that is not understood
/// without a doubt is refused where readers could differ about it, and the connection ends with that; else the connection is given to
/// Kestrel with it (docs/adr/0040-hand-over-to-kestrel.md).
/// </summary>
internal sealed class HttpConversation : IConversation
{
    /// <summary>
    /// What may wait behind the request that is being answered, in bytes: players ask for a few things at once at most. The longest head
    /// fits.
    /// </summary>
    private const int MaxWaiting = ForwardedHeadReader.MaxLength;

    /// <summary>Requests of one connection: the next one is on a new connection, so that none stays for ever.</summary>
    private const int MaxRequests = 10_000;

    /// <summary>
    /// How long a connection is still heard after its last answer, in milliseconds: what closes with unread bytes takes back what it said.
    /// </summary>
    private const long LingerTime = 2_000;

    /// <summary>What is heard and thrown away meanwhile, in bytes.</summary>
    private const long MaxDiscarded = 1024 * 1024;

    /// <summary>How often the file is looked at that a full socket holds pages of, in milliseconds.</summary>
    private const long LookInterval = 500;

    /// <summary>How soon a body that a rate limit holds back is looked at again, in milliseconds.</summary>
    private const long HeldBackTime = 250;

    private readonly HttpContext _context;
    private readonly Connection _connection;
    private readonly WorkerStatistics? _statistics;
    private readonly OtherReader? _other;
    private readonly ControlBuffer _input = new();
    private readonly ControlBuffer _answers = new();
    private readonly HttpClientState _client;
    private CancellationTokenSource? _abandoned;
    private RequestHeadReader _reader;
    private ForwardedHeadReader _forwarded;
    private HttpRequest? _request; // whose answer is being looked up
    private Task? _awaited; // by the request that is next in what was received, or until lately
    private Action? _onThere;
    [SuppressMessage("Performance", "CA1859", Justification = "Streams that end by themselves are bodies, too.")]
    private IBody? _body;
    private bool _isEnding; // what was asked last is the last
    private bool _isHeldBack;
    private bool _isHeadUnsent; // of the answer at hand, to the last byte
    private bool _isAbandoned;
    private int _requests;
    private int _gatheredAnswers;
    private long _since; // the connection is idle, or a head has begun; once it lingers, since when
    private bool _lingers;
    private long _discarded;
    private long _counted; // bytes in the statistics
    private int _held; // of what the server holds for this client
    private int _own; // bytes that were made for the answer at hand alone
    private Viewer? _viewer; // who is sent the answer at hand
    private readonly bool _isClient; // and no request of one alone

    /// <param name="context">What all HTTP conversations share.</param>
    /// <param name="connection">Whose conversation this is.</param>
    /// <param name="statistics">The worker's; null for none.</param>
    /// <param name="other">Who is given the connection where its requests are not read here; null for nobody, who refuses them.</param>
    /// <param name="client">What is known of the client from its other requests; null for nothing.</param>
    public HttpConversation(
        HttpContext context, Connection connection, WorkerStatistics? statistics, OtherReader? other = null,
        HttpClientState? client = null)
    {
        _context = context;
        _connection = connection;
        _statistics = statistics;
        _other = other;
        _client = client ?? new HttpClientState();
        _isClient = client is null;
        _since = connection.Now;
    }

    /// <inheritdoc/>
    public bool IsUrgent { get; private set; }

    /// <inheritdoc/>
    /// <remarks>A request is answered whole; who wants something else closes the connection.</remarks>
    public bool IsInterruptible => false;

    /// <inheritdoc/>
    /// <remarks>Whole requests that wait are read behind the answer at hand; the beginning of one is never a request.</remarks>
    public bool IsAnswering => IsBusy || _connection.IsSending;

    private bool IsBusy =>
        _request is not null || _body is not null || _answers.Length > 0 || _awaited is { IsCompleted: false };

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        if (_isEnding)
        {
            _discarded += bytes.Length;
            if (_discarded > MaxDiscarded)
            {
                _connection.Close(CloseReason.Answered);
            }

            return;
        }

        if (_input.Length == 0 && !IsBusy && _requests > 0)
        {
            _since = _connection.Now;
        }

        bytes.CopyTo(_input.GetSpan(bytes.Length));
        _input.Advance(bytes.Length);
        ReadRequests();
        if (_isAbandoned || CloseWhenOverBudget())
        {
            return;
        }

        if (_input.Length > MaxWaiting)
        {
            _connection.Close(CloseReason.TooManyRequests);
        }
    }

    /// <summary>All that the client makes the server hold counts together, with that of others of its address.</summary>
    private bool CloseWhenOverBudget()
    {
        int own = _input.Length + _answers.Length;
        if (_context.TryHold(_connection.Peer, ref _held, (int)Math.Min((long)own + _own, int.MaxValue), own))
        {
            return false;
        }

        _connection.Close(CloseReason.TooManyRequests);
        return true;
    }

    /// <inheritdoc/>
    public void Gather(GatherList list, long most)
    {
        _gatheredAnswers = _answers.AddTo(list);
        _isHeldBack = most <= 0;
        if (_gatheredAnswers < _answers.Length || _body is not { } body || _isHeldBack)
        {
            return;
        }

        body.Gather(list, most, _connection.Now);
        if (list.Length == 0 && body.IsOver)
        {
            Advance(0); // what grew has come to its end
            return;
        }

        if (body.LostReason is { } reason)
        {
            if (_isHeadUnsent)
            {
                RefuseInstead(reason, list);
                return;
            }

            // The length is announced: nothing but the end of the connection tells the client that this is not all.
            Log.BodyLost(_context.Log, _connection.Peer, reason);
            _connection.Close(CloseReason.SourceLost);
        }
    }

    /// <inheritdoc/>
    public void Advance(long sent)
    {
        int ofAnswers = (int)Math.Min(sent, _gatheredAnswers);
        _answers.Consume(ofAnswers);
        _viewer?.Sent(sent);
        _isHeadUnsent &= sent == 0;
        if (_body is { } body)
        {
            body.Advance(sent - ofAnswers);
            IsUrgent |= sent > ofAnswers;
            if (body.IsOver)
            {
                body.Release();
                _body = null;
                _own = 0;
                EndWatching();
            }
        }

        if (IsBusy)
        {
            return;
        }

        _since = _connection.Now;
        if (_isEnding)
        {
            _lingers = true;
            _connection.EndSending();
        }
        else
        {
            ReadRequests();
        }
    }

    /// <inheritdoc/>
    public Wake Next(long now)
    {
        CountBytes();
        if (CloseWhenOverBudget())
        {
            return new Wake(now);
        }

        if (_request is not null || _awaited is not null)
        {
            return new Wake(TimerWheel.Never); // opening, and what is awaited, have bounds of their own
        }

        if (_body is { } body)
        {
            return new Wake(_isHeldBack ? now + HeldBackTime : body.NextTurn(now));
        }

        return _answers.Length > 0 ? new Wake(TimerWheel.Never)
            : _lingers ? new Wake(_since + LingerTime, CloseReason.Answered)
            : _input.Length > 0 || _requests == 0
            ? new Wake(_since + (long)_context.HeadTimeout.TotalMilliseconds, CloseReason.HandshakeTimeout)
            : new Wake(_since + (long)_context.IdleTimeout.TotalMilliseconds, CloseReason.Idle);
    }

    /// <inheritdoc/>
    public Wake NextWhileBlocked(long now)
    {
        if (_body is not { } body || _isHeadUnsent)
        {
            return new Wake(TimerWheel.Never);
        }

        if (body.FindLost() is not { } reason)
        {
            return new Wake(now + LookInterval);
        }

        Log.BodyLost(_context.Log, _connection.Peer, reason);
        return new Wake(now, CloseReason.SourceLost);
    }

    /// <inheritdoc/>
    public void SayGoodbye()
    {
        // The end of the connection says it.
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        CountBytes();
        EndWatching();
        if (_isClient)
        {
            _client.End();
        }

        _isAbandoned = true;
        _abandoned?.Cancel();
        _body?.Release();
        _body = null;
        _input.Release();
        _answers.Release();
        _context.Held.Count(_connection.Peer, ref _held, 0);
    }

    private void CountBytes()
    {
        _statistics?.Sent(_connection.BytesSent - _counted);
        _counted = _connection.BytesSent;
    }

    private void ReadRequests()
    {
        while (!IsBusy && !_isEnding && !_isAbandoned && _input.Length > 0)
        {
            if (_other is { TakesAll: true })
            {
                HandOver(_other);
                return;
            }

            switch (_reader.Read(_input.Pending, out RequestHead head))
            {
                case HeadStatus.Incomplete:
                    return;
                case HeadStatus.Foreign when _other is not null && OtherReader.Reads(_reader.Reason):
                    HandOverWhole(_other);
                    return;
                case HeadStatus.Foreign:
                    RefuseForeign(_reader.Reason);
                    return;
                default:
                    int length = head.Length;
                    if (!TryBegin(head) || _isAbandoned)
                    {
                        return; // it is read again, or another conversation goes on
                    }

                    _input.Consume(length);
                    break;
            }
        }
    }

    /// <summary>Gives the connection away once the head is whole and of a form that the other reader takes; refuses it otherwise.</summary>
    private void HandOverWhole(OtherReader other)
    {
        ReadOnlySpan<byte> preface = OtherReader.PrefaceStart;
        if (_input.Pending.StartsWith(preface) || preface.StartsWith(_input.Pending))
        {
            HandOver(other);
            return;
        }

        switch (_forwarded.Read(_input.Pending, out ForeignReason reason))
        {
            case HeadStatus.Simple:
                HandOver(other);
                break;
            case HeadStatus.Foreign:
                RefuseForeign(reason);
                break;
        }
    }

    private void RefuseForeign(ForeignReason reason)
    {
        _isEnding = true;
        Refuse(Refusal.Of(_input.Pending, reason), hasBody: !_input.Pending.StartsWith("HEAD "u8), null);
        _input.Release();
    }

    /// <summary>Gives the connection away with what was received, once it is known which version of HTTP is spoken.</summary>
    private void HandOver(OtherReader other)
    {
        ReadOnlySpan<byte> received = _input.Pending;
        ReadOnlySpan<byte> preface = OtherReader.PrefaceStart;
        if (received.Length < preface.Length && preface.StartsWith(received))
        {
            return; // HTTP/2 begins so
        }

        bool isHttp2 = received.StartsWith(preface);
        if (_connection.Detach(received) is { } detached)
        {
            other.Take(detached, isHttp2);
        }
    }

    /// <summary>Begins with the next request.</summary>
    /// <returns>False where what it asks for has not come: it is read again then.</returns>
    private bool TryBegin(in RequestHead head)
    {
        Task? awaited = _awaited;
        _awaited = null;
        _requests += awaited is null ? 1 : 0;
        _isEnding = !head.IsKeepAlive || _requests >= MaxRequests;
        bool hasBody = head.Method != RequestMethod.Head;
        if (!RequestTarget.TryParse(head.Target, out RequestTarget? target, out TargetRefusal refusal))
        {
            Refuse(new Refusal(400, $"the path is not understood: {RequestFaults.Of(refusal)}"), hasBody, null);
            return true;
        }

        if (head.Method == RequestMethod.Options)
        {
            Answers.WriteOptions(_answers, staysOpen: !_isEnding);
            return true;
        }

        if (!Route.TryFind(target, _context.Application, _context.IsLive, out Route? route))
        {
            Refuse(PathFaults.Of(_context, target), hasBody, target);
            return true;
        }

        if (awaited is { Exception: { } late })
        {
            Refuse(Refusal.Of(late.GetBaseException()), hasBody, target);
            return true;
        }

        if (awaited is null && Opening.WhenThere(_context, route, target.Query) is { } there)
        {
            _awaited = there;
            there.GetAwaiter().UnsafeOnCompleted(_onThere ??= () => _connection.Post(ReadAgain));
            return false;
        }

        Begin(head, target, route);
        return true;
    }

    /// <summary>What the next request waited for has come, or will not.</summary>
    private void ReadAgain()
    {
        if (!_isAbandoned && _awaited is not null)
        {
            _isEnding = false;
            ReadRequests();
        }
    }

    private void Begin(in RequestHead head, RequestTarget target, Route route)
    {
        HttpRequest request = new(head.Method, target, route, !_isEnding, []) { TakesChunks = _isClient };
        if (route.Kind == ResourceKind.Flv)
        {
            request = request with { Bytes = _input.Pending[..head.Length].ToArray() };
            BecomeViewer(request, _input.Pending[head.Length..].ToArray());
            return;
        }

        _abandoned ??= new CancellationTokenSource();
        Task<Resource> opening = CodedResource.ApplyAsync(
            _context,
            Opening.OpenAsync(_context, route, target.Query, (_connection.Peer as IPEndPoint)?.Address, _abandoned.Token),
            ContentCodings.Choose(head),
            (_connection.Peer as IPEndPoint)?.Address,
            _abandoned.Token);
        if (opening.IsCompleted && !AwaitsFlv(request, opening))
        {
            Answer(request, RequestConditions.From(head), opening);
            return;
        }

        request = request with { Bytes = _input.Pending[..head.Length].ToArray() };
        _request = request; // one that is over already is gone on with in the next turn, when its head is out of the input
        opening.ContinueWith(
            done => _connection.Post(() => ComeBack(request, done)),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void ComeBack(HttpRequest request, Task<Resource> opening)
    {
        _request = null;
        if (!_isAbandoned && AwaitsFlv(request, opening))
        {
            _ = opening.Exception; // seen
            BecomeViewer(request with { Route = request.Route.OfLive! }, _input.Pending.ToArray());
        }
        else if (!_isAbandoned)
        {
            Answer(request, RequestConditions.From(request.ReadHead()), opening);
            ReadRequests(); // where nothing is to be sent, such as behind a connection that is gone
        }
        else if (opening.IsCompletedSuccessfully)
        {
            opening.Result.Release();
        }
        else
        {
            _ = opening.Exception;
        }
    }

    /// <summary>Whether there is no file at a path that may be FLV of a live stream, which is waited for.</summary>
    private bool AwaitsFlv(HttpRequest request, Task<Resource> opening) =>
        request.Route.OfLive is { Kind: ResourceKind.Flv } live
        && opening.Exception?.GetBaseException() is TitleException { Error: TitleError.NotFound }
        && _context.Players.MayBecomeLive(PlayName.Exactly(live.Title));

    /// <summary>Goes on as a viewer of FLV.</summary>
    /// <param name="request">For it, with its head.</param>
    /// <param name="rest">What was received behind it.</param>
    private void BecomeViewer(HttpRequest request, byte[] rest)
    {
        FlvConversation viewer = new(_context, _connection, _statistics, request);
        _connection.Replace(viewer);
        viewer.Receive(rest);
    }

    private void Answer(HttpRequest request, in RequestConditions conditions, Task<Resource> opening)
    {
        if (!opening.IsCompletedSuccessfully)
        {
            Exception fault = opening.Exception?.GetBaseException() ?? new OperationCanceledException();
            Refusal refusal = Refusal.Of(fault);
            if (refusal.Status == 500)
            {
                Log.InternalError(_context.Log, _connection.Peer, fault);
            }

            Refuse(refusal, request.HasBody, request.Target);
            return;
        }

        Resource resource = opening.Result;
        bool isHeld = true;
        try
        {
            if (resource.IsGrowing || resource.IsEndless)
            {
                isHeld = !AnswerEndless(request, resource);
                return;
            }

            BodyPlan plan = BodyPlan.Create(
                request.Method, conditions, resource.Representation, resource.ContentType, DateTimeOffset.UtcNow,
                conditions.Range.Contains((byte)',') ? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) : 0);
            if (plan.IsMultipart && resource.Body.IsMadeWhileSent)
            {
                // Each part would be made for each range of it, on the loop.
                plan = BodyPlan.Create(
                    request.Method, conditions.WithoutRange(), resource.Representation, resource.ContentType, DateTimeOffset.UtcNow, 0);
            }

            if (request.HasBody && plan.Parts.Length > 0 && Watch(resource, plan.Parts[0].Offset) is { } refusal)
            {
                Refuse(refusal, hasBody: true, request.Target);
                return;
            }

            Answers.WriteMedia(
                _answers, plan, resource.Representation, resource.CacheControl, request.HasBody, request.StaysOpen, resource.Coding,
                isNegotiated: resource.Coding is not null || CodedResource.IsCompressible(resource), resource.Policy);
            if (request.HasBody && plan.Parts.Length > 0)
            {
                _body = new BodyCursor(resource, resource.Cut(plan), Wake);
                _own = resource.Body.OwnBytes;
                _isHeadUnsent = true;
                isHeld = false;
            }
        }
        finally
        {
            if (isHeld)
            {
                resource.Release();
            }
        }
    }

    /// <summary>Answers with what is being written or begins again, whose length nobody knows: it ends with the connection.</summary>
    /// <returns>Whether the resource is the body's now.</returns>
    private bool AnswerEndless(HttpRequest request, Resource resource)
    {
        if (request.HasBody && Watch(resource, 0) is { } refusal)
        {
            Refuse(refusal, hasBody: true, request.Target);
            return false;
        }

        _isEnding = true;
        bool isChunked = request is { HasBody: true, TakesChunks: true };
        Answers.WriteEndless(_answers, resource.ContentType, isChunked);
        if (!request.HasBody)
        {
            return false;
        }

        IBody body = resource.CreateBody is { } create ? create(Wake)
            : resource.IsEndless ? new LoopingStream(resource, Wake)
            : new GrowingStream(
            resource,
            cancellation => Opening.OpenAsync(
                _context, request.Route, request.Target.Query, (_connection.Peer as IPEndPoint)?.Address, cancellation),
            Wake);
        _body = isChunked ? new ChunkedBody(body) : body;
        _isHeadUnsent = true;
        return true;
    }

    /// <summary>Says why there is no body where nothing was said yet.</summary>
    private void RefuseInstead(string reason, GatherList list)
    {
        list.Clear();
        _answers.Release();
        _body!.Release();
        _body = null;
        EndWatching();
        Refuse(new Refusal(503, reason), hasBody: true, null);
        _gatheredAnswers = _answers.AddTo(list);
    }

    /// <summary>Counts who asks among the players, where they do it to watch, unless they are one too many.</summary>
    private Refusal? Watch(Resource resource, long from)
    {
        if (resource.Watched is not { } part)
        {
            return null;
        }

        _viewer = _context.Viewers.TryBegin(
            part, from, resource.Body.Length, _connection.Peer, _client.NumberIn(_context), _connection.Now, out bool isNew,
            out string? reason);
        if (_viewer is { Key.Kind: ViewerKind.Connection })
        {
            _client.Keep(_viewer, _context.Viewers);
        }

        if (isNew)
        {
            _statistics?.Played(1);
            Log.Watching(_context.Log, _connection.Peer, part.Title.Name, _viewer!.Protocol);
        }

        return reason is null ? null : new Refusal(503, reason);
    }

    private void EndWatching()
    {
        _viewer?.EndRequest(_connection.Now);
        _viewer = null;
    }

    /// <summary>What the body waits for has come: any thread says so.</summary>
    private void Wake() => _connection.Post(static () => { });

    private void Refuse(Refusal refusal, bool hasBody, RequestTarget? target)
    {
        if (refusal.Location is null && _client.Lines.TryTake(_connection.Now, out int leftOut))
        {
            if (leftOut > 0)
            {
                Log.LinesLeftOut(_context.Log, _connection.Peer, leftOut);
            }

            if (target is null)
            {
                Log.UnreadRequestRefused(_context.Log, _connection.Peer, refusal.Status, refusal.Reason);
            }
            else
            {
                Log.RequestRefused(_context.Log, _connection.Peer, target.Path, refusal.Status, refusal.Reason);
            }
        }

        Answers.WriteRefusal(_answers, refusal, hasBody, staysOpen: !_isEnding);
    }
}
