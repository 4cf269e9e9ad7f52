using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Playback;

public sealed class ReelOpenerTests : IDisposable
{
    private const long ClipEnd = 24_080; // the clip's 24 s, and the 80 ms that its first picture waits for reordering

    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;
    private readonly ReelOpener _opener;

    public ReelOpenerTests()
    {
        ServedFolder folder = new(_folder.Path);
        _catalog = new TitleCatalog(new FileCatalog(folder, new FileBudget()), NullLogger.Instance);
        _opener = new ReelOpener(folder, _catalog, maxItems: 5);
        _folder.Add("a.mp4");
        _folder.Add("sub/b.mp4");
    }

    public void Dispose()
    {
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_recording_is_a_reel_of_its_whole()
    {
        Reel reel = await OpenAsync("a.mp4");
        ReelPart part = Assert.Single(reel.Parts);
        Assert.Equal((0, part.Title.Strip.EndTime.Milliseconds, 0), Times(part));
        Assert.True(reel.IsWhole);
        Assert.Equal(part.Title.Duration.TotalSeconds, reel.Seconds);
        Assert.True(reel.MetadataOf(0).Equals(part.Title.Metadata));
        reel.Release();
    }

    [Theory]
    [InlineData("q.mp4")]
    [InlineData("mp4:q.mp4")]
    [InlineData("q")]
    [InlineData("w.qualities.json")]
    [InlineData("list.m3u8")] // whose item it is
    public async Task Several_qualities_are_refused_with_the_way_to_play_them(string name)
    {
        _folder.Add("q.360p.mp4");
        _folder.Add("q.720p.mp4");
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "w.qualities.json"), """["q.360p.mp4"]""");
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "list.m3u8"), "q.mp4");
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => OpenAsync(name));
        Assert.Equal(TitleError.NotPlayable, refusal.Error);
        Assert.EndsWith("several qualities play by HLS and DASH, where players choose: ask for one of their files", refusal.Message,
            StringComparison.Ordinal);
        Assert.Equal(TitleError.NotFound, (await Assert.ThrowsAsync<TitleException>(() => OpenAsync("r.mp4"))).Error);
    }

    [Fact]
    public async Task A_playlist_is_one_time_line()
    {
        Write("list.m3u8", "a.mp4\nsub/b.mp4?start=2&end=5.5\n#EXTVLCOPT:start-time=20\na.mp4");
        Reel reel = await OpenAsync("list");
        long end = reel.Parts[0].Out.Milliseconds;
        Assert.InRange(end, ClipEnd - 100, ClipEnd + 100);
        Assert.Equal([(0, end, 0), (2000, 5500, end), (20_000, end, end + 3500)],
            reel.Parts.Select(Times));
        Assert.Equal(end + 3500 + end - 20_000, reel.Length);
        Assert.Equal(reel.Length, reel.Period + reel.Parts[0].Title.Strip.StartTime.Milliseconds);
        Assert.Equal(reel.Length / 1000.0, reel.Seconds);
        Assert.Same(reel.Parts[0].Title, reel.Parts[2].Title);
        foreach ((long time,
            int part) in (IEnumerable<(long, int)>)[(0, 0), (end - 1, 0), (end, 1), (end + 3499, 1), (end + 3500, 2), (1 << 30, 2)])
        {
            Assert.Equal(part, reel.PartAt(new(time)));
        }

        AmfValue metadata = Metadata(reel, 1);
        Assert.Equal(reel.Seconds, metadata["duration"]!.AsNumber());
        Assert.Equal(320, metadata["width"]!.AsNumber());
        Assert.Null(metadata["filesize"]);
        reel.Release();
    }

    [Fact]
    public async Task What_is_for_decoders_takes_no_time_of_a_joint()
    {
        Write("list.m3u8", "a.mp4\na.mp4?end=2");
        Reel reel = await OpenAsync("list");
        Title title = reel.Parts[0].Title;
        Assert.InRange(title.Strip.StartTime.Milliseconds, 20, 120);
        Assert.Equal(title.Strip.EndTime, title.Strip.StartTime + (long)title.Duration.TotalMilliseconds);
        Assert.Equal((title.Strip.StartTime.Milliseconds, 2000, title.Strip.EndTime.Milliseconds), Times(reel.Parts[1]));
        reel.Release();
    }

    [Fact]
    public async Task Rounds_of_a_loop_are_counted_without_the_first_run_up()
    {
        Reel reel = await OpenAsync("a.mp4?end=2&loop=1");
        long start = reel.Parts[0].Title.Strip.StartTime.Milliseconds;
        Assert.Equal(2000 - start, reel.Period);
        foreach ((long time,
            long before) in (IEnumerable<(long, long)>)[(0, 0), (1999, 0), (2000, reel.Period), (2000 + reel.Period, 2 * reel.Period),
            (1999 + reel.Period, reel.Period)])
        {
            Assert.Equal(before, reel.RoundsBefore(new(time)));
        }

        reel.Release();
    }

    [Fact]
    public async Task A_playlist_lies_in_its_folder_and_so_do_its_items()
    {
        Write("sub/list.json", """["b.mp4", {"file": "b.mp4", "in": 23}]""");
        Reel reel = await OpenAsync("sub/list.json");
        Assert.Equal(2, reel.Parts.Length);
        reel.Release();
        Write("sub/up.m3u8", "../a.mp4");
        Assert.Equal(TitleError.NotFound, (await RefusedAsync("sub/up.m3u8")).Error);
    }

    [Fact]
    public async Task The_tracks_of_a_film_are_announced_as_players_read_them()
    {
        Reel reel = await OpenAsync("a.mp4");
        AmfValue metadata = Metadata(reel, 0);
        foreach ((string name, double value) in ((string, double)[])[
            ("width", 320), ("height", 180), ("videocodecid", 7), ("framerate", 25), ("audiocodecid", 10), ("audiosamplerate", 44_100),
            ("audiosamplesize", 16), ("audiochannels", 2), ("aacaot", 2)])
        {
            Assert.Equal((name, value), (name, metadata[name]?.AsNumber()));
        }

        Assert.Equal(true, metadata["stereo"]?.AsBoolean());
        Assert.InRange(metadata["videodatarate"]!.AsNumber()!.Value, 1, 10_000);
        Assert.InRange(metadata["audiodatarate"]!.AsNumber()!.Value, 16, 320);
        reel.Release();
    }

    [Fact]
    public async Task The_key_frames_of_a_film_are_announced_in_seconds()
    {
        Reel reel = await OpenAsync("a.mp4");
        AmfValue keyframes = Metadata(reel, 0)["keyframes"]!;
        double[] times = [.. keyframes["times"]!.Items.Select(static time => time.AsNumber()!.Value)];
        Strip strip = reel.Parts[0].Title.Strip;
        Assert.Equal(strip.SyncPointCount, times.Length);
        for (int i = 0; i < times.Length; i++)
        {
            StripEntry entry = strip[strip.SyncPoint(i)];
            Assert.Equal((entry.Time - strip.RunUpEnd) / 1000.0, times[i], 1e-9);
            Assert.Equal(entry.Offset, keyframes["filepositions"]!.Items[i].AsNumber());
        }

        reel.Release();
    }

    [Fact]
    public async Task A_recording_that_is_as_long_as_it_was_has_grown_to_what_it_is()
    {
        string path = Path.Combine(_folder.Path, "live.flv");
        byte[] film = new FlvBuilder().Avc().Picture(0).Picture(40).Build();
        File.WriteAllBytes(path, film);
        FileCatalog files = _catalog.Files;
        MediaFile file = await files.OpenAsync(files.Find(PlayName.Parse("", "live.flv")));
        Assert.True(await files.RunAsync("grow live.flv", file.TryGrow));
        File.WriteAllBytes(path, film[..^20]);
        Assert.False(await files.RunAsync("grow live.flv", file.TryGrow));
        file.Release();
    }

    [Fact]
    public async Task A_cut_goes_over_joints()
    {
        Write("list.m3u8", "a.mp4?end=4\na.mp4?start=10&end=13\na.mp4?start=20&end=22");
        Reel reel = await OpenAsync("list.m3u8?start=3&end=7.5&loop=1");
        Assert.Equal([(3000, 4000, 0), (10_000, 13_000, 1000), (20_000, 20_500, 4000)],
            reel.Parts.Select(Times));
        Assert.True(reel.Loops);
        Assert.Equal(0, reel.Seconds);
        Assert.Null(Metadata(reel, 0)["duration"]);
        reel.Release();
    }

    [Fact]
    public async Task A_cut_has_keyframes_by_its_own_times()
    {
        Reel reel = await OpenAsync("a.mp4?start=3&end=9.5");
        Assert.Equal(6.5, reel.Seconds);
        AmfValue metadata = Metadata(reel, 0);
        Assert.Equal(6.5, metadata["duration"]!.AsNumber());
        double[] times = [.. metadata["keyframes"]!["times"]!.Items.Select(static time => time.AsNumber()!.Value)];
        Assert.Equal(3, times.Length); // the clip has one every 2 s
        Assert.All(times, static time => Assert.InRange(time, 0.9, 5.3));
        reel.Release();
    }

    [Theory]
    [InlineData("nested.m3u8", "list.m3u8", "item 1 of the playlist (line 1 at offset 0): nested playlists are not supported")]
    [InlineData("missing.m3u8", "a.mp4\nnowhere.mp4", "item 2 of the playlist (line 2 at offset 6): no title nowhere.mp4")]
    [InlineData("bad.m3u8", "a.mp4\nnoise.mp4\nsub/b.mp4", "item 2 of the playlist (line 2 at offset 6): ")]
    [InlineData("empty-piece.m3u8", "a.mp4?start=5&end=5", "item 1 of the playlist (line 1 at offset 0): nothing from 5 to 5 s")]
    [InlineData("past.m3u8", "a.mp4?start=100", "item 1 of the playlist (line 1 at offset 0): nothing from 100 s on: it ends at ")]
    [InlineData("many.m3u8", "a.mp4\na.mp4\na.mp4\na.mp4\na.mp4\na.mp4", "more than 5 items (line 6 at offset 30)")]
    [InlineData("wish.m3u8", "a.mp4?audio=7", "item 1 of the playlist (line 1 at offset 0): audio track 7 of 1")]
    public async Task What_cannot_be_joined_is_refused_and_let_go(string name, string text, string reason)
    {
        Write("list.m3u8", "a.mp4");
        Write("noise.mp4", "this is no film");
        Write(name, text);
        Assert.Contains(reason, (await RefusedAsync(name)).Message, StringComparison.Ordinal);

        // Whatever was opened on the way is held by the catalog alone.
        Reel reel = await OpenAsync("a.mp4");
        Title title = reel.Parts[0].Title;
        reel.Release();
        _catalog.Dispose();
        Assert.False(title.TryAcquire());
    }

    [Theory]
    [InlineData("a.mp4?start=24.5")]
    [InlineData("a.mp4?start=5&end=4")]
    [InlineData("a.mp4?start=Infinity")]
    [InlineData("list.m3u8?start=100")]
    public async Task A_cut_with_nothing_in_it_is_refused(string name)
    {
        Write("list.m3u8", "a.mp4\na.mp4");
        Assert.Contains("nothing from", (await RefusedAsync(name)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.mp4?start=-Infinity")]
    [InlineData("a.mp4?start=NaN")]
    [InlineData("list.m3u8?end=-Infinity&loop=1")]
    public async Task What_is_no_time_is_refused(string name)
    {
        Write("list.m3u8", "a.mp4\na.mp4");
        Assert.Contains("takes seconds", (await RefusedAsync(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_playlist_is_refused_as_a_playlist()
    {
        Write("empty.m3u8", "");
        Assert.Contains("it has no item (line 1 at offset 0)", (await RefusedAsync("empty.m3u8")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_playlist_that_is_too_large_is_not_read()
    {
        Write("large.m3u8", new string('#', PlaylistFile.MaxBytes + 1));
        Assert.Contains($"bytes (line 1 at offset {PlaylistFile.MaxBytes})", (await RefusedAsync("large.m3u8")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reel_that_is_too_short_does_not_loop()
    {
        Reel reel = await OpenAsync("a.mp4?end=0.05&loop=1");
        Assert.False(reel.Loops);
        reel.Release();
    }

    [Fact]
    public async Task What_a_viewer_is_told_that_a_film_lacks_is_of_the_film_as_it_was_opened()
    {
        FlvBuilder film = new FlvBuilder().Avc();
        for (int i = 0; i < 50; i++)
        {
            film.Picture(i * 40, isKey: i % 10 == 0);
        }

        string path = Path.Combine(_folder.Path, "live.flv");
        byte[] silent = film.Build();
        File.WriteAllBytes(path, silent);
        FileCatalog files = _catalog.Files;
        MediaFile file = await files.OpenAsync(files.Find(PlayName.Parse("", "live.flv")));
        using ManualResetEventSlim free = new();
        Task<bool> busy = files.RunAsync("index live.flv", _ => free.Wait(TimeSpan.FromSeconds(60))); // the title is made behind it
        Task<Reel> opening = Task.Run(() => OpenAsync("live.flv"));
        Assert.True(SpinWait.SpinUntil(() => file.Derived.Count > 0, TimeSpan.FromSeconds(60)));

        film.Tag(8, 1960, "90 4F707573 4F70757348656164 01 02 3801 80BB0000 0000 00"); // sound that a plain player is not sent
        film.Tag(8, 1960, "91 4F707573 CC").Tag(8, 2000, "91 4F707573 CC").Picture(2000);
        File.WriteAllBytes(path, film.Build());
        Assert.True(await files.RunAsync("grow live.flv", file.TryGrow));
        Assert.Equal(2, file.Content.Movie.Tracks.Length);
        free.Set();
        await busy;

        Reel early = await opening;
        Assert.Empty(early.Parts[0].Missing!);
        Reel late = await OpenAsync("live.flv");
        Assert.Contains("There is no sound", Assert.Single(late.Parts[0].Missing!), StringComparison.Ordinal);
        early.Release();
        late.Release();
        file.Release();
        Assert.False(file.IsShared);
    }

    private static (long In, long Out, long At) Times(ReelPart part) =>
        (part.In.Milliseconds, part.Out.Milliseconds, part.At.Milliseconds);

    private static AmfValue Metadata(Reel reel, int part)
    {
        Amf0Reader reader = new(reel.MetadataOf(part).Span);
        Assert.Equal("onMetaData", reader.ReadString());
        return reader.ReadValue();
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.Path, name), text);

    private Task<Reel> OpenAsync(string name) => _opener.OpenAsync(PlayName.Parse("", name), PlayerAbilities.None);

    private Task<TitleException> RefusedAsync(string name) => Assert.ThrowsAsync<TitleException>(() => OpenAsync(name));
}
