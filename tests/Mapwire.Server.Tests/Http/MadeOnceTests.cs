using System.Text;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Http;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>What all who ask get the same of is made for the first of them: of a film, of a list, of several qualities.</summary>
public sealed class MadeOnceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;

    public MadeOnceTests()
    {
        foreach (string name in (string[])["a.mp4", "b.mp4", "film.360p.mp4", "film.720p.mp4"])
        {
            _folder.Add(name);
        }

        File.WriteAllText(Path.Combine(_folder.Path, "list.m3u8"), "a.mp4\nb.mp4\n");
        File.WriteAllText(Path.Combine(_folder.Path, "a.de.vtt"), "WEBVTT\n\n00:00.000 --> 00:01.000\nHallo\n");
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
    }

    public void Dispose()
    {
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("a.mp4/index.m3u8")]
    [InlineData("a.mp4/v1a1.m3u8")]
    [InlineData("a.mp4/subtitles-de-1.vtt")]
    [InlineData("a.mp4/stream.mp4")]
    [InlineData("list.m3u8/index.m3u8")]
    [InlineData("list.m3u8/v1a1.m3u8")]
    [InlineData("list.m3u8/v1-pictures.m3u8?start=1")]
    [InlineData("list.m3u8/manifest.mpd")]
    [InlineData("film.mp4/index.m3u8")]
    [InlineData("film.mp4/q2-v1a1.m3u8")]
    [InlineData("film.mp4/q2-v1a1-1.m4s")]
    [InlineData("film.mp4/manifest.mpd")]
    public async Task What_names_no_viewer_is_made_for_the_first_who_asks_and_anew_when_a_file_of_it_has_changed(string path)
    {
        HttpContext context = CreateContext(hasViewerIds: false);
        MadeBody first = await OpenAsync(context, path);
        Assert.Same(first, await OpenAsync(context, path));
        string last = path[0] == 'l' ? "b.mp4" : path[0] == 'f' ? "film.720p.mp4" : "a.mp4";
        File.SetLastWriteTimeUtc(Path.Combine(_folder.Path, last), DateTime.UtcNow.AddDays(-1));
        MadeBody second = await OpenAsync(context, path);
        Assert.NotSame(first, second);
        Assert.Same(second, await OpenAsync(context, path));
    }

    [Fact]
    public async Task What_names_a_viewer_takes_no_room_and_is_another_one_for_each()
    {
        HttpContext context = CreateContext(hasViewerIds: true);
        await OpenAsync(context, "list.m3u8/index.m3u8");
        MadeBody first = await OpenAsync(context, "list.m3u8/index.m3u8"); // by now what was made of the films has its size
        long size = context.Made.ByteSize;
        MadeBody second = await OpenAsync(context, "list.m3u8/index.m3u8");
        Assert.NotEqual(Encoding.UTF8.GetString(first.Bytes.Span), Encoding.UTF8.GetString(second.Bytes.Span));
        Assert.Equal(size, context.Made.ByteSize);
    }

    [Theory]
    [InlineData("a.mp4/v1-pictures.m3u8", true)]
    [InlineData("a.mp4/a1-pictures.m3u8", false)]
    [InlineData("a.mp4/v1a1-pictures.m3u8", false)]
    [InlineData("list.m3u8/a1-pictures.m3u8", false)]
    [InlineData("list.m3u8/v1a1-1.m4s", false)]
    [InlineData("list.m3u8/subtitles-de.m3u8", false)] // one of the films has none
    [InlineData("a.mp4/subtitles-de-2.vtt", false)]
    [InlineData("film.mp4/v1a1.m3u8", false)]
    [InlineData("film.mp4/q3-v1a1.m3u8", false)]
    [InlineData("film.mp4/q2-v1a1-999.m4s", false)]
    [InlineData("a.mp4/v1a1-999.m4s", false)]
    public async Task A_kind_that_a_title_does_not_have_is_not_found(string path, bool isThere)
    {
        HttpContext context = CreateContext(hasViewerIds: false);
        if (isThere)
        {
            await OpenAsync(context, path);
            return;
        }

        Assert.Equal(TitleError.NotFound, (await Assert.ThrowsAsync<TitleException>(() => OpenAsync(context, path))).Error);
    }

    [Theory]
    [InlineData("a.mp4/stream.mp4?loop=1", true)]
    [InlineData("list.m3u8/stream.mp4?loop=1", true)]
    [InlineData("a.mp4/stream.mp4?loop=1&end=0.01", false)] // too short for that, as over RTMP
    [InlineData("a.mp4/stream.mp4", false)]
    public async Task A_stream_that_begins_again_has_no_end(string path, bool isEndless) =>
        Assert.Equal(isEndless, (await HttpContexts.OpenAsync(CreateContext(hasViewerIds: true), path)).IsEndless);

    [Theory]
    [InlineData("a.mp4/index.m3u8?loop=1")]
    [InlineData("a.mp4/v1a1-1.m4s?loop=1")]
    [InlineData("a.mp4/clip.mp4?loop=1")]
    [InlineData("list.m3u8/manifest.mpd?loop=1")]
    [InlineData("film.mp4/index.m3u8?loop=1")]
    public async Task Only_a_stream_begins_again(string path) => Assert.Equal(
        TitleError.NotPlayable,
        (await Assert.ThrowsAsync<TitleException>(() => HttpContexts.OpenAsync(CreateContext(hasViewerIds: true), path))).Error);

    private HttpContext CreateContext(bool hasViewerIds) => HttpContexts.Create(_folder, _catalog, hasViewerIds: hasViewerIds);

    private static async Task<MadeBody> OpenAsync(HttpContext context, string path) => (await HttpContexts.OpenAsync(context, path)).Body;
}
