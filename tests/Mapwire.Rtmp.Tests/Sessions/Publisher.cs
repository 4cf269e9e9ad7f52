using System.Buffers;
using System.Globalization;
using System.Text;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>A publisher in front of a server's session: the messages that it sends, and what it is answered.</summary>
internal sealed class Publisher
{
    /// <summary>A handshake of zeros, and connect.</summary>
    private static readonly byte[] Hello =
    [
        3, .. new byte[2 * 1536],
        .. Command(0, "connect", 1, AmfValue.Object(("app", AmfValue.String("live")), ("objectEncoding", AmfValue.Number(0)))),
    ];

    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly ChunkReader _answers = new(ChunkReaderLimits.Client);

    /// <summary>A publisher that has connected.</summary>
    /// <param name="publishing">What the server does when a publish comes; null accepts it.</param>
    /// <param name="options">Of the session.</param>
    /// <param name="closing">What the server does when a stream is closed.</param>
    public Publisher(
        Action<ServerSession, uint>? publishing = null, ServerSessionOptions? options = null, Action<ServerSession, uint>? closing = null)
    {
        Handler = new ServerRecorder { Publishing = publishing ?? Accept, Closing = closing };
        Session = Handler.Session = new ServerSession(options ?? new ServerSessionOptions(), Handler, _output);
        Session.Receive(Hello);
        byte[] said = _output.WrittenSpan[(1 + (2 * 1536))..].ToArray();
        _output.ResetWrittenCount();
        _ = Wire.Read(_answers, said);
        Handler.Calls.Clear();
    }

    public ServerRecorder Handler { get; }

    public ServerSession Session { get; }

    /// <summary>A publisher whose message stream 1 publishes.</summary>
    public static Publisher Started(ServerSessionOptions? options = null)
    {
        Publisher publisher = new(options: options);
        publisher.Send(CreateStream, Publish(1, "key"));
        Assert.True(publisher.Session.IsPublishing(1));
        publisher.Handler.Calls.Clear();
        publisher.TakeAnswers();
        return publisher;
    }

    public static byte[] CreateStream => Command(0, "createStream", 4, AmfValue.Null);

    public static byte[] Publish(uint streamId, string name) =>
        Command(streamId, "publish", 5, AmfValue.Null, AmfValue.String(name), AmfValue.String("live"));

    public static byte[] Command(uint streamId, string name, double transaction, params AmfValue[] arguments)
    {
        Amf0Writer writer = new(default);
        writer.WriteString(name);
        writer.WriteNumber(transaction);
        foreach (AmfValue argument in arguments)
        {
            writer.WriteValue(argument);
        }

        byte[] body = writer.Written.ToArray();
        writer.Dispose();
        return Message(3, 0, MessageType.CommandAmf0, streamId, body);
    }

    public static byte[] Message(int chunkStream, uint time, byte type, uint streamId, byte[] body, int chunkSize = 128)
    {
        ArrayBufferWriter<byte> output = new();
        new ChunkWriter(output) { ChunkSize = chunkSize }.Write(chunkStream, time, type, streamId, body);
        return output.WrittenSpan.ToArray();
    }

    public static byte[] Video(uint time, string hex) => Message(4, time, MessageType.Video, 1, Wire.Hex(hex));

    public void Send(params ReadOnlySpan<byte[]> messages)
    {
        foreach (byte[] message in messages)
        {
            Session.Receive(message);
        }
    }

    /// <summary>What the server said since the last time.</summary>
    public List<string> TakeAnswers()
    {
        List<string> answers = [];
        ReadOnlySpan<byte> rest = _output.WrittenSpan;
        while (_answers.TryRead(ref rest, out RtmpMessage message))
        {
            answers.Add(Describe(in message));
        }

        _output.ResetWrittenCount();
        return answers;
    }

    private static void Accept(ServerSession session, uint streamId) => Assert.True(session.BeginPublish(streamId));

    private static string Describe(in RtmpMessage message)
    {
        switch (message.TypeId)
        {
            case MessageType.CommandAmf0:
                CommandReader command = new(message.TypeId, message.Payload);
                string name = string.Create(
                    CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetString(command.Name)} {command.TransactionId}");
                command.SkipObject();
                AmfValue value = command.ReadValue();
                StatusInfo status = StatusInfo.Parse(value);
                string shown = value.Kind == AmfKind.Object ? $"{status.Level} {status.Code}" : value.ToString();
                return $"{message.StreamId} {name} {shown}";
            case MessageType.UserControl:
                UserControl control = UserControl.Parse(message.Payload);
                return $"{control.Event} {control.Value}";
            default:
                return $"control {message.TypeId} {ProtocolControl.Parse(message.TypeId, message.Payload).Value}";
        }
    }
}
