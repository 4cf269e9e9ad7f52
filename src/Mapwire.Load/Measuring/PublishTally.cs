namespace Mapwire.Load.Measuring;

/// <summary>What the publishers of one loop did. Written by the loop's thread alone.</summary>
internal sealed class PublishTally
{
    /// <summary>The most reasons that are told apart: a server may say the stream's name in them, and there may be thousands.</summary>
    private const int MaxReasons = 16;

    /// <summary>What other reasons are counted as.</summary>
    private const string Others = "others";

    /// <summary>Publishers whose connect command was accepted.</summary>
    public long Connected;

    /// <summary>Publishers whose publish was accepted.</summary>
    public long Publishing;

    /// <summary>Audio and video messages sent.</summary>
    public long Messages;

    /// <summary>Bytes sent, everything included.</summary>
    public long Bytes;

    /// <summary>Messages that this side began to send more than 100 ms late.</summary>
    public long LateMessages;

    /// <summary>Messages that became due while the server did not take what was sent before.</summary>
    public long HeldMessages;

    /// <summary>Connections that were cut without a word, as was asked for.</summary>
    public long Reconnects;

    /// <summary>Times in which nothing was sent, as was asked for.</summary>
    public long Stalled;

    /// <summary>Jumps of timestamps, as was asked for.</summary>
    public long Jumps;

    /// <summary>Publishes refused, and those ended by the server.</summary>
    public long Refused;

    /// <summary>Why, and how often.</summary>
    public Dictionary<string, long> Refusals { get; } = new(StringComparer.Ordinal);

    /// <summary>Counts a refusal.</summary>
    public void Refuse(string reason)
    {
        Refused++;
        Count(reason, 1);
    }

    /// <summary>Adds what another loop's publishers did, once both have ended.</summary>
    public void Add(PublishTally other)
    {
        Connected += other.Connected;
        Publishing += other.Publishing;
        Messages += other.Messages;
        Bytes += other.Bytes;
        LateMessages += other.LateMessages;
        HeldMessages += other.HeldMessages;
        Reconnects += other.Reconnects;
        Stalled += other.Stalled;
        Jumps += other.Jumps;
        Refused += other.Refused;
        foreach ((string reason, long count) in other.Refusals)
        {
            Count(reason, count);
        }
    }

    private void Count(string reason, long count)
    {
        string key = Refusals.ContainsKey(reason) || Refusals.Count < MaxReasons ? reason : Others;
        Refusals[key] = Refusals.GetValueOrDefault(key) + count;
    }
}
