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

    /// <summary>closeStream or deleteStream: stop what plays there. Also for streams on which nothing does.</summary>
    void OnStreamClosed(uint streamId);

    /// <summary>
    /// getStreamLength: answered, now or later, by <see cref="ServerMessages.SendStreamLength"/> or <see cref="ServerMessages.SendError"/>.
    /// </summary>
    void OnGetStreamLength(double transactionId, string name);
}
