using System.Buffers.Binary;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Tests.Reading;

/// <summary>Each rule of the FLV check, shown to find a stream that breaks it.</summary>
public sealed class FlvCheckTests : IFlvSink
{
    private static readonly byte[] Config = [0x17, 0, 0, 0, 0, 1, 2];
    private static readonly byte[] Key = [0x17, 1, 0, 0, 0, 9];
    private static readonly byte[] Inter = [0x27, 1, 0, 0, 0, 9];
    private static readonly byte[] AacConfig = [0xAF, 0, 0x12];
    private static readonly byte[] Aac = [0xAF, 1, 0x21];
    private readonly List<(bool IsVideo, bool IsKey, long Time)> _frames = [];

    void IFlvSink.OnFrame(bool isVideo, bool isKey, long time) => _frames.Add((isVideo, isKey, time));

    [Fact]
    public void A_good_stream_passes_whatever_pieces_it_comes_in()
    {
        byte[] good =
        [
            .. Header(5), .. Tag(18, 0, [2, 0, 1, 65]), .. Tag(9, 0, Config), .. Tag(8, 0, AacConfig), .. Tag(9, 0, Key), .. Tag(8, 5, Aac),
            .. Tag(9, 0x1000028, Inter), .. Tag(18, 7, []),
        ];
        for (int piece = 1; piece <= good.Length; piece++)
        {
            _frames.Clear();
            Run(good, piece);
            Assert.Equal([(true, true, 0), (false, false, 5), (true, false, 0x1000028)], _frames);
        }
    }

    [Fact]
    public void Enhanced_tags_need_configurations_only_where_their_codec_has_one()
    {
        byte[] good =
        [
            .. Header(5), .. Tag(9, 0, [0x90, .. "hvc1"u8, 1]), .. Tag(9, 0, [0x91, .. "hvc1"u8, 0, 0, 0, 1]),
            .. Tag(8, 0, [0x91, .. "ac-3"u8, 1]),
        ];
        Run(good, good.Length);
        Assert.Equal([(true, true, 0), (false, false, 0)], _frames);
        Breaks("configuration", [.. Header(5), .. Tag(9, 0, [0x91, .. "hvc1"u8, 0, 0, 0, 1])]);
        Breaks("configuration", [.. Header(5), .. Tag(8, 0, [0x91, .. "Opus"u8, 1])]);
    }

    [Fact]
    public void A_wrong_signature_is_found() => Breaks("no header", [(byte)'F', (byte)'L', (byte)'W', 1, 5, 0, 0, 0, 9]);

    [Fact]
    public void A_second_version_is_found() => Breaks("no header", [.. "FLV"u8, 2, 5, 0, 0, 0, 9]);

    [Fact]
    public void A_size_that_is_not_the_tags_is_found()
    {
        byte[] bad = [.. Header(1), .. Tag(9, 0, Config), .. Tag(9, 0, Key)];
        bad[13 + 11 + Config.Length + 3]++;
        Breaks("size", bad);
        byte[] first = Header(1);
        first[^1] = 1;
        Breaks("size", first);
    }

    [Fact]
    public void An_unknown_tag_is_found() => Breaks("unknown type", [.. Header(5), .. Tag(10, 0, Config)]);

    [Fact]
    public void Tracks_that_the_header_does_not_announce_are_found()
    {
        Breaks("video that the header", [.. Header(4), .. Tag(9, 0, Config)]);
        Breaks("audio that the header", [.. Header(1), .. Tag(8, 0, AacConfig)]);
    }

    [Fact]
    public void Frames_before_their_configuration_are_found()
    {
        Breaks("a picture before", [.. Header(5), .. Tag(8, 0, AacConfig), .. Tag(9, 0, Key)]);
        Breaks("sound before", [.. Header(5), .. Tag(9, 0, Config), .. Tag(8, 0, Aac)]);
    }

    [Fact]
    public void A_beginning_between_key_frames_is_found() =>
        Breaks("no key frame", [.. Header(5), .. Tag(9, 0, Config), .. Tag(9, 0, Inter)]);

    [Fact]
    public void A_stream_id_is_found()
    {
        byte[] bad = [.. Header(5), .. Tag(9, 0, Config)];
        bad[13 + 10] = 1;
        Breaks("stream id", bad);
    }

    [Fact]
    public void An_end_in_the_middle_of_a_tag_is_found()
    {
        byte[] good = [.. Header(5), .. Tag(9, 0, Config)];
        for (int length = 0; length < good.Length; length++)
        {
            if (length != 13)
            {
                Breaks("in the middle", good[..length]);
            }
        }
    }

    [Fact]
    public void A_stream_without_a_frame_is_found()
    {
        Breaks("no frame", Header(5));
        Breaks("no frame", [.. Header(5), .. Tag(18, 0, [2, 0, 1, 65]), .. Tag(9, 0, Config), .. Tag(8, 0, AacConfig)]);
    }

    private void Breaks(string rule, byte[] stream)
    {
        ContentException fault = Assert.Throws<ContentException>(() => Run(stream, 7));
        Assert.Contains(rule, fault.Message, StringComparison.Ordinal);
    }

    private void Run(byte[] stream, int piece)
    {
        FlvCheck check = new(this);
        for (int at = 0; at < stream.Length; at += piece)
        {
            check.Receive(stream.AsSpan(at, Math.Min(piece, stream.Length - at)));
        }

        check.OnEnd();
    }

    internal static byte[] Header(byte flags) => [.. "FLV"u8, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0];

    internal static byte[] Tag(byte type, int time, byte[] body)
    {
        byte[] size = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(size, 11 + body.Length);
        return
        [
            type, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, (byte)(time >> 16), (byte)(time >> 8), (byte)time,
            (byte)(time >> 24), 0, 0, 0, .. body, .. size,
        ];
    }
}
