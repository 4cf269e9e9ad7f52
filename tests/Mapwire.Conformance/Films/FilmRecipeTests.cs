using Mapwire.Conformance.Reading;

namespace Mapwire.Conformance.Films;

/// <summary>The films are what their names say; a recipe that makes an ordinary film tests nothing.</summary>
public sealed class FilmRecipeTests
{
    [Theory]
    [InlineData("moov-first.mp4", true)]
    [InlineData("moov-last.mp4", false)]
    public async Task The_moov_lies_where_the_name_says(string name, bool first)
    {
        List<Box> boxes = BoxFile.Read(await FilmFactory.GetAsync(name)).Boxes;
        Assert.Equal(first, boxes.FindIndex(box => box.Type == "moov") < boxes.FindIndex(box => box.Type == "mdat"));
    }

    [Fact]
    public async Task Composition_offsets_are_negative()
    {
        Box[] offsets = [.. (await MoovAsync("negative-ctts.mp4")).All("ctts")];
        Assert.Contains(offsets,
            ctts => ctts.Payload[0] == 1 && Enumerable.Range(0, (int)ctts.UInt32(4)).Any(i => (int)ctts.UInt32(12 + (8 * i)) < 0));
    }

    [Fact]
    public async Task The_timescale_is_fine_and_the_film_outlasts_32_bits_of_it()
    {
        Box mdhd = (await MoovAsync("fine-timescale.mp4")).At("trak/mdia/mdhd");
        Assert.Equal(10_000_000u, mdhd.UInt32(mdhd.Payload[0] == 1 ? 20 : 12));
        Recording film = await Ffprobe.ReadAsync(await FilmFactory.GetAsync("fine-timescale.mp4"));
        Assert.True(film.Of("video").Max(packet => packet.Dts) > uint.MaxValue / 10_000_000.0);
    }

    [Fact]
    public async Task The_long_film_passes_24_bits_of_milliseconds()
    {
        Recording film = await Ffprobe.ReadAsync(await FilmFactory.GetAsync("long.mp4"));
        Assert.True(film.Of("video").Max(packet => packet.Dts) > 16_777.216 + 10);
        Assert.True(film.Of("audio").Max(packet => packet.Dts) > 16_777.216 + 10);
    }

    [Fact]
    public async Task The_sparse_film_lies_past_4_gib()
    {
        string path = await FilmFactory.GetAsync("past-4-gib.mp4");
        Assert.True(new FileInfo(path).Length > 4L << 30);
        Recording small = await Ffprobe.ReadAsync(await FilmFactory.GetAsync("moov-first.mp4"));
        Assert.Equal(small.Packets, (await Ffprobe.ReadAsync(path)).Packets);
    }

    [Theory]
    [InlineData("large-frames.mp4", 1 << 20)]
    [InlineData("huge-frames.mp4", 4 << 20)]
    public async Task Frames_are_as_large_as_the_name_says(string name, int size) =>
        Assert.All((await Ffprobe.ReadAsync(await FilmFactory.GetAsync(name))).Of("video"),
        packet => Assert.True(packet.Size > size, $"{packet.Size} bytes"));

    [Fact]
    public async Task The_trim_begins_within_a_group_of_pictures()
    {
        Recording film = await Ffprobe.ReadAsync(await FilmFactory.GetAsync("trimmed.mp4"));
        Assert.True(film.Of("video").First() is { Discard: true, IsKey: true });
        Assert.Contains(film.Of("video"), packet => packet.Discard && packet.Pts < -0.1);
        Assert.Contains(film.Of("audio"), packet => packet.Discard && packet.Pts < -0.1);
    }

    [Theory]
    [InlineData("late-video.mp4", "video", 0.5)]
    [InlineData("late-audio.mp4", "audio", 0.7)]
    public async Task The_late_track_begins_with_an_empty_edit(string name, string kind, double late)
    {
        Assert.Contains((await MoovAsync(name)).All("elst"), elst => elst.UInt32(4) > 1 && elst.UInt32(12) == uint.MaxValue);
        Recording film = await Ffprobe.ReadAsync(await FilmFactory.GetAsync(name));
        Assert.InRange(film.Of(kind).Where(packet => !packet.Discard).Min(packet => packet.Pts), late - 0.03, late + 0.03);
    }

    [Fact]
    public async Task Some_films_have_no_edit_list_and_some_no_b_frames()
    {
        Assert.Empty((await MoovAsync("no-edit-list.mp4")).All("elst"));
        Assert.All((await Ffprobe.ReadAsync(await FilmFactory.GetAsync("no-b-frames.mp4"))).Of("video"),
            packet => Assert.Equal(packet.Dts, packet.Pts));
        Assert.Contains((await Ffprobe.ReadAsync(await FilmFactory.GetAsync("moov-last.mp4"))).Of("video"),
            packet => packet.Pts > packet.Dts);
    }

    [Fact]
    public async Task The_frame_rate_varies()
    {
        double[] times =
            [.. (await Ffprobe.ReadAsync(await FilmFactory.GetAsync("variable-rate.mp4"))).Of("video").Select(packet => packet.Pts)
                .Order()];
        Assert.True(times.Zip(times.Skip(1), (a, b) => Math.Round(b - a, 3)).Distinct().Count() > 1);
    }

    [Theory]
    [InlineData("short-video.mp4", "video")]
    [InlineData("short-audio.mp4", "audio")]
    public async Task One_track_ends_long_before_the_other(string name, string kind)
    {
        Recording film = await Ffprobe.ReadAsync(await FilmFactory.GetAsync(name));
        Assert.True(film.Of(kind).Max(packet => packet.Pts) < 1.6);
        Assert.True(film.Packets.Max(packet => packet.Pts) > 3.5);
    }

    [Fact]
    public async Task Tracks_that_are_not_played_come_first_and_last()
    {
        Box moov = await MoovAsync("extra-tracks.mp4");
        string[] handlers =
            [.. moov.All("hdlr").Select(hdlr => System.Text.Encoding.ASCII.GetString(hdlr.Payload, 8, 4))
                .Where(type => type is "vide" or "soun" or "sbtl" or "text")];
        Assert.Equal(["sbtl", "vide", "soun", "soun"], handlers);
    }

    [Fact]
    public async Task Every_recipe_makes_a_film_that_ffmpeg_reads()
    {
        foreach (string name in FilmRecipes.All.Keys)
        {
            Recording film = await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name));
            Assert.True(film.Packets.Count > 0 && film.Duration > 0, name);
        }
    }

    private static async Task<Box> MoovAsync(string name) => BoxFile.Read(await FilmFactory.GetAsync(name)).Moov;
}
