using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>Makes steps as publishers and those who watch them take, mostly in their order, now and then not.</summary>
/// <param name="random">The only source of chance.</param>
internal sealed class PublishGrammar(Random random)
{
    private static readonly string[] VideoCodes = ["avc1", "hvc1", "av01", "vp09", "vp08", "vvc1", "xxxx"];
    private static readonly string[] Names =
        ["hasVideo", "hasAudio", "videocodecid", "audiocodecid", "width", "framerate", "encoder", "duration"];

    private static readonly string[] AudioCodes = ["mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3", "xxxx"];

    /// <summary>A whole session.</summary>
    public List<PublishOp> Session()
    {
        List<PublishOp> ops = [];
        if (random.Next(3) == 0)
        {
            ops.Add(Watch());
        }

        if (random.Next(2) == 0)
        {
            ops.Add(Data());
        }

        bool isPlain = random.Next(2) == 0;
        int code = random.Next(VideoCodes.Length);
        int sound = random.Next(AudioCodes.Length);
        ops.Add(isPlain ? new(PublishOpKind.Video, 0, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord]) : Video(code, packet: 0));
        ops.Add(isPlain ? new(PublishOpKind.Audio, 0, [0xAF, 0, 0x12, 0x10]) : Audio(sound, packet: 0));
        for (int i = random.Next(2, 30); i > 0; i--)
        {
            ops.Add(random.Next(24) switch
            {
                0 => Any(),
                1 => new(PublishOpKind.Wait, random.Next(3) == 0 ? random.Next(0x1_0000) : random.Next(2000), []),
                2 or 3 => new(PublishOpKind.Read, random.Next(3) == 0 ? 0xFFFF : random.Next(3000), []),
                4 => Watch(),
                5 when random.Next(3) == 0 => new(PublishOpKind.Repeat, random.Next(60), []),
                6 => Audio(sound, packet: random.Next(8)),
                7 => Video(code, packet: random.Next(8)),
                < 14 => isPlain ? new(PublishOpKind.Audio, Step(), [0xAF, 1, .. Payload()]) : Audio(sound, packet: 1),
                _ => isPlain ? PlainPicture() : Video(code, packet: random.Next(2) == 0 ? 1 : 3),
            });
        }

        return ops;
    }

    /// <summary>One step of any kind.</summary>
    public PublishOp Any() => (PublishOpKind)random.Next((int)PublishOpKind.Count) switch
    {
        PublishOpKind.Video => Video(random.Next(VideoCodes.Length), random.Next(9)),
        PublishOpKind.Audio => Audio(random.Next(AudioCodes.Length), random.Next(9)),
        PublishOpKind.Data => Data(),
        PublishOpKind.Aggregate => new(PublishOpKind.Aggregate, Step(), Aggregate()),
        PublishOpKind.Raw => new(PublishOpKind.Raw, 0, Bytes(random.Next(40))),
        PublishOpKind.Command => new(PublishOpKind.Command, random.Next(0x1_0000), []),
        PublishOpKind.Wait => new(PublishOpKind.Wait, random.Next(0x1_0000), []),
        PublishOpKind.Read => new(PublishOpKind.Read, random.Next(0x1_0000), []),
        PublishOpKind.Watch => Watch(),
        PublishOpKind.Reconnect => new(PublishOpKind.Reconnect, random.Next(0x1_0000), []),
        _ => new(PublishOpKind.Repeat, random.Next(60), []),
    };

    private PublishOp Watch() => new(PublishOpKind.Watch, random.Next(0x1_0000), []);

    private PublishOp PlainPicture() => new(
        PublishOpKind.Video, Step(), [(byte)(random.Next(4) == 0 ? 0x17 : 0x27), 1, 0, 0, (byte)random.Next(100), .. Payload()]);

    /// <summary>A message of Enhanced RTMP, with modifiers and several tracks now and then.</summary>
    private PublishOp Video(int code, int packet) => new(PublishOpKind.Video, Step(), Enhanced(
        (byte)(0x80 | (random.Next(20) == 0 ? random.Next(8) : random.Next(3) == 0 ? 1 : 2) << 4), packet, 6, VideoCodes[code],
        code is 0 or 1 && packet == 1 ? Bytes(3) : [], packet == 0 ? VideoRecord(code) : Payload()));

    private PublishOp Audio(int code, int packet) => new(PublishOpKind.Audio, Step(), Enhanced(
        0x90, packet, 5, AudioCodes[code], [], packet == 0 ? AudioRecord(code) : Payload()));

    private byte[] Enhanced(byte first, int packet, int multitrack, string code, byte[] composition, byte[] payload)
    {
        byte[] codec = System.Text.Encoding.ASCII.GetBytes(code);
        byte[] part = [.. composition, .. payload];
        List<byte> body = [first];
        if (random.Next(6) == 0)
        {
            body[0] |= 7; // ModEx
            body.AddRange([2, .. Bytes(3), (byte)(random.Next(8) == 0 ? random.Next(256) : random.Next(4) == 0 ? multitrack : packet)]);
            if (body[^1] != multitrack)
            {
                return [.. body, .. codec, .. part];
            }
        }
        else if (random.Next(4) > 0)
        {
            body[0] |= (byte)(packet & 15);
            return [.. body, .. codec, .. part];
        }
        else
        {
            body[0] |= (byte)multitrack;
        }

        int form = random.Next(20) == 0 ? random.Next(16) : random.Next(3);
        body.Add((byte)(form << 4 | (packet & 15)));
        for (int i = 0; i == 0 || (form > 0 && i < random.Next(5)); i++)
        {
            body.AddRange(i == 0 || form == 2 ? codec : []);
            body.Add((byte)(random.Next(10) == 0 ? random.Next(256) : i));
            int length = random.Next(20) == 0 ? random.Next(70_000) : part.Length;
            body.AddRange(form == 0 ? [] : [(byte)(length >> 16), (byte)(length >> 8), (byte)length]);
            body.AddRange(part);
        }

        return [.. body];
    }

    private byte[] VideoRecord(int code) => random.Next(12) == 0 ? Bytes(random.Next(40)) : code switch
    {
        0 => [.. Mp4Builder.AvcRecord],
        2 => [0x81, 0, 0x0C, 0],
        3 or 4 => [0, 10, 0x82, 1, 1, 1, 0, 0],
        _ => Bytes(random.Next(60)),
    };

    private byte[] AudioRecord(int code) => random.Next(12) == 0 ? Bytes(random.Next(40)) : code switch
    {
        0 => [0x12, 0x10],
        1 => [.. "OpusHead"u8, 1, 2, 0, 0, 0x80, 0xBB, 0, 0, 0, 0, 0],
        _ => Bytes(random.Next(60)),
    };

    private PublishOp Data()
    {
        Amf0Writer writer = new(default);
        if (random.Next(2) == 0)
        {
            writer.WriteString("@setDataFrame");
        }

        writer.WriteString(random.Next(8) == 0 ? "onTextData" : "onMetaData");
        AmfProperty[] said =
        [
            .. Enumerable.Range(0, random.Next(6)).Select(_ => new AmfProperty(
                Names[random.Next(Names.Length)],
                random.Next(4) switch
                {
                    0 => AmfValue.Boolean(random.Next(2) == 0),
                    1 => AmfValue.String(new string('x', random.Next(300))),
                    2 => AmfValue.StrictArray(AmfValue.Null),
                    _ => AmfValue.Number(random.Next(20)),
                })),
        ];
        writer.WriteValue(random.Next(3) switch
        {
            0 => AmfValue.Object([.. said]),
            1 => AmfValue.StrictArray(AmfValue.Number(1)),
            _ => AmfValue.EcmaArray([.. said]),
        });
        byte[] bytes = writer.Written.ToArray();
        writer.Dispose();
        return new PublishOp(PublishOpKind.Data, Step(), bytes);
    }

    private byte[] Aggregate()
    {
        List<byte> body = [];
        for (int i = random.Next(5); i > 0; i--)
        {
            PublishOp part = random.Next(2) == 0 ? PlainPicture() : new(PublishOpKind.Audio, 0, [0xAF, 1, .. Payload()]);
            int time = random.Next(500);
            int length = part.Bytes.Length;
            body.AddRange(
            [
                (byte)(part.Kind == PublishOpKind.Video ? 9 : 8), 0, (byte)(length >> 8), (byte)length,
                0, (byte)(time >> 8), (byte)time, 0, 0, 0, 0,
                .. part.Bytes, 0, 0, (byte)((length + 11) >> 8), (byte)(length + 11),
            ]);
        }

        return [.. body];
    }

    /// <summary>How far the timestamp goes: mostly a little, now and then across all of 32 bits.</summary>
    private int Step() => random.Next(12) == 0 ? 0x8000 | random.Next(0x8000) : random.Next(120);

    private byte[] Payload() => Bytes(random.Next(30) == 0 ? random.Next(20_000) : random.Next(200));

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
