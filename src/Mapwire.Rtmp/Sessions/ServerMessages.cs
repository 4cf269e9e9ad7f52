using System.Buffers;
using System.Collections.Immutable;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Sessions;

/// <summary>What a server says to one client. Each method writes one whole message to the output, at once.</summary>
public abstract class ServerMessages
{
    // Enough for every answer without a film's metadata in it.
    private const int Scratch = 512;

    private readonly ChunkWriter _writer;

    private protected ServerMessages(IBufferWriter<byte> output) => _writer = new ChunkWriter(output);

    /// <summary>Bytes of payload in a chunk that goes to the client: 128 until connect was accepted, then the option's.</summary>
    public int OutgoingChunkSize => _writer.ChunkSize;

    private protected IBufferWriter<byte> Output => _writer.Output;

    /// <summary>Whether commands go as type 17, as the client's objectEncoding asked.</summary>
    private protected bool UsesAmf3 { get; set; }

    /// <summary>Sends onStatus on a message stream.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="level">status, warning or error; see <see cref="StatusCodes"/>.</param>
    /// <param name="code">Such as NetStream.Play.Start.</param>
    /// <param name="description">One sentence for people. ffmpeg and librtmp show it when the level is error.</param>
    /// <param name="details">details: usually the stream's name; null leaves it out.</param>
    public void SendStatus(uint streamId, string level, string code, string description, string? details = null)
    {
        Amf0Writer writer = new(stackalloc byte[Scratch]);
        BeginCommand(ref writer, CommandNames.OnStatus, 0);
        writer.WriteNull();
        writer.WriteObject();
        new StatusInfo(level, code, description, details).WriteProperties(ref writer);
        writer.WriteEnd();
        EndCommand(ref writer, streamId);
    }

    /// <summary>Sends StreamBegin.</summary>
    public void SendStreamBegin(uint streamId) => SendUserControl(new UserControl(UserControlEvent.StreamBegin, streamId));

    /// <summary>Sends StreamEOF: the last of a stream, for some players stop at once.</summary>
    public void SendStreamEof(uint streamId) => SendUserControl(new UserControl(UserControlEvent.StreamEof, streamId));

    /// <summary>Sends StreamDry.</summary>
    public void SendStreamDry(uint streamId) => SendUserControl(new UserControl(UserControlEvent.StreamDry, streamId));

    /// <summary>Sends StreamIsRecorded.</summary>
    public void SendStreamIsRecorded(uint streamId) => SendUserControl(new UserControl(UserControlEvent.StreamIsRecorded, streamId));

    /// <summary>Sends BufferEmpty.</summary>
    public void SendBufferEmpty(uint streamId) => SendUserControl(new UserControl(UserControlEvent.BufferEmpty, streamId));

    /// <summary>Sends BufferReady.</summary>
    public void SendBufferReady(uint streamId) => SendUserControl(new UserControl(UserControlEvent.BufferReady, streamId));

    /// <summary>Sends a ping; the answer shows in <see cref="ServerSession.LastPong"/>.</summary>
    /// <param name="time">Milliseconds of the server's clock, to come back.</param>
    public void SendPing(uint time) => SendUserControl(new UserControl(UserControlEvent.PingRequest, time));

    /// <summary>Sends a data message of AMF0 values that are written already.</summary>
    /// <remarks>
    /// Data goes as AMF0 (type 18) also to clients of AMF3: each of them reads it, and librtmp drops type 15.
    /// </remarks>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="values">AMF0: a name and what belongs to it, such as onMetaData and an ECMA array.</param>
    public void SendData(uint streamId, uint timestamp, ReadOnlySpan<byte> values) =>
        _writer.Write(ChunkStreamIds.Stream, timestamp, MessageType.DataAmf0, streamId, values);

    /// <summary>Sends an audio message, such as a sequence header; samples the caller puts on the wire itself.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="body">Codec header and payload.</param>
    public void SendAudio(uint streamId, uint timestamp, ReadOnlySpan<byte> body) =>
        _writer.Write(ChunkStreamIds.Audio, timestamp, MessageType.Audio, streamId, body);

    /// <summary>Sends a video message, such as a sequence header; samples the caller puts on the wire itself.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="body">Codec header and payload.</param>
    public void SendVideo(uint streamId, uint timestamp, ReadOnlySpan<byte> body) =>
        _writer.Write(ChunkStreamIds.Video, timestamp, MessageType.Video, streamId, body);

    /// <summary>Sends a data message.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="name">Such as onMetaData.</param>
    /// <param name="values">What belongs to it.</param>
    public void SendData(uint streamId, uint timestamp, string name, params ReadOnlySpan<AmfValue> values)
    {
        Amf0Writer writer = new(stackalloc byte[Scratch]);
        writer.WriteString(name);
        foreach (AmfValue value in values)
        {
            writer.WriteValue(value);
        }

        SendData(streamId, timestamp, writer.Written);
        writer.Dispose();
    }

    /// <summary>Sends onMetaData.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="metadata">An ECMA array: ffmpeg passes over an object.</param>
    /// <exception cref="ArgumentException">It is no ECMA array.</exception>
    public void SendMetadata(uint streamId, uint timestamp, AmfValue metadata)
    {
        if (metadata.Kind != AmfKind.EcmaArray)
        {
            throw new ArgumentException("Metadata is an ECMA array.", nameof(metadata));
        }

        SendData(streamId, timestamp, CommandNames.OnMetaData, metadata);
    }

    /// <summary>Sends |RtmpSampleAccess: whether a Flash player may look into the samples.</summary>
    public void SendSampleAccess(uint streamId, uint timestamp, bool audio, bool video) =>
        SendData(streamId, timestamp, CommandNames.RtmpSampleAccess, AmfValue.Boolean(audio), AmfValue.Boolean(video));

    /// <summary>Sends onPlayStatus with NetStream.Play.Complete: all of the stream was sent.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds of the end, modulo 2^32.</param>
    /// <param name="durationSeconds">What was played.</param>
    /// <param name="bytes">What was sent.</param>
    public void SendPlayComplete(uint streamId, uint timestamp, double durationSeconds, long bytes)
    {
        Amf0Writer writer = new(stackalloc byte[Scratch]);
        writer.WriteString(CommandNames.OnPlayStatus);
        writer.WriteObject();
        writer.WriteProperty("level", StatusCodes.Status);
        writer.WriteProperty("code", StatusCodes.PlayComplete);
        writer.WriteProperty("duration", durationSeconds);
        writer.WriteProperty("bytes", bytes);
        writer.WriteEnd();
        SendData(streamId, timestamp, writer.Written);
        writer.Dispose();
    }

    /// <summary>Sends onPlayStatus without figures, such as NetStream.Play.Switch: the next of a playlist begins.</summary>
    /// <param name="streamId">The message stream.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="code">What happens.</param>
    public void SendPlayStatus(uint streamId, uint timestamp, string code) => SendData(
        streamId,
        timestamp,
        CommandNames.OnPlayStatus,
        AmfValue.Object(("level", AmfValue.String(StatusCodes.Status)), ("code", AmfValue.String(code))));

    /// <summary>Answers getStreamLength.</summary>
    /// <param name="transactionId">As the handler was given.</param>
    /// <param name="seconds">The stream's duration.</param>
    public void SendStreamLength(double transactionId, double seconds) => SendResult(transactionId, AmfValue.Number(seconds));

    /// <summary>Answers a command with _result, null and a value.</summary>
    public void SendResult(double transactionId, AmfValue value)
    {
        Amf0Writer writer = new(stackalloc byte[Scratch]);
        BeginCommand(ref writer, CommandNames.Result, transactionId);
        writer.WriteNull();
        writer.WriteValue(value);
        EndCommand(ref writer, 0);
    }

    /// <summary>Answers a command with _error, null and an object of level error. ffmpeg gives up at most of them.</summary>
    public void SendError(double transactionId, string code, string description) =>
        Answer(CommandNames.Error, transactionId, new StatusInfo(StatusCodes.Error, code, description));

    /// <summary>
    /// Asks the client to connect again (Enhanced RTMP v2, "Reconnect Request"); only clients whose capabilities have
    /// <see cref="EnhancedCapabilities.Reconnect"/> understand.
    /// </summary>
    /// <param name="tcUrl">Where to; null is where it is now.</param>
    /// <param name="description">One sentence for people.</param>
    public void SendReconnectRequest(string? tcUrl, string description)
    {
        Amf0Writer writer = new(stackalloc byte[Scratch]);
        BeginCommand(ref writer, CommandNames.OnStatus, 0);
        writer.WriteNull();
        writer.WriteObject();
        if (tcUrl is not null)
        {
            writer.WriteProperty("tcUrl", tcUrl);
        }

        new StatusInfo(StatusCodes.Status, StatusCodes.ConnectReconnectRequest, description).WriteProperties(ref writer);
        writer.WriteEnd();
        EndCommand(ref writer, 0);
    }

    private protected void Answer(string name, double transactionId, StatusInfo status)
    {
        Amf0Writer writer = new(stackalloc byte[Scratch]);
        BeginCommand(ref writer, name, transactionId);
        writer.WriteNull();
        writer.WriteObject();
        status.WriteProperties(ref writer);
        writer.WriteEnd();
        EndCommand(ref writer, 0);
    }

    /// <summary>Sends onFCPublish, on the connection itself as Flash Media Server does.</summary>
    private protected void SendFCPublish(StatusInfo status) => Answer(CommandNames.OnFCPublish, 0, status);

    private protected void AnswerConnect(ConnectCommand connect, ServerSessionOptions options)
    {
        SendControl(new ProtocolControl(MessageType.WindowAcknowledgementSize, options.WindowAcknowledgementSize));
        SendControl(new ProtocolControl(MessageType.SetPeerBandwidth, options.PeerBandwidth, PeerBandwidthLimit.Dynamic));
        SendControl(new ProtocolControl(MessageType.SetChunkSize, (uint)options.OutgoingChunkSize));
        _writer.ChunkSize = options.OutgoingChunkSize;

        Amf0Writer writer = new(stackalloc byte[Scratch]);
        BeginCommand(ref writer, CommandNames.Result, connect.TransactionId);
        writer.WriteObject();
        writer.WriteProperty("fmsVer", options.ServerVersion);
        writer.WriteProperty("capabilities", 31);
        writer.WriteProperty("mode", 1);
        if (connect.Capabilities.IsEnhanced)
        {
            WriteCapabilities(ref writer, options);
        }

        writer.WriteEnd();
        writer.WriteObject();
        new StatusInfo(StatusCodes.Status, StatusCodes.ConnectSuccess, "Connection succeeded.").WriteProperties(ref writer);
        writer.WriteProperty("objectEncoding", connect.ObjectEncoding);
        writer.WriteEnd();
        EndCommand(ref writer, 0);
    }

    /// <summary>
    /// What the server can do (Enhanced RTMP v2, "Enhancing NetConnection connect Command"): it passes codecs on, and neither decodes nor
    /// encodes. The list is for clients of version 1, the maps are for those of version 2.
    /// </summary>
    private static void WriteCapabilities(ref Amf0Writer writer, ServerSessionOptions options)
    {
        writer.WriteName("fourCcList");
        writer.WriteStrictArray(options.VideoCodes.Length + options.AudioCodes.Length);
        foreach (string code in options.VideoCodes.AddRange(options.AudioCodes))
        {
            writer.WriteString(code);
        }

        WriteCodes(ref writer, "videoFourCcInfoMap", options.VideoCodes);
        WriteCodes(ref writer, "audioFourCcInfoMap", options.AudioCodes);
        writer.WriteProperty("capsEx", (double)options.Extended);
    }

    private static void WriteCodes(ref Amf0Writer writer, string name, ImmutableArray<string> codes)
    {
        writer.WriteName(name);
        writer.WriteObject();
        foreach (string code in codes)
        {
            writer.WriteProperty(code, (double)FourCcAbilities.Forward);
        }

        writer.WriteEnd();
    }

    private void BeginCommand(ref Amf0Writer writer, string name, double transactionId)
    {
        if (UsesAmf3)
        {
            writer.WriteFormat();
        }

        writer.WriteString(name);
        writer.WriteNumber(transactionId);
    }

    private void EndCommand(ref Amf0Writer writer, uint streamId)
    {
        byte type = UsesAmf3 ? MessageType.CommandAmf3 : MessageType.CommandAmf0;
        _writer.Write(streamId == 0 ? ChunkStreamIds.Command : ChunkStreamIds.Stream, 0, type, streamId, writer.Written);
        writer.Dispose();
    }

    private protected void SendControl(ProtocolControl control)
    {
        Span<byte> body = stackalloc byte[ProtocolControl.MaxLength];
        int length = control.WriteTo(body);
        _writer.Write(ChunkStreamIds.Control, 0, control.Type, 0, body[..length]);
    }

    private protected void SendUserControl(UserControl control)
    {
        Span<byte> body = stackalloc byte[UserControl.MaxLength];
        int length = control.WriteTo(body);
        _writer.Write(ChunkStreamIds.Control, 0, MessageType.UserControl, 0, body[..length]);
    }
}
