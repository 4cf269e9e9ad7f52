using Mapwire.Media.Codecs;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>The shapes of an audio sample entry: ISO's and QuickTime's three versions, esds in the entry and in wave.</summary>
public sealed class SoundDescriptionTests
{
    private static readonly byte[] Esds = Descriptor(0x40, [0x12, 0x10]);

    [Fact]
    public void Iso_version_0() => AssertAac(Entry("mp4a", 0, Box("esds", Esds)));

    [Fact]
    public void QuickTime_version_1() =>
        AssertAac(
            Entry("mp4a", 1, Bytes(1024, 0, 4, 2), Box("wave", [.. Box("frma", Bytes("mp4a")), .. Box("esds", Esds), .. Bytes(8, 0)])));

    [Fact]
    public void QuickTime_version_2()
    {
        byte[] addition = Bytes(72, 44100.0, 2, 0x7F000000, 16, 0, 0, 1024);
        AssertAac(Entry("mp4a", 2, addition, Box("wave", Box("esds", Esds))));
    }

    [Fact]
    public void Iso_version_1_has_no_additions() => AssertAac(Entry("mp4a", 1, Box("esds", Esds)), stsdVersion: 1);

    [Fact]
    public void Other_boxes_and_padding_are_passed_over() =>
        AssertAac(Entry("mp4a", 0, Box("chan", new byte[12]), Box("esds", Esds), Box("btrt", new byte[12]), new byte[4]));

    [Theory]
    [InlineData(0x69)]
    [InlineData(0x6B)]
    public void Mp3_in_mp4a(int objectType)
    {
        Track track = Parse(Entry("mp4a", 0, Box("esds", Descriptor((byte)objectType, []))));
        Mp3Configuration codec = Assert.IsType<Mp3Configuration>(track.Codec);
        Assert.Equal((44100, 2), (codec.SampleRate, codec.Channels));
    }

    [Theory]
    [InlineData(".mp3")]
    [InlineData("ms\0U")]
    public void Mp3_by_its_own_names(string type) =>
        Assert.IsType<Mp3Configuration>(Parse(Entry(type, 1, Bytes(1152, 0, 0, 2))).Codec);

    [Theory]
    [InlineData("alac", "audio codec 'alac' (Apple Lossless) is not supported")]
    [InlineData("sowt", "audio codec 'sowt' (uncompressed PCM) is not supported")]
    [InlineData("in24", "audio codec 'in24' (uncompressed PCM) is not supported")]
    [InlineData("sawb", "audio codec 'sawb' (AMR-WB) is not supported")]
    [InlineData("drms", "it is encrypted (FairPlay)")]
    [InlineData("enca", "it is encrypted")]
    [InlineData("mp4a", "its 'mp4a' sample description has no 'esds'")]
    public void Others_are_listed_with_the_reason(string type, string reason)
    {
        Track track = Parse(Entry(type, 0));
        Assert.Equal(reason, track.UnplayableReason);
        Assert.Null(track.Codec);
        Assert.Empty(track.Samples);
        Assert.Equal(4, track.SampleCount);
        Assert.Equal(new FourCc(type), track.SampleEntry);
        Assert.Equal((44100, 2), (track.SampleRate, track.Channels));
    }

    [Fact]
    public void Other_mpeg_4_sound_is_listed_with_the_reason()
    {
        Assert.Equal("audio codec Vorbis is not supported", Parse(Entry("mp4a", 0, Box("esds", Descriptor(0xDD, [1])))).UnplayableReason);
        Assert.Equal("its AAC has no AudioSpecificConfig", Parse(Entry("mp4a", 0, Box("esds", Descriptor(0x40, [])))).UnplayableReason);
        Assert.Equal("audio codec MPEG-4 ALS is not supported",
            Parse(Entry("mp4a", 0, Box("esds", Descriptor(0x40, [0xF8, 0x88, 0, 0])))).UnplayableReason);
    }

    /// <summary>Nothing in the tables of a track that is not played refuses the file.</summary>
    [Fact]
    public void Broken_tables_of_a_track_that_is_not_played_do_no_harm()
    {
        byte[] file = Build(Entry("alac", 0), 0, moov => moov["trak/mdia/minf/stbl"].Set(new EditableBox("stsc", Bytes(0, 7))));
        Assert.NotNull(Mp4Files.Parse(file).Tracks[0].UnplayableReason);
        file = Build(Entry("alac", 0), 0, moov => moov["trak/mdia"].Set(new EditableBox("mdhd", Bytes(0, 0, 0, 0, 0, 0))));
        Assert.NotNull(Mp4Files.Parse(file).Tracks[0].UnplayableReason);
        file = Build(Entry("mp4a", 0, Box("esds", Esds)), 0, moov => moov["trak/mdia/minf/stbl"].Set(new EditableBox("stsc", Bytes(0, 7))));
        Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file));
    }

    [Fact]
    public void Other_handlers_are_listed()
    {
        byte[] file = Build(Entry("tx3g", 0), 0, moov => moov["trak/mdia"].Set(new EditableBox("hdlr", Bytes(0, 0, "sbtl", new byte[13]))));
        Track track = Mp4Files.Parse(file).Tracks[0];
        Assert.Equal(TrackKind.Other, track.Kind);
        Assert.Equal("it is neither picture nor sound but 'sbtl'", track.UnplayableReason);
        Assert.Equal(new FourCc("tx3g"), track.SampleEntry);
    }

    [Fact]
    public void Sound_stored_by_the_byte_is_listed()
    {
        byte[] file = Build(
            Entry("mp4a", 0, Box("esds", Esds)), 0, moov => moov["trak/mdia/minf/stbl"].Set(new EditableBox("stts", Bytes(0, 1, 4, 1))));
        Assert.StartsWith("its sound is stored by the byte", Mp4Files.Parse(file).Tracks[0].UnplayableReason);
    }

    [Fact]
    public void Samples_in_another_file_are_listed()
    {
        byte[] Reference(int flags) => Bytes(0, 1, Box("url ", Bytes(flags, "other.mp4\0")));
        Assert.Null(
            Mp4Files.Parse(
                Build(Entry("mp4a", 0, Box("esds", Esds)), 0, moov => SetReference(moov, Reference(1)))).Tracks[0].UnplayableReason);
        Assert.Equal(
            "its samples are in another file ('url ')",
            Mp4Files.Parse(
                Build(Entry("mp4a", 0, Box("esds", Esds)), 0, moov => SetReference(moov, Reference(0)))).Tracks[0].UnplayableReason);

        static void SetReference(EditableBox moov, byte[] dref) =>
            moov["trak/mdia/minf"].Set(new EditableBox("dinf", new EditableBox("dref", dref)));
    }

    public static TheoryData<byte[]> BadDescriptors => new(
        new byte[][]
        {
            [], [0, 0, 0, 0], [0, 0, 0, 0, 3], [0, 0, 0, 0, 3, 4, 0, 1, 0, 9, 2, 0, 0], Descriptor(0x40, [0x12, 0x10])[..^1],
            Descriptor(0x40, [0x12]), Descriptor(0x40, [0x16, 0x90]), [9, 0, 0, 0, 3],
        });

    [Theory]
    [MemberData(nameof(BadDescriptors))]
    public void Broken_descriptors_refuse_the_file(byte[] esds) =>
        Assert.Throws<Mp4FormatException>(() => Parse(Entry("mp4a", 0, Box("esds", esds))));

    [Theory]
    [InlineData("-c:a aac -ac 1", "mov")]
    [InlineData("-c:a aac -ac 6", "mov")]
    [InlineData("-c:a aac -ac 6", "mp4")]
    [InlineData("-c:a libmp3lame", "mov")]
    public void Files_of_ffmpeg(string arguments, string extension)
    {
        string path = Ffmpeg.Make($"sound{arguments.GetHashCode()}.{extension}", $"-f lavfi -i sine=440:r=48000:d=1 {arguments}");
        Track track = Mp4Files.Parse(path).Tracks[0];
        Reference.AssertSame(path, track, "a:0");
        Assert.Equal(Ffmpeg.Probe(path, "a:0", "stream=channels"), $"{track.Channels}");
        Assert.Equal(Ffmpeg.Probe(path, "a:0", "stream=sample_rate"), $"{track.SampleRate}");
    }

    private static void AssertAac(byte[] entry, int stsdVersion = 0)
    {
        Track track = Parse(entry, stsdVersion);
        Assert.Null(track.UnplayableReason);
        AacConfiguration codec = Assert.IsType<AacConfiguration>(track.Codec);
        Assert.Equal([0x12, 0x10], codec.Raw);
        Assert.Equal((44100, 2), (track.SampleRate, track.Channels));
        Assert.Equal(4, track.SampleCount);
    }

    private static Track Parse(byte[] entry, int stsdVersion = 0) => Mp4Files.Parse(Build(entry, stsdVersion, _ => { })).Tracks[0];

    private static byte[] Build(byte[] entry, int stsdVersion, Action<EditableBox> change) => new Mp4Builder().Build(moov =>
    {
        moov["trak/mdia"].Set(new EditableBox("hdlr", Bytes(0, 0, "soun", new byte[13])));
        moov["trak/mdia/minf/stbl"].Set(new EditableBox("stsd", Bytes(stsdVersion << 24, 1, entry)));
        change(moov);
    });

    private static byte[] Entry(string type, short version, params byte[][] rest) =>
        new EditableBox(type, Bytes(
            0, (short)0, (short)1, version, (short)0, 0, (short)2, (short)16, 0, 44100 << 16, Bytes([.. rest]))).Write();

    private static byte[] Box(string type, byte[] body) => new EditableBox(type, body).Write();

    private static byte[] Descriptor(byte objectType, byte[] specific)
    {
        byte[] info = specific.Length == 0 ? [] : [5, 0x80, 0x80, 0x80, (byte)specific.Length, .. specific];
        byte[] configuration = [4, (byte)(13 + info.Length), objectType, 0x15, .. new byte[11], .. info];
        return [0, 0, 0, 0, 3, (byte)(3 + configuration.Length), 0, 1, 0, .. configuration];
    }
}
