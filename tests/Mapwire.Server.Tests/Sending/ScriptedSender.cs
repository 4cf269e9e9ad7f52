using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mapwire.Server.Sending;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

/// <summary>A socket that takes as many bytes of each send as a test tells it to, and keeps them.</summary>
internal sealed class ScriptedSender : ISender
{
    private readonly SafeFileHandle _handle = new(-1, ownsHandle: false);

    public MemoryStream Wire { get; } = new();

    /// <summary>How many bytes the next send takes of the ones offered; negative for a result instead.</summary>
    public Func<long, long> Takes { get; set; } = static offered => offered;

    /// <summary>What a send gives when it takes nothing.</summary>
    public SendResult WhenNothing { get; set; } = SendResult.Blocked;

    public Queue<byte[]> Incoming { get; } = new();

    public SocketError WhenEmpty { get; set; } = SocketError.WouldBlock;

    public int Sends { get; private set; }

    public bool IsDisposed { get; private set; }

    public bool HoldsReceived { get; set; }

    public int UnsentBytes { get; set; }

    /// <summary>How many of the unsent bytes a flush hands on.</summary>
    public Func<int, int> Flushes { get; set; } = static unsent => unsent;

    public SendResult Flush()
    {
        UnsentBytes -= Flushes(UnsentBytes);
        return SendResult.Sent;
    }

    public SafeHandle? Handle => _handle;

    public int Receive(Span<byte> buffer, out SocketError error)
    {
        if (!Incoming.TryDequeue(out byte[]? bytes))
        {
            error = WhenEmpty;
            return 0;
        }

        error = SocketError.Success;
        bytes.CopyTo(buffer);
        return bytes.Length;
    }

    public SendResult Send(GatherList list, out long sent)
    {
        Sends++;
        sent = Math.Min(list.Length, Takes(list.Length));
        if (sent <= 0)
        {
            sent = 0;
            return WhenNothing;
        }

        byte[] bytes = new byte[sent];
        Assert.Equal(sent, list.CopyTo(bytes));
        Wire.Write(bytes);
        return SendResult.Sent;
    }

    public bool HasEndedSending { get; private set; }

    public void EndSending() => HasEndedSending = true;

    public bool IsBroken { get; private set; }

    public void Break()
    {
        Assert.False(IsDisposed, "too late");
        IsBroken = true;
    }

    public void AcknowledgeAtOnce()
    {
    }

    public bool TrySetUnsentLimit(int bytes)
    {
        UnsentLimits.Add(bytes);
        return HasUnsentLimit;
    }

    public bool HasUnsentLimit { get; set; } = true;

    public List<int> UnsentLimits { get; } = [];

    /// <summary>What a sender of a stream would give away.</summary>
    public Func<byte[], DetachedStream>? Detaches { get; set; }

    public DetachedStream Detach(byte[] received) => Detaches!(received);

    public void Dispose() => IsDisposed = true;
}
