using System.Net;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Web;

/// <summary>Within what the requests of Kestrel's connections are answered side by side.</summary>
/// <param name="MaxBytes">What one connection may make the server hold, in bytes.</param>
/// <param name="Option">What that limit is called where it is set.</param>
/// <param name="Held">What all connections make the server hold.</param>
internal sealed record ExchangeLimits(long MaxBytes, string Option, HeldBytes Held)
{
    /// <summary>
    /// How many requests of one connection may be answered at once: the least that each of them holds takes three quarters of what the
    /// connection may hold, and the rest is for writes that are longer and heads that are large.
    /// </summary>
    public int MaxExchanges => (int)Math.Clamp(MaxBytes * 3 / 4 / ExchangeBudget.ExchangeBytes, 1, 100);
}

/// <summary>
/// What the requests of one of Kestrel's connections make the server hold while they are answered: HTTP/2 has many of them at once, and
/// their client need not read a byte. Any thread may call it.
/// </summary>
/// <param name="limits">Of all connections.</param>
/// <param name="peer">Who makes the server hold it.</param>
internal sealed class ExchangeBudget(ExchangeLimits limits, EndPoint? peer)
{
    /// <summary>
    /// What one write takes that has room, in bytes: a change of threads each, which is dear in less.
    /// </summary>
    private const int MaxWrite = CopiedWrite.MaxLength;

    /// <summary>What one write takes always: a frame of HTTP/2 and a record of TLS are as long.</summary>
    private const int MinWrite = 16 * 1024;

    /// <summary>What is held for a request beside the write at hand, in bytes, as measured; fields of usual length are in it.</summary>
    private const int ObjectBytes = 16 * 1024;

    /// <summary>What the fields of usual requests take at most, in bytes.</summary>
    private const int UsualFields = 2 * 1024;

    /// <summary>The least that is held for a request.</summary>
    public const int ExchangeBytes = ObjectBytes + MinWrite;

    private readonly Lock _gate = new();
    private int _exchanges;
    private int _held;
    private int _counted; // of it, with what the others of the address hold, and all
    private bool _wasRefused;

    /// <summary>Begins to answer a request.</summary>
    /// <param name="ofFields">What its fields take, in bytes.</param>
    /// <param name="reason">Why it is refused; null where it is not.</param>
    /// <param name="isFirst">Whether it is the first that is refused of this connection.</param>
    /// <returns>What is to be given back by <see cref="End"/>; 0 where it is refused.</returns>
    public int TryBegin(int ofFields, out string? reason, out bool isFirst)
    {
        int bytes = ExchangeBytes + Math.Max(0, ofFields - UsualFields);
        lock (_gate)
        {
            _exchanges++;
            reason = TryHold(bytes);
            isFirst = reason is not null && !_wasRefused;
            _wasRefused |= reason is not null;
            if (reason is not null)
            {
                _exchanges--;
            }

            return reason is null ? bytes : 0;
        }
    }

    /// <summary>The answer is over.</summary>
    /// <param name="bytes">What was held for it.</param>
    public void End(int bytes)
    {
        lock (_gate)
        {
            _exchanges--;
            Hold(-bytes);
        }
    }

    /// <summary>Takes room for a write.</summary>
    /// <param name="more">What of it is to be given back by <see cref="EndWrite"/>.</param>
    /// <returns>How much may be written, in bytes.</returns>
    public int BeginWrite(out int more)
    {
        lock (_gate)
        {
            more = TryHold(MaxWrite - MinWrite) is null ? MaxWrite - MinWrite : 0;
            return MinWrite + more;
        }
    }

    /// <summary>A write is over.</summary>
    /// <param name="more">What was taken for it.</param>
    public void EndWrite(int more)
    {
        if (more > 0)
        {
            lock (_gate)
            {
                Hold(-more);
            }
        }
    }

    /// <summary>Holds more, where the requests that the client was told of still have room beside it.</summary>
    private string? TryHold(int bytes)
    {
        long others = (long)Math.Max(0, limits.MaxExchanges - _exchanges) * ExchangeBytes;
        if (_held + bytes + others > limits.MaxBytes)
        {
            return $"its connection holds {_held} bytes, and no {bytes} more fit the {limits.MaxBytes} of {limits.Option}";
        }

        string? reason = Hold(bytes);
        if (reason is not null)
        {
            Hold(-bytes);
        }

        return reason;
    }

    private string? Hold(int bytes)
    {
        _held += bytes;
        return limits.Held.Count(peer, ref _counted, _held);
    }
}
