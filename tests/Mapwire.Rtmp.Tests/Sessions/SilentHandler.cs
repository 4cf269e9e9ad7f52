using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>A handler that keeps nothing, for what is measured in bytes.</summary>
internal sealed class SilentHandler : IServerSessionHandler
{
    /// <summary>Where publishes are accepted; null refuses none and accepts none.</summary>
    public ServerSession? Session { get; set; }

    public int Seeks { get; private set; }

    public int Media { get; private set; }

    public int Data { get; private set; }

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

    public void OnPublish(uint streamId, PublishCommand publish) => Session?.BeginPublish(streamId);

    public void OnUnpublish(string name)
    {
    }

    public void OnMedia(uint streamId, in RtmpMessage message) => Media++;

    public void OnData(uint streamId, uint timestamp, ReadOnlySpan<byte> amf0) => Data++;

    public void OnGetStreamLength(double transactionId, string name)
    {
    }
}
