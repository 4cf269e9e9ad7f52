using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Sessions;

/// <content>
/// Publishing, in the order of encoders: <see cref="SetChunkSize"/>, <see cref="Call"/> of releaseStream and FCPublish,
/// <see cref="CreateStream"/>, <see cref="Publish"/>; when the server has answered NetStream.Publish.Start, metadata, configurations and
/// frames; at the end <see cref="Call"/> of FCUnpublish, and <see cref="DeleteStream"/>.
/// </content>
public sealed partial class ClientSession
{
    /// <summary>Sends publish. The server answers with onStatus: NetStream.Publish.Start, or an error.</summary>
    /// <param name="streamId">The message stream, as createStream was answered.</param>
    /// <param name="publish">The name with what the server wants to know, such as a key, and the type.</param>
    public void Publish(uint streamId, PublishCommand publish)
    {
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        publish.WriteTo(ref writer);
        End(ref writer, streamId);
    }

    /// <summary>Sends the metadata of what is published, which the server keeps for players who come later: @setDataFrame.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="values">AMF0: the name onMetaData, and an ECMA array.</param>
    public void SendDataFrame(uint streamId, uint timestamp, ReadOnlySpan<byte> values)
    {
        Amf0Writer writer = new(stackalloc byte[Scratch]);
        writer.WriteString(CommandNames.SetDataFrame);
        byte[] body = [.. writer.Written, .. values];
        writer.Dispose();
        _writer.Write(StreamChunkStream, timestamp, MessageType.DataAmf0, streamId, body);
    }

    /// <summary>Sends an audio message. Frames that lie elsewhere the caller may put on the wire itself, between two messages.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="body">Codec header and payload.</param>
    public void SendAudio(uint streamId, uint timestamp, ReadOnlySpan<byte> body) =>
        _writer.Write(ChunkStreamIds.Audio, timestamp, MessageType.Audio, streamId, body);

    /// <summary>Sends a video message. Frames that lie elsewhere the caller may put on the wire itself, between two messages.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="body">Codec header and payload.</param>
    public void SendVideo(uint streamId, uint timestamp, ReadOnlySpan<byte> body) =>
        _writer.Write(ChunkStreamIds.Video, timestamp, MessageType.Video, streamId, body);
}
