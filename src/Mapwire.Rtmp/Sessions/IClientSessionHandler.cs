using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Sessions;

/// <summary>What a server tells a player: called from inside <see cref="ClientSession.Receive"/>.</summary>
public interface IClientSessionHandler
{
    /// <summary>The server answered connect.</summary>
    /// <param name="accepted">Whether it was _result; else the connection is of no use.</param>
    /// <param name="status">Code and description.</param>
    void OnConnected(bool accepted, StatusInfo status);

    /// <summary>The server answered another command.</summary>
    /// <param name="transactionId">As the method returned that sent the command.</param>
    /// <param name="succeeded">Whether it was _result; else _error.</param>
    /// <param name="value">The value after the null: of createStream, the message stream's id.</param>
    void OnResult(double transactionId, bool succeeded, AmfValue value);

    /// <summary>onStatus.</summary>
    void OnStatus(uint streamId, StatusInfo status);

    /// <summary>StreamBegin, StreamEOF and the like; pings are answered by the session and not shown.</summary>
    void OnUserControl(UserControl control);

    /// <summary>onMetaData, onPlayStatus and other data.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, unwrapped.</param>
    /// <param name="name">The first value, a string.</param>
    /// <param name="values">The others.</param>
    void OnData(uint streamId, long timestamp, string name, ReadOnlySpan<AmfValue> values);

    /// <summary>Audio or video, whole or (where the options say so) in pieces; those of an aggregate one by one.</summary>
    /// <param name="message">The message or piece; its memory is gone after the call.</param>
    /// <param name="timestamp">Milliseconds, unwrapped.</param>
    void OnMedia(in RtmpMessage message, long timestamp);
}
