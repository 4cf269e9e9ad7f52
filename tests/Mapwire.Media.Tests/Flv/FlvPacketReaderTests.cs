using FsCheck;
using FsCheck.Fluent;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>
/// Bodies laid out by hand from the tables of FLV 10.1 (E.4.2, E.4.3) and Enhanced RTMP v2. The four-character codes: avc1 61766331,
/// hvc1 68766331, av01 61763031, vp09 76703039, Opus 4F707573, mp4a 6D703461, .mp3 2E6D7033; vvc1 76766331 is not played.
/// </summary>
public sealed class FlvPacketReaderTests
{
    /// <summary>A body, and its packets: track, code, codec, type, sync, composition, nanoseconds, payload.</summary>
    public static TheoryData<string, string[]> Video => new()
    {
        // FrameType(4) CodecID(4) | AVCPacketType | CompositionTime
        { "17 00 000000 0164", ["0 avc1 AvcCodec 17 Configuration sync 0 0 0164"] },
        { "17 01 000050 AABB", ["0 avc1 AvcCodec 17 Frame sync 80 0 AABB"] },
        { "27 01 FFFFD8 AA", ["0 avc1 AvcCodec 27 Frame - -40 0 AA"] },
        { "47 01 000000 AA", ["0 avc1 AvcCodec 47 Frame sync 0 0 AA"] },
        { "17 02 000000", ["0 avc1 AvcCodec 17 End sync 0 0 "] },
        { "27 01 000000", ["0 avc1 AvcCodec 27 None - 0 0 "] }, // without NAL units, as DJI sends it
        { "17 00 000000", ["0 avc1 AvcCodec 17 None sync 0 0 "] },
        { "1C 00 000000 01", ["0 hvc1 HevcCodec 1C Configuration sync 0 0 01"] },
        { "2C 01 000028 26", ["0 hvc1 HevcCodec 2C Frame - 40 0 26"] },
        { "57 01", ["0 avc1 AvcCodec 57 None - 0 0 01"] }, // a command
        { "57", ["0 avc1 AvcCodec 57 None - 0 0 "] },
        { "12 000084", ["0 FLV1 FlvCodec 12 Frame sync 0 0 000084"] },
        { "34 AA", ["0 VP6F FlvCodec 34 Frame - 0 0 AA"] },
        { "1F AA", ["0 none unknown 1F Frame sync 0 0 AA"] },
        { "12", ["0 FLV1 FlvCodec 12 None sync 0 0 "] },
        // 1 | frame type(3) packet type(4) | code | CompositionTime
        { "90 68766331 01", ["0 hvc1 HevcCodec - Configuration sync 0 0 01"] },
        { "A1 68766331 000050 26", ["0 hvc1 HevcCodec - Frame - 80 0 26"] },
        { "A1 61763031 000050", ["0 av01 Av1Codec - Frame - 0 0 000050"] },
        { "A3 61766331 AA", ["0 avc1 AvcCodec - Frame - 0 0 AA"] },
        { "A1 76766331 FFFFFF AA", ["0 vvc1 unknown - Frame - -1 0 AA"] },
        { "A1 4F707573 AA", ["0 Opus unknown - Frame - 0 0 AA"] }, // sound
        { "92 61766331", ["0 avc1 AvcCodec - End sync 0 0 "] },
        { "94 68766331 0200", ["0 hvc1 HevcCodec - Metadata sync 0 0 0200"] },
        { "D4 68766331 0200", ["0 hvc1 HevcCodec - Metadata - 0 0 0200"] }, // the frame type says nothing
        { "94 68766331", ["0 hvc1 HevcCodec - None sync 0 0 "] },
        { "95 61763031 AA", ["0 av01 Av1Codec - None sync 0 0 AA"] },
        { "D1 01", ["0 none unknown - None - 0 0 "] },
        { "A3 68766331", ["0 hvc1 HevcCodec - None - 0 0 "] },
        { "A1 68766331 000000", ["0 hvc1 HevcCodec - None - 0 0 "] },
        { "90 61766331", ["0 avc1 AvcCodec - None sync 0 0 "] },
        // ModEx: nanoseconds, then too many of them
        { "A7 02 0F423F 01 68766331 000000 AA", ["0 hvc1 HevcCodec - Frame - 0 999999 AA"] },
        { "A7 02 0F4240 03 68766331 AA", ["0 hvc1 HevcCodec - Frame - 0 0 AA"] },
        { "A7 00 AA 53 68766331 AA", ["0 hvc1 HevcCodec - Frame - 0 0 AA"] },
        { "D7 02 000001 01 00", ["0 none unknown - None - 0 1 "] }, // a command, too
        // tracks: OneTrack, ManyTracks, ManyTracksManyCodecs
        { "96 00 61766331 02 0164", ["2 avc1 AvcCodec - Configuration sync 0 0 0164"] },
        { "A6 01 68766331 FF 000028 AA", ["255 hvc1 HevcCodec - Frame - 40 0 AA"] },
        {
            "A6 11 61766331 00 000005 000028 AAAA 01 000004 FFFFFF BB 02 000003 000000",
            ["0 avc1 AvcCodec - Frame - 40 0 AAAA", "1 avc1 AvcCodec - Frame - -1 0 BB", "2 avc1 AvcCodec - None - 0 0 "]
        },
        { "A6 13 61766331 00 000001 AA 01 000002 BBBB", ["0 avc1 AvcCodec - Frame - 0 0 AA", "1 avc1 AvcCodec - Frame - 0 0 BBBB"] },
        {
            "96 20 68766331 00 000001 01 61763031 01 000002 8100 7A7A7A7A 02 000001 CC",
            ["0 hvc1 HevcCodec - Configuration sync 0 0 01", "1 av01 Av1Codec - Configuration sync 0 0 8100",
            "2 zzzz unknown - Configuration sync 0 0 CC"]
        },
        {
            "97 02 000010 06 21 68766331 00 000005 000028 AAAA 76703039 01 000002 BBBB",
            ["0 hvc1 HevcCodec - Frame sync 40 16 AAAA", "1 vp09 Vp9Codec - Frame sync 0 16 BBBB"]
        },
        // A track's part that has no room for its composition time, and one without bytes
        { "A6 11 61766331 00 000001 AA 01 000003 BBCC", ["0 avc1 AvcCodec - None"] },
        { "A6 13 61766331 00 000000 01 000001 AA", ["0 avc1 AvcCodec - None - 0 0 ", "1 avc1 AvcCodec - Frame - 0 0 AA"] },
        // one that reaches past the end
        { "A6 13 61766331 00 000001 AA 01 000002 BB", ["0 avc1 AvcCodec - Frame - 0 0 AA"] },
        { "A6 13 61766331 00 FFFFFF AA", [] },
        { "", [] },
    };

    public static TheoryData<string, string[]> Sound => new()
    {
        { "AF 00 1210", ["0 mp4a AacCodec AF Configuration sync 0 0 1210"] },
        { "AF 01 21", ["0 mp4a AacCodec AF Frame sync 0 0 21"] },
        { "AF 00", ["0 mp4a AacCodec AF None sync 0 0 "] }, // repeated without its body
        { "AF 01", ["0 mp4a AacCodec AF None sync 0 0 "] },
        { "2F FFFB", ["0 .mp3 Mp3Codec 2F Frame sync 0 0 FFFB"] },
        { "72 AA", ["0 alaw FlvCodec 72 Frame sync 0 0 AA"] },
        { "FF AA", ["0 none unknown FF Frame sync 0 0 AA"] },
        { "2F", ["0 .mp3 Mp3Codec 2F None sync 0 0 "] },
        { "90 4F707573 4F", ["0 Opus OpusCodec - Configuration sync 0 0 4F"] },
        { "91 4F707573 FC", ["0 Opus OpusCodec - Frame sync 0 0 FC"] },
        { "91 68766331 FC", ["0 hvc1 unknown - Frame sync 0 0 FC"] }, // pictures
        { "92 6D703461", ["0 mp4a AacCodec - End sync 0 0 "] },
        { "94 4F707573 0002", ["0 Opus OpusCodec - None sync 0 0 0002"] },
        { "97 02 00000A 01 6D703461 AA", ["0 mp4a AacCodec - Frame sync 0 10 AA"] },
        { "95 00 6D703461 01 1210", ["1 mp4a AacCodec - Configuration sync 0 0 1210"] },
        { "95 11 6D703461 00 000002 AAAA 05 000001 BB", ["0 mp4a AacCodec - Frame sync 0 0 AAAA", "5 mp4a AacCodec - Frame sync 0 0 BB"] },
        {
            "95 21 4F707573 00 000001 AA 2E6D7033 01 000002 BBBB",
            ["0 Opus OpusCodec - Frame sync 0 0 AA", "1 .mp3 Mp3Codec - Frame sync 0 0 BBBB"]
        },
        { "95 11 6D703461 00 000002 AA", [] },
        { "", [] },
    };

    [Theory]
    [MemberData(nameof(Video))]
    public void Video_is_read_by_every_header(string hex, string[] packets) => Check(TrackKind.Video, hex, packets);

    [Theory]
    [MemberData(nameof(Sound))]
    public void Sound_is_read_by_every_header(string hex, string[] packets) => Check(TrackKind.Audio, hex, packets);

    [Theory]
    [InlineData("17 03 000000")] // AVC packet type 3
    [InlineData("98 68766331")] // packet type 8
    [InlineData("96 36 68766331 00")] // multitrack type 3
    [InlineData("96 06 68766331 00")] // tracks in tracks
    [InlineData("A7 00 00 08 68766331")] // behind a modifier
    public void Video_of_a_type_that_is_not_defined_is_refused_once(string hex) => Refused(TrackKind.Video, hex);

    [Theory]
    [InlineData("AF 02")]
    [InlineData("93 4F707573")]
    [InlineData("95 05 4F707573 00")]
    public void Sound_of_a_type_that_is_not_defined_is_refused_once(string hex) => Refused(TrackKind.Audio, hex);

    [Fact]
    public void Only_audio_and_video_have_packets() =>
        Assert.Throws<ArgumentOutOfRangeException>(static () => new FlvPacketReader(TrackKind.Other, [0x17]).TryRead(out _));

    [Fact]
    public void A_packet_s_codec_reads_its_payload()
    {
        FlvPacketReader reader = new(TrackKind.Audio, Bytes("AF 00 1210"));
        Assert.True(reader.TryRead(out FlvPacket packet));
        CodecConfiguration configuration = packet.Codec!.ReadRecord(packet.Payload)!;
        Assert.Equal((44_100, 2), (configuration.SampleRate, configuration.Channels));
        reader = new(TrackKind.Audio, Bytes("B6 AA"));
        Assert.True(reader.TryRead(out packet));
        Assert.Equal(16_000, packet.Codec!.ReadFrame(packet.Payload, packet.PlainHeader)!.SampleRate);
    }

    [Fact]
    public void Any_bytes_are_read_or_refused()
    {
        Gen<byte[]> start = Gen.OneOf(
            Gen.Elements<string>([.. Video.Concat(Sound).Select(row => row.Data.Item1)]).Select(Bytes),
            Gen.Choose(0, 255).Select(static value => new[] { (byte)value }));
        Gen<byte[]> rest = Gen.Choose(0, 255).Select(static value => (byte)value).ArrayOf();
        Prop.ForAll(
            (from front in start
             from keep in Gen.Choose(0, 40)
             from flip in Gen.Choose(0, 400)
             from back in rest
             select Damage([.. front.Take(keep), .. back], flip)).ToArbitrary(),
            body =>
            {
                foreach (TrackKind kind in (TrackKind[])[TrackKind.Video, TrackKind.Audio])
                {
                    try
                    {
                        Read(kind, body);
                    }
                    catch (FlvFormatException exception)
                    {
                        Assert.Equal(FlvError.BadTagHeader, exception.Error);
                    }
                }
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    private static byte[] Damage(byte[] body, int bit)
    {
        if (bit / 8 < body.Length)
        {
            body[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        return body;
    }

    /// <summary>The whole body has its packets; one that is cut has the first of them, and perhaps a shorter one behind.</summary>
    private static void Check(TrackKind kind, string hex, string[] packets)
    {
        byte[] body = Bytes(hex);
        List<string> read = Read(kind, body);
        Assert.Equal(packets.Length, read.Count);
        Assert.All(packets.Zip(read), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
        for (int length = 0; length < body.Length; length++)
        {
            List<string> cut = Read(kind, body[..length]);
            Assert.True(cut.Count <= read.Count);
            for (int i = 0; i < cut.Count; i++)
            {
                bool isSame = cut[i] == read[i];
                Assert.True(isSame || i == cut.Count - 1, $"{cut[i]} of {read[i]}");
                Assert.Equal(read[i].Split(' ')[..3], cut[i].Split(' ')[..3]);
            }
        }
    }

    private static void Refused(TrackKind kind, string hex)
    {
        FlvPacketReader reader = new(kind, Bytes(hex));
        FlvFormatException? refusal = null;
        try
        {
            reader.TryRead(out _);
        }
        catch (FlvFormatException exception)
        {
            refusal = exception;
        }

        Assert.Equal(FlvError.BadTagHeader, refusal?.Error);
        Assert.False(reader.TryRead(out _));
    }

    /// <summary>All packets as text. Payloads lie inside of the body, one behind the other.</summary>
    private static List<string> Read(TrackKind kind, byte[] body)
    {
        List<string> packets = [];
        FlvPacketReader reader = new(kind, body);
        int end = 0;
        while (reader.TryRead(out FlvPacket packet))
        {
            Assert.Equal(kind, packet.Kind);
            Assert.InRange(packet.Nanoseconds, 0, 999_999);
            if (!packet.Payload.IsEmpty)
            {
                Assert.True(body.AsSpan().Overlaps(packet.Payload, out int offset));
                Assert.InRange(offset, end + 1, body.Length - packet.Payload.Length);
                end = offset + packet.Payload.Length;
            }
            else
            {
                Assert.True(packet.Type is FlvPacketType.None or FlvPacketType.End);
            }

            string code = packet.Code == default ? "none" : packet.Code.ToString();
            string codec = packet.Codec?.GetType().Name ?? "unknown";
            packets.Add(
                $"{packet.Track} {code} {codec} {packet.PlainHeader?.ToString("X2") ?? "-"} {packet.Type} {(packet.IsSync ? "sync" : "-")} "
                + $"{packet.Composition} {packet.Nanoseconds} {Convert.ToHexString(packet.Payload)}");
            Assert.True(packets.Count <= body.Length);
        }

        Assert.False(reader.TryRead(out _));
        return packets;
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
