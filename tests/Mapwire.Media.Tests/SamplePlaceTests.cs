using System.Text;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests;

/// <summary>Where a file says what it says of a sample.</summary>
public sealed class SamplePlaceTests
{
    [Fact]
    public void Tables_say_it()
    {
        byte[] film = new Mp4Builder().Build(moov => moov["trak/mdia/minf/stbl"].Set(new EditableBox("ctts", Bytes(0, 1, 4, 40))));
        SampleTable samples = Read(film);
        foreach ((SampleField fact, string box) in (IEnumerable<(SampleField, string)>)[
            (SampleField.Size, "stsz"), (SampleField.Offset, "stco"), (SampleField.DecodeTime, "stts"), (SampleField.Composition, "ctts"),
            (SampleField.Sync, "stss"), (SampleField.Description, "stsc")])
        {
            Assert.Equal(new FileLocation($"box '{box}'", BodyOf(film, box)), samples.FindLocation(3, fact, out long number));
            Assert.Equal(4, number);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => samples.FindLocation(4, SampleField.Size, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => samples.FindLocation(-1, SampleField.Size, out _));
    }

    [Fact]
    public void What_no_table_says_the_box_around_them_does()
    {
        byte[] film = new Mp4Builder().Build(moov => moov["trak/mdia/minf/stbl"].Remove("stss"));
        Assert.Equal(new FileLocation("box 'stbl'", BodyOf(film, "stbl")), Read(film).FindLocation(0, SampleField.Sync, out _));
    }

    [Fact]
    public void An_edit_list_says_the_times_that_it_makes()
    {
        byte[] film = new Mp4Builder().Build(moov => moov["trak"].Set(Mp4Builder.EditList((100_000, -1, 0x10000), (120, 40, 0x10000))));
        SampleTable samples = Read(film);
        Assert.Equal(new FileLocation("box 'elst'", BodyOf(film, "elst")),
            samples.FindLocation(2, SampleField.DecodeTime, out long number));
        Assert.Equal(3, number);
        Assert.Equal("box 'stsz'", samples.FindLocation(2, SampleField.Size, out _).Structure);

        film = new Mp4Builder().Build(moov => moov["trak"].Set(Mp4Builder.EditList((160, 0, 0x10000))));
        Assert.Equal("box 'stts'", Read(film).FindLocation(2, SampleField.DecodeTime, out _).Structure);
    }

    [Fact]
    public void Of_fragments_the_run_says_it_and_of_samples_before_them_the_table()
    {
        Mp4Builder builder = new() { Sizes = [5, 5] };
        builder.Extra.Add(new EditableBox("mvex", new EditableBox("trex", Bytes(0, 1, 1, 40, 20, 0))));
        byte[] moof =
            new EditableBox("moof",
            new EditableBox("traf", new EditableBox("tfhd", Bytes(0x20000, 1)),
            new EditableBox("trun", Bytes(0x201, 2, 100, 10, 11)))).Write();
        byte[] mdat = new EditableBox("mdat", new byte[120]).Write();
        byte[] film = [.. builder.Build(), .. moof, .. mdat, .. moof, .. mdat];
        SampleTable samples = Read(film);
        Assert.Equal(6, samples.Count);
        int first = BodyOf(film, "trun");
        int second = first + moof.Length + mdat.Length;
        Assert.Equal(
            [new("box 'stsz'", BodyOf(film, "stsz")), new("box 'trun'", first), new("box 'trun'", first), new("box 'trun'", second),
            new("box 'trun'", second)],
            Enumerable.Range(1, 5).Select(i => samples.FindLocation(i, SampleField.Size, out _)));
    }

    [Fact]
    public void Of_tags_each_says_it()
    {
        FlvBuilder builder = new();
        builder.Tag(9, 0, $"17 00 000000 {Convert.ToHexString(Mp4Builder.AvcRecord)}");
        int first = builder.Length;
        builder.Tag(9, 0, "17 01 000000 AABB");
        int second = builder.Length;
        builder.Tag(9, 40, "A1 61766331 000000 AABBCC");
        int third = builder.Length;
        byte[] film = builder.Tag(9, 80, "27 01 000000 AABB").Build();
        SampleTable samples = Read(film);
        Assert.Equal(
            [new("video tag", first), new("video tag", second), new("video tag", third)],
            Enumerable.Range(0, 3).Select(i => samples.FindLocation(i, SampleField.Sync, out _)));
    }

    private static int BodyOf(byte[] film, string box) => film.AsSpan().IndexOf(Encoding.ASCII.GetBytes(box)) + 4;

    private static SampleTable Read(byte[] film)
    {
        MovieFileReader reader = new(film.Length);
        while (reader.TryGetNext(out long offset, out int length))
        {
            reader.Add(film.AsSpan((int)offset, length));
        }

        return Assert.Single(reader.ToMovie().Tracks).Samples;
    }
}
