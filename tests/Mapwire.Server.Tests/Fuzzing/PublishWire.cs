using System.Buffers;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Server.Rtmp;
using Mapwire.Server.Sending;
using Mapwire.Server.Tests.Sending;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>A connection that publishes.</summary>
internal sealed class PublishWire
{
    private static readonly byte[] Hello = [3, .. new byte[2 * 1536]];

    private readonly ScriptedSender _sender = new();
    private readonly Connection _connection;
    private uint _time;

    public PublishWire(ConnectionLoop loop, RtmpContext context)
    {
        _connection = new Connection(loop, _sender, null, connection => new RtmpConversation(context, connection, null));
        Receive(Hello);
    }

    public bool IsClosed => _connection.IsClosed;

    /// <summary>Whether the server ended it.</summary>
    public bool IsRefused { get; private set; }

    public bool IsPublishing => _sender.Wire.ToArray().AsSpan().LastIndexOf("NetStream.Publish.Start"u8) >= 0;

    public long AnswerLength => _sender.Wire.Length;

    public void Begin()
    {
        Write(MessageType.CommandAmf0, 0, Body("connect", 1, AmfValue.Object(("app", AmfValue.String("vod")))));
        Write(MessageType.CommandAmf0, 0, Body("createStream", 2, AmfValue.Null));
        Write(MessageType.CommandAmf0, 1, Body("publish", 3, AmfValue.Null, AmfValue.String("cam"), AmfValue.String("live")));
    }

    public void Send(byte type, int step, byte[] body)
    {
        _time += step < 0x8000 ? (uint)step : (uint)(step & 0x7FFF) << 17;
        Write(type, 1, body);
    }

    public void Command(int number)
    {
        uint stream = 1 + ((uint)number >> 8 & 1);
        AmfValue name = AmfValue.String(((string[])["cam", "cam", "other", "", "cam?x=1", "a\\b"])[(number >> 9) % 6]);
        byte[] body = (number % 16) switch
        {
            0 => Body("FCUnpublish", 9, AmfValue.Null, AmfValue.String("cam")),
            1 => Body("deleteStream", 0, AmfValue.Null, AmfValue.Number(stream)),
            2 => Body("closeStream", 0, AmfValue.Null),
            3 => Body("createStream", 5, AmfValue.Null),
            4 or 5 or 6 => Body("publish", 6, AmfValue.Null, name, AmfValue.String("append")),
            7 => Body("FCPublish", 7, AmfValue.Null, name),
            8 => Body("releaseStream", 8, AmfValue.Null, name),
            9 or 10 => Body("play", 0, AmfValue.Null, AmfValue.String("cam"), AmfValue.Number(-1000)),
            11 => Body("seek", 0, AmfValue.Null, AmfValue.Number(number)),
            12 => Body("pause", 0, AmfValue.Null, AmfValue.Boolean((number & 512) != 0), AmfValue.Number(0)),
            13 => Body("receiveVideo", 0, AmfValue.Null, AmfValue.Boolean((number & 512) != 0)),
            14 => Body("FCUnpublish", 9, AmfValue.Null, name),
            _ => Body("_checkbw", 10, AmfValue.Null),
        };
        Write(MessageType.CommandAmf0, number % 16 is 0 or 1 or 3 or 7 or 8 or 14 ? 0 : stream, body);
    }

    public void Receive(byte[] bytes)
    {
        for (int at = 0; at < Math.Max(1, bytes.Length) && !_connection.IsClosed; at += 4000)
        {
            if (at < bytes.Length)
            {
                _sender.Incoming.Enqueue(bytes[at..Math.Min(bytes.Length, at + 4000)]);
            }

            _connection.IsReadable = true;
            _connection.IsWritable = true;
            _connection.RunTurn();
            IsRefused |= _connection.IsClosed;
        }
    }

    /// <summary>All that was answered can be read: whole messages, none of which was not meant.</summary>
    public void CheckAnswers()
    {
        ReadOnlySpan<byte> rest = _sender.Wire.ToArray();
        if (rest.Length < Hello.Length)
        {
            return;
        }

        rest = rest[Hello.Length..];
        ChunkReader reader = new(ChunkReaderLimits.Client);
        while (reader.TryRead(ref rest, out RtmpMessage message))
        {
            PublishStage.Require(message.StreamId <= 32, "an answer is on a message stream that there is not");
        }

        PublishStage.Require(IsClosed || reader.BufferedBytes == 0, "an answer has no end");
    }

    public void Close()
    {
        if (!_connection.IsClosed)
        {
            _connection.Close(CloseReason.PlayerLeft);
        }
    }

    private static byte[] Body(string name, double transaction, params AmfValue[] arguments)
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
        return body;
    }

    private void Write(byte type, uint streamId, byte[] body)
    {
        ArrayBufferWriter<byte> output = new();
        new ChunkWriter(output).Write(type == MessageType.CommandAmf0 ? 3 : 6, _time, type, streamId, body);
        Receive(output.WrittenSpan.ToArray());
    }
}
