using System.Buffers;
using Mapwire.Server.Http;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Web;

/// <summary>
/// The stream of a connection of HTTP/1 that Kestrel reads. What Kestrel cannot parse it refuses by itself, by a status without a body and
/// before anything of ours is asked. Such a refusal is given the reason, and what pages need, that all others have.
/// </summary>
/// <param name="inner">The connection's.</param>
/// <param name="refused">Told of each refusal that Kestrel wrote by itself.</param>
internal sealed class ExplainedStream(DetachedStream inner, Action<Refusal> refused) : DuplexStream
{
    private int _exchanges; // that are being answered: 0 or 1
    private bool _isBehindAnswer = true; // what is read next begins a request
    private bool _isHead;

    /// <summary>A request was read and is answered from here on: what is written is its answer, whatever it begins with.</summary>
    public void BeginExchange() => Volatile.Write(ref _exchanges, 1);

    /// <summary>Its answer was written.</summary>
    public void EndExchange()
    {
        _isBehindAnswer = true;
        _isHead = false;
        Volatile.Write(ref _exchanges, 0);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (count > 0 && _isBehindAnswer)
        {
            _isBehindAnswer = false;
            _isHead = buffer.Span[..count].StartsWith("HEAD "u8); // a head that dribbles in is told with a body, behind which all ends
        }

        return count;
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(
            Volatile.Read(ref _exchanges) == 0 && TryExplain(buffer.Span) is { IsEmpty: false } explained ? explained : buffer,
            cancellationToken);

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    /// <summary>The refusal with its reason, where bytes are one of Kestrel's own; empty where they are anything else.</summary>
    private ReadOnlyMemory<byte> TryExplain(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith("HTTP/1.1 "u8)
            || AnswerHead.TryRead(bytes, out int length) is not { Status: >= 400, ContentLength: 0 } head
            || length != bytes.Length)
        {
            return default;
        }

        Refusal refusal = Refusal.OfUnread(head.Status);
        refused(refusal);
        ArrayBufferWriter<byte> answer = new();
        Answers.WriteRefusal(
            answer, refusal, hasBody: !_isHead, staysOpen: !head.Fields.Contains(("Connection", "close")));
        return answer.WrittenMemory;
    }
}
