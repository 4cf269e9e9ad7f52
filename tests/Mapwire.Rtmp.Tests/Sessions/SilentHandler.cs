using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>A handler that keeps nothing, for what is measured in bytes.</summary>
internal sealed class SilentHandler : IServerSessionHandler
{
    public int Seeks { get; private set; }

    public string? OnConnect(ConnectCommand connect) => null;

    public void OnPlay(uint streamId, PlayCommand play)
    {
    }

    public void OnPlay2(uint streamId, Play2Command play2)
    {
    }

    public void OnSeek(uint streamId, double milliseconds) => Seeks++;

    public void OnPause(uint streamId, bool paused, double milliseconds)
    {
    }

    public void OnReceiveAudio(uint streamId, bool receive)
    {
    }

    public void OnReceiveVideo(uint streamId, bool receive)
    {
    }

    public void OnBufferLength(uint streamId, uint milliseconds)
    {
    }

    public void OnStreamClosed(uint streamId)
    {
    }

    public void OnGetStreamLength(double transactionId, string name)
    {
    }
}
