using FsCheck;
using FsCheck.Fluent;
using Mapwire.Media.Codecs;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Codecs;

/// <summary>Parameter sets that are only in the samples are put into the configuration; nothing else of the file changes.</summary>
public sealed class InBandTests
{
    /// <summary>hvcC of a 64x48 picture, as ffmpeg 5.1 and x265 3.5 write it, with a message of the encoder cut short.</summary>
    private static readonly byte[] HevcRecord = Convert.FromHexString(
        "0101600000009000000000001ef000fcfdf8f800000f04" + "200001001840010c01ffff01600000030090000003000003001e959409"
        + "210001002942010101600000030090000003000003001ea0208316595952930bc05a020000030002000003003210" + "220001" + "00064401c073c089"
        + "2700010005" + "4e01050180");

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    public void Avc_is_completed_from_the_first_sample(int lengthSize, bool isFragmented)
    {
        InBandFilm film = InBandFilm.Avc(lengthSize);
        Track track = Read(isFragmented ? film.BuildFragmented() : film.Build());
        byte[] expected = [.. Mp4Builder.AvcRecord];
        expected[4] = (byte)(0xFC | lengthSize - 1);
        Assert.Equal(expected, track.Codec!.Raw);
        Assert.Equal(("H.264 Constrained Baseline 1.1", 160, 120), (track.Codec.Name, track.Width, track.Height));
        Assert.Same(track.Codec, Assert.Single(track.Codecs));
        Assert.Equal(2, track.SampleCount);
    }

    [Fact]
    public void High_profiles_end_with_their_chroma_as_x264_and_ffmpeg_write_it()
    {
        foreach ((string format,
            string tail) in (IEnumerable<(string, string)>)[("yuv420p", "FDF8F800"), ("yuv422p10le", "FEFAFA00"), ("yuv444p", "FFF8F800")])
        {
            string path =
                Ffmpeg.Make($"high-{format}.mp4",
                $"-f lavfi -i testsrc2=s=64x48:r=25:d=0.2 -c:v libx264 -preset ultrafast -x264-params 8x8dct=1 -pix_fmt {format}");
            AvcConfiguration whole = Assert.IsType<AvcConfiguration>(Mp4Files.Parse(path).Tracks[0].Codec);
            Assert.EndsWith(tail, Convert.ToHexString(whole.Raw.AsSpan()), StringComparison.Ordinal);
            byte[][] sets = [[.. whole.SequenceParameterSets[0]], [.. whole.PictureParameterSets[0]]];
            Assert.Equal(whole.Raw, Read(InBandFilm.Avc(4, sets).Build()).Codec!.Raw);
        }
    }

    [Fact]
    public void Hevc_is_completed_and_keeps_what_it_has()
    {
        InBandFilm film = InBandFilm.Hevc(HevcRecord);
        Assert.Equal(23 + 10, film.Record.Length);
        Track track = Read(film.Build());
        Assert.Equal(HevcRecord, track.Codec!.Raw);
        Assert.Equal((64, 48), (track.Width, track.Height));
        Assert.StartsWith("H.265 Main 1.0 needs", track.UnplayableReason, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_what_is_missing_is_taken()
    {
        // The description has the sequence parameter set; another one in the sample does not count.
        byte[] other = [.. InBandFilm.Sequence];
        other[3]++;
        InBandFilm film = InBandFilm.Avc(4, other, InBandFilm.Picture, InBandFilm.Slice);
        film.Record = [.. Mp4Builder.AvcRecord[..31], 0];
        Assert.Equal(Mp4Builder.AvcRecord, Read(film.Build()).Codec!.Raw);

        // A complete one is what the file says, whatever the samples say.
        film.Record = Mp4Builder.AvcRecord;
        film.First = film.Sample(other, [.. InBandFilm.Picture, 1], InBandFilm.Slice);
        Assert.Equal(Mp4Builder.AvcRecord, Read(film.Build()).Codec!.Raw);
    }

    [Fact]
    public void Repeated_sets_come_once_and_all_others_in_their_order()
    {
        byte[][] pictures = [.. Enumerable.Range(0, 300).Select(i => (byte[])[0x68, (byte)(i + 1), (byte)(i >> 8)])];
        InBandFilm film =
            InBandFilm.Avc(4, [InBandFilm.Sequence, InBandFilm.Sequence, .. pictures[..5], .. pictures[..5], InBandFilm.Slice]);
        AvcConfiguration avc = Assert.IsType<AvcConfiguration>(Read(film.Build()).Codec);
        Assert.Single(avc.SequenceParameterSets);
        Assert.Equal(pictures[..5], avc.PictureParameterSets.Select(set => set.ToArray()));

        // As many as the record has room for.
        film.First = film.Sample([InBandFilm.Sequence, .. pictures]);
        Assert.Equal(pictures[..255],
            Assert.IsType<AvcConfiguration>(Read(film.Build()).Codec).PictureParameterSets.Select(set => set.ToArray()));
    }

    [Fact]
    public void What_lies_behind_the_picture_or_is_not_whole_does_not_count()
    {
        InBandFilm film = InBandFilm.Avc(4, InBandFilm.Sequence, InBandFilm.Slice, InBandFilm.Picture);
        AssertLeftAlone(film);
        film.First = film.Sample(InBandFilm.Sequence, InBandFilm.Picture)[..^1];
        AssertLeftAlone(film);
        film.First = [.. film.Sample(InBandFilm.Sequence), 0xFF, 0xFF, 0xFF, 0xFF, .. InBandFilm.Picture];
        AssertLeftAlone(film);
        film.First = film.Sample(InBandFilm.Sequence[..3], InBandFilm.Picture);
        AssertLeftAlone(film);
        film.First = film.Sample(InBandFilm.Slice);
        AssertLeftAlone(film);
        film.First = film.Sample([.. Enumerable.Repeat<byte[]>([], 2000), InBandFilm.Sequence, InBandFilm.Picture]);
        AssertLeftAlone(film);
        film.First = film.Sample([6, .. new byte[(64 << 10) - 20]], InBandFilm.Sequence, InBandFilm.Picture);
        AssertLeftAlone(film);
        film.First = film.Sample([6, .. new byte[(64 << 10) - 60]], InBandFilm.Sequence, InBandFilm.Picture, InBandFilm.Slice);
        Assert.Equal(Mp4Builder.AvcRecord, Read(film.Build()).Codec!.Raw);
    }

    [Fact]
    public void Each_description_has_its_own_first_sample()
    {
        byte[] second = [.. Mp4Builder.AvcRecord[..5], 0xE0, 0];
        InBandFilm film = InBandFilm.Avc();
        byte[] bytes = new Mp4Builder { Sizes = [(uint)film.First.Length, 8, (uint)film.First.Length, 8] }.Build(moov =>
        {
            EditableBox stbl = moov["trak/mdia/minf/stbl"];
            stbl.Set(new EditableBox("stsd", EditableBox.Bytes(0, 2, Entry(film.Record), Entry(second))));
            stbl.Set(new EditableBox("stss", EditableBox.Bytes(0, 2, 1, 3)));
            stbl.Set(new EditableBox("stsc", EditableBox.Bytes(0, 2, 1, 2, 1, 2, 2, 2)));
            stbl.Set(new EditableBox("stco", EditableBox.Bytes(0, 2, 28, 28 + film.First.Length + 8)));
        });
        byte[] main =
            film.Sample([InBandFilm.Sequence[0], 77, .. InBandFilm.Sequence[2..]], InBandFilm.Picture, InBandFilm.Delimiter,
            InBandFilm.Slice);
        film.First.CopyTo(bytes, 28);
        main.CopyTo(bytes, 28 + film.First.Length + 8);
        Assert.Equal(["avc1.42c00b", "avc1.4dc00b"], Read(bytes).Codecs.Select(codec => codec.Rfc6381));
    }

    [Fact]
    public void Tags_of_flv_are_the_same()
    {
        string units = Convert.ToHexString(InBandFilm.Avc().First);
        byte[] film =
            new FlvBuilder().Tag(9, 0, "17 00 000000 014D0033FFE000").Tag(9, 0, $"17 01 000000 {units}").Tag(9, 40, "27 01 000000 AABB")
                .Build();
        Track track = Read(film);
        Assert.Equal(Mp4Builder.AvcRecord, track.Codec!.Raw);
        Assert.Equal((160, 120), (track.Width, track.Height));
    }

    [Fact]
    public void One_sample_is_looked_at_and_its_table_is_named()
    {
        InBandFilm film = InBandFilm.Avc(4, InBandFilm.Sequence, InBandFilm.Picture, new byte[100_000]);
        byte[] bytes = film.Build();
        MovieFileReader reader = new(bytes.Length);
        int last = 0;
        long at = 0;
        while (reader.TryGetNext(out long offset, out int length))
        {
            (at, last) = (offset, length);
            if (offset == 28 && length > 16)
            {
                Assert.Equal("box 'stco'", reader.Place.Structure);
                Assert.Throws<InvalidOperationException>(reader.ToMovie);
                Assert.Throws<ArgumentException>(() => reader.Add(bytes.AsSpan(28, length - 1)));
            }

            reader.Add(bytes.AsSpan((int)offset, length));
        }

        Assert.Equal((28, 64 << 10), (at, last));
        Assert.Equal(Mp4Builder.AvcRecord, reader.ToMovie().Tracks[0].Codec!.Raw);
    }

    [Fact]
    public void Whatever_the_sample_says_the_configuration_is_left_or_completed()
    {
        Arbitrary<byte[][]> units =
            ArbMap.Default.ArbFor<byte[]>().Generator.ArrayOf().Select(all => (byte[][])[.. all, InBandFilm.Sequence, InBandFilm.Picture])
                .ToArbitrary();
        Prop.ForAll(units, Gen.Choose(0, 400).ToArbitrary(), (all, cut) =>
        {
            foreach (InBandFilm film in (IEnumerable<InBandFilm>)[InBandFilm.Avc(), InBandFilm.Hevc(HevcRecord)])
            {
                byte[] sample = [.. film.Sample(all), .. film.First];
                film.First = sample[..^Math.Min(cut, sample.Length - 1)];
                CodecConfiguration codec = Read(film.Build()).Codec!;
                bool isLeft = codec.Raw.AsSpan().SequenceEqual(film.Record);
                CodecConfiguration again =
                    codec is AvcConfiguration ? AvcConfiguration.Parse(codec.Raw.AsSpan()) : HevcConfiguration.Parse(codec.Raw.AsSpan());
                if (again.IsIncomplete != isLeft)
                {
                    return false;
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    private static byte[] Entry(byte[] record) => new EditableBox("avc3", EditableBox.Bytes(
        0, (short)0, (short)1, new byte[16], (short)32, (short)16, new byte[50], new EditableBox("avcC", record).Write())).Write();

    private static void AssertLeftAlone(InBandFilm film)
    {
        Track track = Read(film.Build());
        Assert.Equal(film.Record, track.Codec!.Raw);
        Assert.Equal((32, 16), (track.Width, track.Height));
    }

    private static Track Read(byte[] film)
    {
        MovieFileReader reader = new(film.Length);
        while (reader.TryGetNext(out long offset, out int length))
        {
            reader.Add(film.AsSpan((int)offset, length));
        }

        return Assert.Single(reader.ToMovie().Tracks);
    }
}
