using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mapwire.Server.Sending;
using Microsoft.AspNetCore.Http.Features;

namespace Mapwire.Server.Web;

/// <summary>
/// One request of Kestrel's and its answer, to the loop a connection of its own: the loop receives the request's head, and what it sends,
/// copied by guarded reads, is Kestrel's answer. Made for one request; it ends with the answer's last byte.
/// </summary>
internal sealed class ExchangeSender : ISender
{
    /// <summary>What one read of an upgraded connection takes.</summary>
    private const int ReadLength = 4 * 1024;

    private readonly IFeatureCollection _features;
    private readonly ExchangeBudget _budget;
    private readonly bool _isHead;
    private readonly TaskCompletionSource<bool> _whole = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken _aborted;
    private ReadOnlyMemory<byte> _request;
    private byte[] _headBytes = []; // the beginning of an answer's head that has come in parts
    private AnswerHead? _answer;
    private long? _left; // of the body; null where its length is not known
    private Stream? _upgraded;
    private byte[] _incoming = [];
    private Task<int>? _read;
    private Task? _write;

    /// <param name="features">The request's.</param>
    /// <param name="request">Its head as the loop reads it.</param>
    /// <param name="budget">What writes are held in.</param>
    public ExchangeSender(IFeatureCollection features, byte[] request, ExchangeBudget budget)
    {
        _features = features;
        _budget = budget;
        _request = request;
        _isHead = features.GetRequiredFeature<IHttpRequestFeature>().Method == "HEAD";
        _aborted = features.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
    }

    /// <summary>Gives the connection a turn; set before anything else is called. Any thread calls it.</summary>
    public Action OnProgress { get; set; } = static () => { };

    /// <summary>Ends with whether the whole answer was given: false where it was cut short.</summary>
    public Task<bool> WholeAsync => _whole.Task;

    /// <inheritdoc/>
    public SafeHandle? Handle => null;

    private bool IsOver => _whole.Task.IsCompleted;

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer, out SocketError error)
    {
        error = SocketError.Success;
        if (!_request.IsEmpty)
        {
            int taken = Math.Min(buffer.Length, _request.Length);
            _request.Span[..taken].CopyTo(buffer);
            _request = _request[taken..];
            return taken;
        }

        if (IsOver || _aborted.IsCancellationRequested)
        {
            error = SocketError.ConnectionReset; // not the client's half alone: nothing can be said to it any more
            return 0;
        }

        if (Volatile.Read(ref _upgraded) is not { } stream)
        {
            error = SocketError.WouldBlock;
            return 0;
        }

        if (_read is null)
        {
            _incoming = _incoming.Length == 0 ? new byte[ReadLength] : _incoming;
            _read = stream.ReadAsync(_incoming.AsMemory(0, Math.Min(ReadLength, buffer.Length)), _aborted).AsTask();
            CopiedWrite.TurnAfter(_read, OnProgress);
        }

        if (!_read.IsCompleted)
        {
            error = SocketError.WouldBlock;
            return 0;
        }

        Task<int> read = _read;
        _read = null;
        return CopiedWrite.TakeRead(read, _incoming, buffer, out error);
    }

    /// <inheritdoc/>
    public SendResult Send(GatherList list, out long sent)
    {
        sent = 0;
        if (_write is { IsCompleted: false })
        {
            return SendResult.Blocked;
        }

        if (_write is { IsCompletedSuccessfully: false } || IsOver || _aborted.IsCancellationRequested)
        {
            return SendResult.Disconnected;
        }

        int most = _budget.BeginWrite(out int taken);
        if (!CopiedWrite.TryCopy(list, out byte[] buffer, out int length, most))
        {
            _budget.EndWrite(taken);
            return SendResult.SourceLost;
        }

        sent = length;
        _write = WriteAsync(buffer, length, taken);
        CopiedWrite.TurnAfter(_write, OnProgress);
        return SendResult.Sent;
    }

    /// <inheritdoc/>
    public void EndSending() => _ = EndAfterAsync(_write);

    /// <inheritdoc/>
    public void Break()
    {
        // what was given to Kestrel is copied, and an answer that is not whole has its request aborted
    }

    /// <inheritdoc/>
    public void AcknowledgeAtOnce()
    {
        // the socket is Kestrel's
    }

    /// <inheritdoc/>
    public bool TrySetUnsentLimit(int bytes) => false;

    /// <inheritdoc/>
    public DetachedStream Detach(byte[] received) => throw new NotSupportedException("A request of Kestrel's has no socket of its own.");

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!IsOver && _write is { IsCompleted: false })
        {
            _features.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort(); // else the write might wait for its client for ever
        }

        _ = CutAfterAsync(_write); // a write that is under way still uses the answer: the request waits for it
    }

    private async Task EndAfterAsync(Task? write)
    {
        try
        {
            await (write ?? Task.CompletedTask).ConfigureAwait(false);
            End(_answer is not null && _left is null or 0);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            End(isWhole: false);
        }
    }

    private async Task CutAfterAsync(Task? write)
    {
        try
        {
            await (write ?? Task.CompletedTask).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // gone: cut short all the same
        }
        finally
        {
            End(isWhole: false);
        }
    }

    private void End(bool isWhole)
    {
        if (_whole.TrySetResult(isWhole))
        {
            OnProgress();
        }
    }

    private async Task WriteAsync(byte[] buffer, int length, int taken)
    {
        bool isHeld = true;
        try
        {
            ReadOnlyMemory<byte> bytes = buffer.AsMemory(0, length);
            if (_answer is null)
            {
                _answer = TryReadHead(bytes.Span, out int ofHead);
                if (_answer is null)
                {
                    return;
                }

                bytes = bytes[ofHead..];
                await BeginAsync(_answer).ConfigureAwait(false);
            }

            if (_upgraded is { } stream)
            {
                await WriteUpgradedAsync(stream, bytes).ConfigureAwait(false);
            }
            else if (!bytes.IsEmpty)
            {
                PipeWriter body = CopyBody(bytes.Span);
                ArrayPool<byte>.Shared.Return(buffer); // a client that does not read holds one copy, and not two
                isHeld = false;
                await body.FlushAsync(_aborted).ConfigureAwait(false);
            }

            if (_left == 0)
            {
                End(isWhole: true);
            }
        }
        finally
        {
            if (isHeld)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            _budget.EndWrite(taken);
        }
    }

    /// <summary>Reads the head of the answer, which nearly always comes whole with the first bytes; else what has come is kept.</summary>
    /// <param name="bytes">What comes next.</param>
    /// <param name="taken">How many of them are the head's.</param>
    /// <returns>The head; null where more of it is to come.</returns>
    private AnswerHead? TryReadHead(ReadOnlySpan<byte> bytes, out int taken)
    {
        if (_headBytes.Length == 0 && AnswerHead.TryRead(bytes, out taken) is { } whole)
        {
            return whole;
        }

        byte[] all = [.. _headBytes, .. bytes];
        AnswerHead? answer = AnswerHead.TryRead(all, out int end);
        taken = end - _headBytes.Length;
        _headBytes = answer is null ? all : [];
        return answer;
    }

    private async ValueTask WriteUpgradedAsync(Stream stream, ReadOnlyMemory<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            await stream.WriteAsync(bytes, _aborted).ConfigureAwait(false);
            await stream.FlushAsync(_aborted).ConfigureAwait(false);
        }
    }

    private PipeWriter CopyBody(ReadOnlySpan<byte> bytes)
    {
        if (_left is { } left)
        {
            _left = left - bytes.Length;
        }

        PipeWriter body = _features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        body.Write(bytes);
        return body;
    }

    /// <summary>Gives Kestrel the head.</summary>
    private async ValueTask BeginAsync(AnswerHead answer)
    {
        IHttpResponseFeature response = _features.GetRequiredFeature<IHttpResponseFeature>();
        if (answer.Status == 101)
        {
            Stream stream = await AcceptUpgradeAsync(answer, response).ConfigureAwait(false);
            Volatile.Write(ref _upgraded, stream);
            return;
        }

        answer.CopyTo(_features);
        bool hasBody = !_isHead && answer.Status is not (204 or 304);
        _left = hasBody ? answer.ContentLength : 0;
        if (hasBody)
        {
            await _features.GetRequiredFeature<IHttpResponseBodyFeature>().StartAsync(_aborted).ConfigureAwait(false); // sent with the body
        }
    }

    private async ValueTask<Stream> AcceptUpgradeAsync(AnswerHead answer, IHttpResponseFeature response)
    {
        if (_features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            response.StatusCode = 200;
            return await connect.AcceptAsync().ConfigureAwait(false);
        }

        foreach ((string name, string value) in answer.Fields)
        {
            response.Headers[name] = value;
        }

        return await _features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
    }
}
