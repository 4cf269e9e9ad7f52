using FsCheck;
using FsCheck.Fluent;
using Mapwire.Media;
using Mapwire.Media.Flv;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

/// <summary>The template writes what the headers' own writers write, and what the specification's tables say.</summary>
public sealed class SampleHeaderTests
{
    [Fact]
    public void Video_is_what_its_writers_write()
    {
        Gen<(bool Sync, int Composition, int Nanoseconds)> samples =
            from sync in Gen.Elements(true, false)
            from composition in Gen.Choose(-StripEntry.MaxComposition, StripEntry.MaxComposition)
            from nanoseconds in Gen.Choose(1, 999_999)
            select (sync, composition, nanoseconds);
        Prop.ForAll(samples.ToArbitrary(), static sample =>
        {
            (bool sync, int composition, int nanoseconds) = sample;
            VideoFrameType type = sync ? VideoFrameType.Key : VideoFrameType.Inter;
            byte[] expected = new byte[ExVideoTagHeader.MaxLength];
            foreach (VideoCodecId id in (VideoCodecId[])[VideoCodecId.Avc, VideoCodecId.Hevc])
            {
                int plain = new VideoTagHeader(type, id, AvcPacketType.NalUnits, composition).WriteTo(expected);
                Assert.Equal(expected[..plain], Write(SampleHeader.PlainVideo(id), sync, composition, nanoseconds));
            }

            foreach (string codec in (string[])["avc1", "hvc1", "av01", "vp09", "vp08"])
            {
                bool hasPlace = codec is "avc1" or "hvc1";
                ExVideoTagHeader header =
                    new(type, VideoPacketType.CodedFrames, new FourCc(codec)) { CompositionTime = hasPlace ? composition : 0 };
                int length = header.WriteTo(expected);
                Assert.Equal(expected[..length],
                    Write(SampleHeader.ExtendedVideo(new FourCc(codec), false), sync, composition, nanoseconds));
                length = (header with { NanosecondOffset = nanoseconds }).WriteTo(expected);
                Assert.Equal(expected[..length],
                    Write(SampleHeader.ExtendedVideo(new FourCc(codec), true), sync, composition, nanoseconds));
                header = header with { Track = new ExtendedTrack(MultitrackType.OneTrack, 15, 0) };
                length = header.WriteTo(expected);
                Assert.Equal(expected[..length],
                    Write(SampleHeader.ExtendedVideo(new FourCc(codec), false, 15), sync, composition, nanoseconds));
                length = (header with { NanosecondOffset = nanoseconds }).WriteTo(expected);
                Assert.Equal(expected[..length],
                    Write(SampleHeader.ExtendedVideo(new FourCc(codec), true, 15), sync, composition, nanoseconds));
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Audio_is_what_its_writers_write()
    {
        byte[] expected = new byte[ExAudioTagHeader.MaxLength];
        foreach (string codec in (string[])["mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3"])
        {
            for (int track = 0; track < 15; track++)
            {
                ExAudioTagHeader header = new(AudioPacketType.CodedFrames, new FourCc(codec))
                {
                    Track = track > 0 ? new ExtendedTrack(MultitrackType.OneTrack, (byte)track, 0) : null,
                };
                int length = header.WriteTo(expected);
                Assert.Equal(expected[..length], Write(SampleHeader.ExtendedAudio(new FourCc(codec), track, false), true, 0, 0));
                length = (header with { NanosecondOffset = 123_456 }).WriteTo(expected);
                Assert.Equal(expected[..length], Write(SampleHeader.ExtendedAudio(new FourCc(codec), track, true), true, 0, 123_456));
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(0x123456)]
    public void Plain_sound_tells_neither_composition_nor_frame_type(int composition) =>
        Assert.Equal([0xAF, 0x01], Write(
            SampleHeader.PlainAudio(new AudioTagHeader(AudioCodecId.Aac, 3, true, true, AacPacketType.Raw)), false, composition, 7));

    // Enhanced RTMP v2, ExVideoTagHeader: 1 | frame type(3) | packet type(4) | FourCC | composition time(24)
    [Theory]
    [InlineData("hvc1", false, true, 80, 0, "91 68766331 000050")]
    [InlineData("hvc1", false, false, -1, 0, "A1 68766331 FFFFFF")]
    [InlineData("av01", false, true, 0, 0, "91 61763031")]
    [InlineData("vp09", false, false, 0, 0, "A1 76703039")]
    // ModEx: 1 | frame type(3) | 7 | size-1(8) | nanoseconds(24) | TimestampOffsetNano=0(4) | packet type(4) | FourCC | ...
    [InlineData("avc1", true, true, 40, 999_999, "97 02 0F423F 01 61766331 000028")]
    [InlineData("av01", true, false, 0, 0, "A7 02 000000 01 61763031")]
    public void Video_golden_bytes(string codec, bool nanoseconds, bool sync, int composition, int rest, string hex) =>
        Assert.Equal(Convert.FromHexString(hex.Replace(" ", "")),
        Write(SampleHeader.ExtendedVideo(new FourCc(codec), nanoseconds), sync, composition, rest));

    // ExAudioTagHeader: SoundFormat=9(4) | packet type(4) | FourCC; Multitrack: 95 | OneTrack=0(4) packet type(4) | FourCC | track(8)
    [Theory]
    [InlineData("Opus", 0, false, 0, "91 4F707573")]
    [InlineData("mp4a", 2, false, 0, "95 01 6D703461 02")]
    [InlineData("ac-3", 0, true, 500, "97 02 0001F4 01 61632D33")]
    [InlineData("fLaC", 1, true, 1, "97 02 000001 05 01 664C6143 01")]
    public void Audio_golden_bytes(string codec, int track, bool nanoseconds, int rest, string hex) =>
        Assert.Equal(Convert.FromHexString(hex.Replace(" ", "")),
        Write(SampleHeader.ExtendedAudio(new FourCc(codec), track, nanoseconds), true, 0, rest));

    private static byte[] Write(SampleHeader header, bool sync, int composition, int nanoseconds)
    {
        byte[] bytes = new byte[SampleHeader.MaxLength];
        bytes.AsSpan().Fill(0xEE); // what was there before must not show
        header.WriteTo(bytes, sync ? 1 : 0, composition, nanoseconds);
        return bytes[..header.Length];
    }
}
