using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Sessions;

/// <summary>
/// What a client asks of the server: called from inside <see cref="ServerSession.Receive"/>, answered by the session's Send methods.
/// </summary>
/// <remarks>Message stream ids passed here are of streams that the client created and did not delete.</remarks>
public interface IServerSessionHandler
{
    /// <summary>connect: the client wants this application.</summary>
    /// <param name="connect">The command, with all its properties.</param>
    /// <returns>Null accepts it; else why not, sent with NetConnection.Connect.Rejected. Close then:
    /// <see cref="ServerSession.IsClosing"/>.</returns>
    string? OnConnect(ConnectCommand connect);

    /// <summary>play.</summary>
    void OnPlay(uint streamId, PlayCommand play);

    /// <summary>play2.</summary>
    void OnPlay2(uint streamId, Play2Command play2);

    /// <summary>seek, to a time that is finite and not negative.</summary>
    void OnSeek(uint streamId, double milliseconds);

    /// <summary>pause, pauseRaw.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="paused">false plays on.</param>
    /// <param name="milliseconds">The client's own position, finite and not negative.</param>
    void OnPause(uint streamId, bool paused, double milliseconds);

    /// <summary>receiveAudio.</summary>
    void OnReceiveAudio(uint streamId, bool receive);

    /// <summary>receiveVideo.</summary>
    void OnReceiveVideo(uint streamId, bool receive);

    /// <summary>Set Buffer Length; may come before play.</summary>
    void OnBufferLength(uint streamId, uint milliseconds);

    /// <summary>
    /// closeStream or deleteStream: stop what plays or is published there. Also for streams on which nothing is. A publish that was not
    /// answered yet is forgotten.
    /// </summary>
    void OnStreamClosed(uint streamId);

    /// <summary>
    /// publish, on a stream that neither plays nor publishes: answered, now or later, by <see cref="ServerSession.BeginPublish"/> or
    /// <see cref="ServerSession.RefusePublish"/>.
    /// </summary>
    void OnPublish(uint streamId, PublishCommand publish);

    /// <summary>
    /// FCUnpublish: the client is done with a name, on whichever stream it published that. Anything may stand there, such as a name that
    /// it never published.
    /// </summary>
    void OnUnpublish(string name);

    /// <summary>Audio or video of a stream that publishes, a whole message; parts of an aggregate come one by one.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="message">Valid until the handler returns. Its body may be empty, or anything else.</param>
    void OnMedia(uint streamId, in RtmpMessage message);

    /// <summary>Data of a stream that publishes, such as onMetaData.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="amf0">
    /// AMF0 values as they came, not parsed, without @setDataFrame in front: mostly a name and what belongs to it. Valid until the handler
    /// returns.
    /// </param>
    void OnData(uint streamId, uint timestamp, ReadOnlySpan<byte> amf0);

    /// <summary>
    /// getStreamLength: answered, now or later, by <see cref="ServerMessages.SendStreamLength"/> or <see cref="ServerMessages.SendError"/>.
    /// </summary>
    void OnGetStreamLength(double transactionId, string name);
}
