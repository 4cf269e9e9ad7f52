using System.Buffers;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Handshakes;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>Makes conversations: messages as players and servers send them, mostly in their order, now and then not.</summary>
/// <param name="random">The only source of chance.</param>
internal sealed class RtmpGrammar(Random random)
{
    private static readonly string[] Commands =
    [
        "connect", "createStream", "play", "play2", "seek", "pause", "pauseRaw", "receiveAudio", "receiveVideo", "closeStream",
        "deleteStream",
        "getStreamLength", "publish", "FCSubscribe", "FCPublish", "FCUnpublish", "releaseStream", "_checkbw", "_result", "_error",
        "onStatus", "nonsense", "",
    ];

    private static readonly int[] ChunkStreams = [2, 3, 3, 3, 4, 5, 8, 63, 64, 319, 320, 65599];

    private static readonly uint[] Times = [0, 1, 40, 5000, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF];

    private readonly AmfGrammar _amf = new(random);
    private bool _isAmf3;

    /// <summary>What a client says after the handshake.</summary>
    public byte[] ClientSays() => random.Next(3) == 0 ? PublisherSays() : PlayerSays();

    private byte[] PublisherSays()
    {
        _isAmf3 = random.Next(4) == 0;
        List<GrammarMessage> messages = [Connect()];
        if (random.Next(2) == 0)
        {
            messages.AddRange(Command(0, "releaseStream", true), Command(0, "FCPublish", true));
        }

        messages.AddRange(Command(0, "createStream", false), Command(1, "publish", true));
        uint time = Times[random.Next(Times.Length)];
        for (int i = random.Next(10); i > 0; i--)
        {
            time += (uint)random.Next(100);
            uint stream = random.Next(12) == 0 ? (uint)random.Next(4) : 1;
            messages.Add(random.Next(12) switch
            {
                0 => Control(),
                1 => Command(stream, Commands[random.Next(1, Commands.Length)], true),
                2 or 3 => Data(time),
                4 => Aggregate(time),
                5 or 6 => new GrammarMessage(Any(ChunkStreams), 8, stream, time, Bytes(random.Next(300))),
                7 => new GrammarMessage(Any(ChunkStreams), 9, stream, time, Bytes(random.Next(random.Next(5) == 0 ? 70_000 : 3000))),
                _ => new GrammarMessage(Any(ChunkStreams), 9, stream, time, Bytes(random.Next(700))),
            });
        }

        if (random.Next(2) == 0)
        {
            messages.AddRange(Command(0, "FCUnpublish", true), Command(0, "deleteStream", true));
        }

        return Disturb(messages);
    }

    private byte[] PlayerSays()
    {
        _isAmf3 = random.Next(4) == 0;
        List<GrammarMessage> messages = [Connect(), Command(0, "createStream", false)];
        for (int i = random.Next(8); i > 0; i--)
        {
            messages.Add(random.Next(4) switch
            {
                0 => Control(),
                _ => Command((uint)(random.Next(10) == 0 ? random.Next(4) : 1), Commands[random.Next(1, Commands.Length)], true),
            });
        }

        return Disturb(messages);
    }

    /// <summary>What a server says after the handshake.</summary>
    public byte[] ServerSays()
    {
        _isAmf3 = random.Next(4) == 0;
        List<GrammarMessage> messages = [Command(0, "_result", true), Command(1, "onStatus", true)];
        uint time = Times[random.Next(Times.Length)];
        for (int i = random.Next(8); i > 0; i--)
        {
            time += (uint)random.Next(100);
            messages.Add(random.Next(8) switch
            {
                0 => Control(),
                1 => Command(1, random.Next(2) == 0 ? "onStatus" : "_result", true),
                2 => Data(time),
                3 => Aggregate(time),
                4 => new GrammarMessage(6, 8, 1, time, Bytes(random.Next(300))),
                _ => new GrammarMessage(7, 9, 1, time, Bytes(random.Next(700))),
            });
        }

        return Disturb(messages);
    }

    /// <summary>A whole conversation of a client, from its first byte.</summary>
    public byte[] Greeting()
    {
        byte[] packet = Bytes(1536);
        int kind = random.Next(4);
        if (kind == 0)
        {
            packet.AsSpan(4, 4).Clear();
        }
        else if (kind < 3)
        {
            HandshakeDigest.Place(packet, kind - 1, fromServer: false);
        }

        byte version = random.Next(30) == 0 ? (byte)random.Next(12) : (byte)3;
        return [version, .. packet, .. Bytes(1536), .. ClientSays()];
    }

    /// <summary>A whole conversation of a server, from its first byte; the byte before it says which handshake the client speaks.</summary>
    public byte[] Welcome()
    {
        byte kind = (byte)random.Next(3);
        ArrayBufferWriter<byte> hello = new();
        new ClientHandshake(new ClientSessionOptions().HandshakeRandom, (HandshakeKind)kind).Start(hello);
        ReadOnlySpan<byte> input = hello.WrittenSpan;
        ArrayBufferWriter<byte> answer = new();
        new ServerHandshake(HandshakeRandom.Expand(kind)).TryRead(ref input, answer);
        return [kind, .. answer.WrittenSpan, .. ServerSays()];
    }

    /// <summary>Some values of AMF0, or of AMF3.</summary>
    public byte[] Values(bool isAmf3)
    {
        List<byte> output = [];
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            if (isAmf3)
            {
                _amf.Value3(output);
            }
            else
            {
                _amf.Value0(output);
            }
        }

        return [.. output];
    }

    /// <summary>One message of a control type, whole, with its header.</summary>
    public byte[] ControlBytes() => new Chunker(random).Write([Control()]);

    /// <summary>One command, whole, with its header.</summary>
    public byte[] CommandBytes() =>
        new Chunker(random).Write([Command((uint)random.Next(3), Commands[random.Next(Commands.Length)], true)]);

    /// <summary>A name that commands have.</summary>
    public string AnyCommand() => Commands[random.Next(Commands.Length)];

    private byte[] Disturb(List<GrammarMessage> messages)
    {
        if (random.Next(3) == 0)
        {
            messages.Insert(random.Next(messages.Count), Control());
        }

        if (random.Next(8) == 0)
        {
            messages.RemoveAt(random.Next(messages.Count));
        }

        if (random.Next(8) == 0)
        {
            messages.Insert(random.Next(messages.Count), messages[random.Next(messages.Count)]);
        }

        return new Chunker(random).Write(messages);
    }

    private GrammarMessage Connect()
    {
        List<(string, AmfValue)> properties =
        [
            ("app", AmfValue.String(random.Next(12) == 0 ? SessionTrace.RefusedApplication : "vod")),
            ("tcUrl", AmfValue.String("rtmp://h/vod")),
            ("objectEncoding", AmfValue.Number(_isAmf3 ? 3 : 0)),
        ];
        if (random.Next(3) == 0)
        {
            properties.Add(("fourCcList", AmfValue.StrictArray(AmfValue.String("hvc1"), AmfValue.String("*"), AmfValue.Null)));
        }

        if (random.Next(3) == 0)
        {
            properties.Add(("videoFourCcInfoMap", AmfValue.Object(("av01", AmfValue.Number(_amf.AnyNumber())), ("*", AmfValue.Number(4)))));
        }

        if (random.Next(3) == 0)
        {
            properties.Add(("capsEx", AmfValue.Number(_amf.AnyNumber())));
        }

        Amf0Writer writer = new(default);
        new ConnectCommand(1, AmfValue.Object([.. properties])).WriteTo(ref writer);
        byte[] body = writer.Written.ToArray();
        writer.Dispose();
        return new GrammarMessage(3, MessageTypeOf(false), 0, 0, body);
    }

    private GrammarMessage Command(uint stream, string name, bool hasArguments)
    {
        Amf0Writer writer = new(default);
        writer.WriteString(name);
        writer.WriteNumber(random.Next(6) == 0 ? _amf.AnyNumber() : random.Next(4));
        writer.WriteNull();
        List<byte> body = _isAmf3 ? [0, .. writer.Written] : [.. writer.Written];
        if (hasArguments)
        {
            Arguments(body, name);
        }

        writer.Dispose();
        return new GrammarMessage(Any(ChunkStreams), MessageTypeOf(_isAmf3), stream, random.Next(4) == 0 ? Any(Times) : 0, [.. body]);
    }

    /// <summary>Arguments that fit the command, or any.</summary>
    private void Arguments(List<byte> body, string name)
    {
        if (random.Next(3) == 0)
        {
            body.AddRange(Values(false));
            return;
        }

        Amf0Writer writer = new(default);
        switch (name)
        {
            case "publish" or "FCPublish" or "FCUnpublish" or "releaseStream":
                writer.WriteString(random.Next(4) == 0 ? "bad" : "mystream");
                writer.WriteString(random.Next(5) switch { 0 => "append", 1 => "record", 2 => "", _ => "live" });
                break;
            case "play" or "getStreamLength" or "FCSubscribe":
                writer.WriteString("mp4:f.mp4");
                writer.WriteNumber(_amf.AnyNumber());
                writer.WriteNumber(_amf.AnyNumber());
                writer.WriteBoolean(random.Next(2) == 0);
                break;
            case "play2" or "onStatus" or "_result" or "_error":
                writer.WriteValue(AmfValue.Object(
                    ("streamName", AmfValue.String("f")), ("start", AmfValue.Number(_amf.AnyNumber())),
                    ("len", AmfValue.Number(_amf.AnyNumber())),
                    ("code", AmfValue.String(StatusCodes.PlayStart)), ("level", AmfValue.String("status"))));
                break;
            case "pause" or "receiveAudio" or "receiveVideo":
                writer.WriteBoolean(random.Next(2) == 0);
                writer.WriteNumber(_amf.AnyNumber());
                break;
            default:
                writer.WriteNumber(random.Next(2) == 0 ? 1 : _amf.AnyNumber());
                break;
        }

        body.AddRange(writer.Written);
        writer.Dispose();
    }

    private GrammarMessage Data(uint time)
    {
        Amf0Writer writer = new(default);
        if (random.Next(3) == 0)
        {
            writer.WriteString(random.Next(4) == 0 ? CommandNames.ClearDataFrame : CommandNames.SetDataFrame);
        }

        writer.WriteString(random.Next(2) == 0 ? "onMetaData" : "onPlayStatus");
        byte[] name = writer.Written.ToArray();
        writer.Dispose();
        bool isAmf3 = random.Next(4) == 0;
        return new GrammarMessage(5, isAmf3 ? (byte)15 : (byte)18, 1, time,
            isAmf3 ? [0, .. name, .. Values(false)] : [.. name, .. Values(false)]);
    }

    private GrammarMessage Aggregate(uint time)
    {
        List<byte> body = [];
        for (int i = random.Next(4); i > 0; i--)
        {
            byte[] part = Bytes(random.Next(40));
            int length = random.Next(20) == 0 ? random.Next(100) : part.Length;
            byte type = (byte)(random.Next(12) == 0 ? random.Next(256) : random.Next(3) switch { 0 => 8, 1 => 9, _ => 18 });
            body.AddRange([type, 0, 0, (byte)length, 0, 0, (byte)(i * 20), 0, 0, 0, 0]);
            body.AddRange(part);
            body.AddRange([0, 0, 0, (byte)(part.Length + 11)]);
        }

        return new GrammarMessage(7, 22, 1, time, [.. body]);
    }

    private GrammarMessage Control()
    {
        uint value = random.Next(3) == 0 ? Any(Times) : (uint)random.Next(1, 600);
        byte[] number = [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
        int type = random.Next(1, 7);
        byte[] body = type switch
        {
            1 => [0, .. number[1..]],
            4 => [0, (byte)(random.Next(3) == 0 ? random.Next(40) : random.Next(8)), .. number, .. random.Next(2) == 0 ? number : []],
            6 => [.. number, (byte)random.Next(4)],
            _ => number,
        };
        if (random.Next(20) == 0)
        {
            body = body[..random.Next(body.Length)];
        }

        return new GrammarMessage(random.Next(8) == 0 ? Any(ChunkStreams) : 2, (byte)type, 0, 0, body);
    }

    private static byte MessageTypeOf(bool isAmf3) => isAmf3 ? (byte)17 : (byte)20;

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private T Any<T>(T[] choices) => choices[random.Next(choices.Length)];
}
