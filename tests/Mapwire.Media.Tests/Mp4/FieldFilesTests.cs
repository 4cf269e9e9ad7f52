using Mapwire.Media.Codecs;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>What writers in the field do: no sync samples, sizes that crop, languages in words, descriptions counted from 0.</summary>
public sealed class FieldFilesTests
{
    private const string Stbl = "trak/mdia/minf/stbl";
    private const int NotSync = 0x0101_0000;

    private static readonly byte[] Esds = [0, 0, 0, 0, 3, 22, 0, 1, 0, 4, 17, 0x40, 0x15, .. new byte[11], 5, 2, 0x12, 0x10];

    [Theory]
    [InlineData(0)] // an empty table
    [InlineData(1)] // and one of a single sample
    public void All_sound_can_be_started_from(int listed)
    {
        Track track = Mp4Files.Parse(new Mp4Builder { Timescale = 44_100, Delta = 1024, Sizes = [9, 9, 9, 9] }.Build(moov =>
        {
            MakeSound(moov);
            moov[Stbl].Set(new EditableBox("stss", listed == 0 ? Bytes(0, 0) : Bytes(0, 1, 1)));
            moov["trak"].Set(Mp4Builder.EditList((40, 2112, 0x10000)));
        })).Tracks[0];
        Assert.Equal(3, track.SampleCount);
        Assert.All(track.Samples, sample => Assert.True(sample.IsSync));
    }

    [Fact]
    public void Pictures_without_a_sync_sample_start_with_the_first()
    {
        Track track = Mp4Files.Parse(new Mp4Builder().Build(moov => moov[Stbl].Set(new EditableBox("stss", Bytes(0, 1, 99))))).Tracks[0];
        Assert.Equal([true, false, false, false], track.Samples.Select(sample => sample.IsSync));
        Assert.Equal(1, track.Rates.SyncSamples);
        Assert.Equal(0, track.Samples.SyncAtOrBefore(3));
        Assert.Equal([true, false], FragmentsOf(Traf(1, NotSync, [30, 31])).Samples.Select(sample => sample.IsSync));
    }

    /// <summary>
    /// ISO/IEC 14496-12, 8.8.7: without a base the data begins where that of the track before it ends, whoever plays that one.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Data_follows_that_of_a_track_which_is_not_played(bool hasSizes)
    {
        byte[] other =
            hasSizes
            ? Traf(77, 0, [1000, 2000, 500])
            : Box("traf", [.. Box("tfhd", Bytes(0x10, 77, 700)), .. Box("trun", Bytes(1, 5, 100))]);
        Track track = FragmentsOf([.. other, .. Traf(1, 0, [30, 31], hasOffset: false)]);
        Assert.Equal([3600L, 3630], track.Samples.Select(sample => sample.Offset));
    }

    /// <summary>ISO/IEC 14496-15: the sample entry has the cropped size; other entries say what they like.</summary>
    [Theory]
    [InlineData(160, 120, 160, 120)]
    [InlineData(154, 115, 154, 115)]
    [InlineData(320, 240, 160, 120)]
    [InlineData(80, 60, 160, 120)]
    [InlineData(0, 0, 160, 120)]
    public void The_sample_entry_crops_the_picture(short width, short height, int expectedWidth, int expectedHeight)
    {
        Track track =
            Mp4Files.Parse(new Mp4Builder().Build(moov => moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 1, new EditableBox("avc1", Bytes(
            0, (short)0, (short)1, new byte[16], width, height, new byte[50], Box("avcC", Mp4Builder.AvcRecord))).Write()))))).Tracks[0];
        Assert.Equal((expectedWidth, expectedHeight), (track.Width, track.Height));
    }

    [Theory]
    [InlineData("de-AT", "de-AT")]
    [InlineData("und", null)]
    [InlineData("not a tag", null)]
    [InlineData("", null)]
    public void The_extended_language_counts_before_the_other(string tag, string? expected)
    {
        Track track = Mp4Files.Parse(new Mp4Builder().Build(moov => moov["trak/mdia"].Children!.Add(
            new EditableBox("elng", Bytes(0, System.Text.Encoding.ASCII.GetBytes(tag), (byte)0))))).Tracks[0];
        Assert.Equal(expected, track.Language);
    }

    [Fact]
    public void The_packed_language_counts_where_the_extended_one_says_nothing()
    {
        Track track = Mp4Files.Parse(new Mp4Builder().Build(moov =>
        {
            moov["trak/mdia"].Set(new EditableBox("mdhd", Bytes(0, 0, 0, 1000, 0, 0x10B5_0000))); // deu
            moov["trak/mdia"].Children!.Add(new EditableBox("elng", Bytes(0, (byte)0)));
        })).Tracks[0];
        Assert.Equal("deu", track.Language);
    }

    [Fact]
    public void Description_0_is_the_only_one()
    {
        Track track =
            Mp4Files.Parse(new Mp4Builder().Build(moov => moov[Stbl].Set(new EditableBox("stsc", Bytes(0, 1, 1, 4, 0))))).Tracks[0];
        Assert.Equal([0, 0, 0, 0], track.Samples.Select(sample => sample.Description));
    }

    [Fact]
    public void Samples_that_are_all_empty_are_none()
    {
        Track track = Mp4Files.Parse(new Mp4Builder { Sizes = [0, 0, 0] }.Build()).Tracks[0];
        Assert.Equal("it has no samples", track.UnplayableReason);
        Assert.Null(track.Codec);
    }

    [Theory]
    [InlineData(8, 48_000)]
    [InlineData(9, 24_000)]
    [InlineData(10, 12_000)]
    public void Ac3_has_half_rates(int version, int rate)
    {
        byte[] record = [(byte)(version << 1), 0x3D, 0xE0];
        Assert.Equal(rate, DolbyConfiguration.ParseAc3(record).SampleRate);
        byte[] frame = [0x0B, 0x77, 0, 0, 0x00, (byte)(version << 3), 0xE0, 0, 0];
        Assert.Equal(rate, DolbyConfiguration.FromFrame(frame, isEnhanced: false)!.SampleRate);
    }

    [Theory]
    [InlineData("dvh1", 1, null)]
    [InlineData("dvhe", 0, "Dolby Vision profile 5 has no base layer that other decoders can show")]
    public void Dolby_vision_plays_where_its_base_layer_is_compatible(string type, int compatibility, string? reason)
    {
        byte[] dolby = Box("dvcC", [1, 0, 5 << 1, 0x25, (byte)(compatibility << 4), .. new byte[19]]);
        byte[] hevc = Box("hvcC", Convert.FromHexString("0101600000009000000000001ef000fcfdf8f800000f00"));
        byte[] file = new Mp4Builder().Build(moov => moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 1, new EditableBox(type, Bytes(
            0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50], Bytes(hevc, dolby))).Write()))));
        Track track = Mp4Files.Parse(file).Tracks[0];
        if (reason is null)
        {
            Assert.IsType<HevcConfiguration>(track.Codec);
            Assert.Equal(new FourCc(type), track.SampleEntry);
        }
        else
        {
            Assert.Equal(reason, track.UnplayableReason);
        }
    }

    [Fact]
    public void Any_sample_is_found_by_index_time_and_sync()
    {
        Track track =
            Mp4Files.Parse(
                Ffmpeg.Make("lookup.mp4", "-f lavfi -i testsrc2=s=64x48:r=50:d=200 -c:v libx264 -preset ultrafast -bf 2 -g 40")).Tracks[0];
        Sample[] all = [.. track.Samples];
        Assert.Equal(10_000, all.Length);
        Random random = new(7);
        long sync = -1;
        for (int i = 0; i < all.Length; i++)
        {
            sync = all[i].IsSync ? i : sync;
            if (i % 97 == 0 || i is 4095 or 4096 or 4097 || i > 9990)
            {
                Assert.Equal(all[i], track.Samples[i]);
                Assert.Equal(i, track.Samples.IndexAt(all[i].DecodeTime));
                Assert.Equal(i, track.Samples.IndexAt(all[i].DecodeTime - 1));
                Assert.Equal(sync, track.Samples.SyncAtOrBefore(i));
                SampleTable.Enumerator rest = track.Samples.From(i);
                for (int next = i; next < Math.Min(all.Length, i + 3); next++)
                {
                    Assert.True(rest.MoveNext());
                    Assert.Equal(all[next], rest.Current);
                }
            }
        }

        Assert.Equal(all.Length, track.Samples.IndexAt(long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => track.Samples[all.Length]);
        Assert.Throws<ArgumentOutOfRangeException>(() => track.Samples[-1]);
    }

    [Fact]
    public void Lookups_agree_with_a_walk_over_an_edit_list_that_jumps_back()
    {
        Track track = Mp4Files.Parse(new Mp4Builder { Sizes = [9, 8, 7, 6, 5, 4, 3, 2] }.Build(moov =>
        {
            moov[Stbl].Set(new EditableBox("stss", Bytes(0, 2, 1, 5)));
            moov["trak"].Set(Mp4Builder.EditList((100, 200, 0x10000), (80, 0, 0x10000), (80, 240, 0x10000)));
        })).Tracks[0];
        Sample[] all = [.. track.Samples];
        Assert.Equal(all, Enumerable.Range(0, all.Length).Select(i => track.Samples[i]));
        for (int i = 0; i < all.Length; i++)
        {
            Assert.Equal(Array.FindLastIndex(all, i, sample => sample.IsSync), track.Samples.SyncAtOrBefore(i));
        }
    }

    private static void MakeSound(EditableBox moov)
    {
        byte[] entry =
            new EditableBox("mp4a", Bytes(0, (short)0, (short)1, 0L, (short)2, (short)16, 0, 44_100 << 16, Box("esds", Esds))).Write();
        moov["trak/mdia"].Set(new EditableBox("hdlr", Bytes(0, 0, "soun", new byte[13])));
        moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 1, entry)));
    }

    private static Track FragmentsOf(byte[] trafs)
    {
        Mp4Builder builder = new() { Sizes = [] };
        builder.Extra.Add(new EditableBox("mvex", new EditableBox("trex", Bytes(0, 1, 1, 40, 20, 0))));
        MovieBuilder movie = new(builder.BuildMovie(0).Write(), 0, 9000);
        movie.AddFragment(Box("moof", trafs), 0);
        return movie.ToMovie().Tracks[0];
    }

    private static byte[] Traf(int id, int flags, int[] sizes, bool hasOffset = true) => Box(
        "traf",
        [
            .. Box("tfhd", Bytes(0x20, id, flags)),
            .. Box("trun", Bytes(hasOffset ? 0x201 : 0x200, sizes.Length, hasOffset ? Bytes(100) : [], Bytes([.. sizes.Cast<object>()]))),
        ]);

    private static byte[] Box(string type, byte[] body) => new EditableBox(type, body).Write();
}
