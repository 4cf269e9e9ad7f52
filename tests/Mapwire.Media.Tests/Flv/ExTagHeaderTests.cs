using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>
/// Golden bytes laid out by hand from the tables of Enhanced RTMP (Veovera, v1-2023 and v2-2025: "Enhanced Video", "Enhanced Audio").
/// The four-character codes: avc1 61766331, hvc1 68766331, av01 61763031, vp09 76703039, Opus 4F707573, mp4a 6D703461, ec-3 65632D33.
/// </summary>
public sealed class ExTagHeaderTests
{
    public static TheoryData<string, ExVideoTagHeader> Video => new()
    {
        // 1 | 001 | 0000 then the code
        { "90 68766331", Header(VideoFrameType.Key, VideoPacketType.SequenceStart, "hvc1") },
        { "90 61763031", Header(VideoFrameType.Key, VideoPacketType.SequenceStart, "av01") },
        // 1 | 010 | 0001, code, SI24
        { "A1 68766331 000050", Header(VideoFrameType.Inter, VideoPacketType.CodedFrames, "hvc1") with { CompositionTime = 80 } },
        { "A1 61766331 FFFFD8", Header(VideoFrameType.Inter, VideoPacketType.CodedFrames, "avc1") with { CompositionTime = -40 } },
        { "A1 76703039", Header(VideoFrameType.Inter, VideoPacketType.CodedFrames, "vp09") },
        { "91 61763031", Header(VideoFrameType.Key, VideoPacketType.CodedFrames, "av01") },
        { "92 68766331", Header(VideoFrameType.Key, VideoPacketType.SequenceEnd, "hvc1") },
        { "A3 68766331", Header(VideoFrameType.Inter, VideoPacketType.CodedFramesX, "hvc1") },
        { "94 68766331", Header(VideoFrameType.Key, VideoPacketType.Metadata, "hvc1") },
        { "95 61763031", Header(VideoFrameType.Key, VideoPacketType.Mpeg2TsSequenceStart, "av01") },
        // frame type 5: one byte of command, no code
        { "D1 01", new ExVideoTagHeader(VideoFrameType.Command, VideoPacketType.CodedFrames, default) { Command = 1 } },
        // metadata in a frame of type 5 is metadata
        { "D4 68766331", Header(VideoFrameType.Command, VideoPacketType.Metadata, "hvc1") },
        // ModEx: type 7, size-1 = 2, 999999 = 0F423F, modifier 0 and the real type
        { "A7 02 0F423F 01 68766331 000000",
        Header(VideoFrameType.Inter, VideoPacketType.CodedFrames, "hvc1") with { NanosecondOffset = 999_999 } },
        { "A7 02 000001 03 61766331", Header(VideoFrameType.Inter, VideoPacketType.CodedFramesX, "avc1") with { NanosecondOffset = 1 } },
        // multitrack: type 6, then kind and real type, code, number
        { "96 00 68766331 02",
        Header(VideoFrameType.Key, VideoPacketType.SequenceStart, "hvc1") with { Track = new(MultitrackType.OneTrack, 2, 0) } },
        { "A6 01 68766331 02 000028",
        Header(VideoFrameType.Inter, VideoPacketType.CodedFrames, "hvc1") with { Track = new(MultitrackType.OneTrack, 2, 0),
        CompositionTime = 40 } },
        { "A6 13 68766331 00 000102",
        Header(VideoFrameType.Inter, VideoPacketType.CodedFramesX, "hvc1") with { Track = new(MultitrackType.ManyTracks, 0, 258) } },
        { "A6 21 61763031 07 010203",
        Header(VideoFrameType.Inter, VideoPacketType.CodedFrames, "av01") with { Track =
            new(MultitrackType.ManyTracksManyCodecs, 7, 0x010203) } },
        { "A7 02 000010 06 01 61766331 01 000000",
        Header(VideoFrameType.Inter, VideoPacketType.CodedFrames, "avc1") with { NanosecondOffset = 16, Track =
            new(MultitrackType.OneTrack, 1, 0) } },
    };

    public static TheoryData<string, ExAudioTagHeader> Audio => new()
    {
        { "90 4F707573", new ExAudioTagHeader(AudioPacketType.SequenceStart, new FourCc("Opus")) },
        { "91 4F707573", new ExAudioTagHeader(AudioPacketType.CodedFrames, new FourCc("Opus")) },
        { "91 65632D33", new ExAudioTagHeader(AudioPacketType.CodedFrames, new FourCc("ec-3")) },
        { "92 6D703461", new ExAudioTagHeader(AudioPacketType.SequenceEnd, new FourCc("mp4a")) },
        { "94 4F707573", new ExAudioTagHeader(AudioPacketType.MultichannelConfig, new FourCc("Opus")) },
        { "97 02 00000A 01 6D703461", new ExAudioTagHeader(AudioPacketType.CodedFrames, new FourCc("mp4a")) { NanosecondOffset = 10 } },
        { "95 00 6D703461 01",
        new ExAudioTagHeader(AudioPacketType.SequenceStart, new FourCc("mp4a")) { Track = new(MultitrackType.OneTrack, 1, 0) } },
        { "95 11 6D703461 01 000005",
        new ExAudioTagHeader(AudioPacketType.CodedFrames, new FourCc("mp4a")) { Track = new(MultitrackType.ManyTracks, 1, 5) } },
        { "95 21 4F707573 FF 000005",
        new ExAudioTagHeader(AudioPacketType.CodedFrames, new FourCc("Opus")) { Track =
            new(MultitrackType.ManyTracksManyCodecs, 255, 5) } },
    };

    [Theory]
    [MemberData(nameof(Video))]
    public void Video_headers_are_the_golden_bytes(string hex, ExVideoTagHeader header)
    {
        byte[] golden = Bytes(hex);
        byte[] written = new byte[ExVideoTagHeader.MaxLength];
        Assert.Equal(golden.Length, header.WriteTo(written));
        Assert.Equal(golden, written[..golden.Length]);
        Assert.True(ExVideoTagHeader.TryParse([.. golden, 1, 2, 3], out ExVideoTagHeader parsed, out int length));
        Assert.Equal(header, parsed);
        Assert.Equal(golden.Length, length);
        for (int cut = 0; cut < golden.Length; cut++)
        {
            Assert.False(ExVideoTagHeader.TryParse(golden.AsSpan(0, cut), out _, out _));
            Assert.Throws<ArgumentException>(() => header.WriteTo(written.AsSpan(0, cut)));
        }
    }

    [Theory]
    [MemberData(nameof(Audio))]
    public void Audio_headers_are_the_golden_bytes(string hex, ExAudioTagHeader header)
    {
        byte[] golden = Bytes(hex);
        byte[] written = new byte[ExAudioTagHeader.MaxLength];
        Assert.Equal(golden.Length, header.WriteTo(written));
        Assert.Equal(golden, written[..golden.Length]);
        Assert.True(ExAudioTagHeader.TryParse([.. golden, 1, 2, 3], out ExAudioTagHeader parsed, out int length));
        Assert.Equal(header, parsed);
        Assert.Equal(golden.Length, length);
        for (int cut = 0; cut < golden.Length; cut++)
        {
            Assert.False(ExAudioTagHeader.TryParse(golden.AsSpan(0, cut), out _, out _));
            Assert.Throws<ArgumentException>(() => header.WriteTo(written.AsSpan(0, cut)));
        }
    }

    [Fact]
    public void Modifiers_of_any_size_and_unknown_kind_are_passed_over()
    {
        // Three modifiers: of 256 bytes (size in 16 bits, 0x00FF + 1), of kind 5; of one byte; and the nanoseconds in four bytes.
        byte[] body =
        [
            0xA7, 0xFF, 0x00, 0xFF, .. new byte[256], 0x57, 0x00, 0xAA, 0x37, 0x03, 0x00, 0x00, 0x09, 0xEE, 0x03, .. Bytes("68766331"),
        ];
        Assert.True(ExVideoTagHeader.TryParse(body, out ExVideoTagHeader header, out int length));
        Assert.Equal(Header(VideoFrameType.Inter, VideoPacketType.CodedFramesX, "hvc1") with { NanosecondOffset = 9 }, header);
        Assert.Equal(body.Length, length);
        for (int cut = 0; cut < body.Length; cut++)
        {
            Assert.False(ExVideoTagHeader.TryParse(body.AsSpan(0, cut), out _, out _));
        }
    }

    [Fact]
    public void Messages_of_several_tracks()
    {
        byte[] message = Bytes("A6 21 68766331 00 000005 000028 AAAA 61763031 01 000002 BBBB");
        Assert.True(ExVideoTagHeader.TryParse(message, out ExVideoTagHeader first, out int length));
        Assert.Equal(40, first.CompositionTime);
        int next = length - 3 + first.Track!.Value.Length;
        Assert.True(first.TryParseNext(message.AsSpan(next), out ExVideoTagHeader second, out int secondLength));
        Assert.Equal(new FourCc("av01"), second.Codec);
        Assert.Equal(new ExtendedTrack(MultitrackType.ManyTracksManyCodecs, 1, 2), second.Track);
        Assert.Equal(message.Length, next + secondLength + 2);
        Assert.False(second.TryParseNext([], out _, out _));

        byte[] written = new byte[ExVideoTagHeader.MaxLength];
        Assert.Equal(secondLength, second.WriteNextTo(written));
        Assert.Equal(message.AsSpan(next, secondLength), written.AsSpan(0, secondLength));

        message = Bytes("95 11 6D703461 00 000002 AAAA 05 000001 BB");
        Assert.True(ExAudioTagHeader.TryParse(message, out ExAudioTagHeader sound, out length));
        Assert.True(sound.TryParseNext(message.AsSpan(length + 2), out ExAudioTagHeader more, out secondLength));
        Assert.Equal(new ExtendedTrack(MultitrackType.ManyTracks, 5, 1), more.Track);
        Assert.Equal(secondLength, more.WriteNextTo(written));
        Assert.Equal(message.AsSpan(length + 2, secondLength), written.AsSpan(0, secondLength));
        Assert.Throws<InvalidOperationException>(() => default(ExAudioTagHeader).TryParseNext([], out _, out _));
        Assert.Throws<InvalidOperationException>(() => default(ExVideoTagHeader).WriteNextTo(new byte[20]));
    }

    [Theory]
    [InlineData("17 01 000000")]
    [InlineData("98 68766331")] // packet type 8
    [InlineData("96 36 68766331 00")] // multitrack type 3
    [InlineData("96 06 68766331 00")] // tracks in tracks
    [InlineData("96 07 68766331 00")] // modifiers in tracks
    public void Refuses_video_that_is_not_defined(string hex) =>
        Assert.Throws<FlvFormatException>(() => ExVideoTagHeader.TryParse(Bytes(hex), out _, out _));

    [Theory]
    [InlineData("AF 01")]
    [InlineData("93 4F707573")]
    [InlineData("96 4F707573")]
    [InlineData("95 05 4F707573 00")]
    public void Refuses_audio_that_is_not_defined(string hex) =>
        Assert.Throws<FlvFormatException>(() => ExAudioTagHeader.TryParse(Bytes(hex), out _, out _));

    [Fact]
    public void Refuses_to_write_what_does_not_fit()
    {
        byte[] buffer = new byte[40];
        Assert.Throws<ArgumentException>(
            () => (Header(VideoFrameType.Key, VideoPacketType.CodedFrames, "av01") with { CompositionTime = 1 }).WriteTo(buffer));
        Assert.Throws<ArgumentException>(
            () => (Header(VideoFrameType.Key, VideoPacketType.CodedFrames, "hvc1") with { CompositionTime = 1 << 23 }).WriteTo(buffer));
        Assert.Throws<ArgumentException>(
            () => (Header(VideoFrameType.Key, VideoPacketType.CodedFrames, "hvc1") with { NanosecondOffset = 1_000_000 }).WriteTo(buffer));
        Assert.Throws<ArgumentException>(
            () => (Header(VideoFrameType.Key, VideoPacketType.CodedFrames, "hvc1") with
            {
                Track =
                new(MultitrackType.ManyTracks, 0, 1 << 24)
            }).WriteTo(buffer));
    }

    [Fact]
    public void Pictures_take_the_shortest_form()
    {
        Assert.Equal(VideoPacketType.CodedFramesX, ExVideoTagHeader.Picture(VideoFrameType.Key, new FourCc("hvc1"), 0).PacketType);
        Assert.Equal(VideoPacketType.CodedFrames, ExVideoTagHeader.Picture(VideoFrameType.Key, new FourCc("hvc1"), 40).PacketType);
        Assert.Equal(VideoPacketType.CodedFrames, ExVideoTagHeader.Picture(VideoFrameType.Key, new FourCc("av01"), 0).PacketType);
    }

    [Fact]
    public void Any_bytes_are_read_or_refused()
    {
        Random random = new(5);
        byte[] bytes = new byte[40];
        for (int i = 0; i < 200_000; i++)
        {
            random.NextBytes(bytes);
            ReadOnlySpan<byte> body = bytes.AsSpan(0, i % 41);
            try
            {
                if (ExVideoTagHeader.TryParse(body, out _, out int length))
                {
                    Assert.InRange(length, 1, body.Length);
                }
            }
            catch (FlvFormatException)
            {
                // refused
            }

            try
            {
                if (ExAudioTagHeader.TryParse(body, out _, out int length))
                {
                    Assert.InRange(length, 1, body.Length);
                }
            }
            catch (FlvFormatException)
            {
                // refused
            }
        }
    }

    [Fact]
    public void Sequence_headers_carry_the_record()
    {
        Assert.Equal([0x90, .. Bytes("61766331"), .. Mp4Builder.AvcRecord],
            SequenceHeader.CreateExtended(AvcConfiguration.Parse(Mp4Builder.AvcRecord)));
        Assert.Equal(Bytes("90 6D703461 1210"), SequenceHeader.CreateExtended(AacConfiguration.Parse([0x12, 0x10])));
        Assert.Null(SequenceHeader.CreateExtended(new Mp3Configuration(44100, 2)));
    }

    private static ExVideoTagHeader Header(VideoFrameType frame, VideoPacketType packet, string codec) =>
        new(frame, packet, new FourCc(codec));

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
