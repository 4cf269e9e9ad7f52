using System.Text;
using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>Paths that are nearly right: who asks for one is led on, or told which path is right.</summary>
public sealed class PathFaultsTests : IDisposable
{
    private static readonly LiveOptions LiveLimits = new(
        Window: 20_000, MemoryBytes: 64L << 20, Latency: 250, ResumeTime: 10_000, PublishTimeout: 15_000, PlayWait: 15_000,
        SegmentTime: 2_000, PartTime: 500, TakesOver: true);

    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;
    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LiveStreams _streams;

    public PathFaultsTests()
    {
        _folder.Add("a.mp4");
        _folder.Add("dir/b.mp4");
        _folder.Add("named.mp4/c.mp4"); // a folder
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
        _streams = new LiveStreams(LiveLimits, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        foreach (string name in (string[])["live/cam", "https:evil.example", "ü & x"])
        {
            Assert.NotNull(_streams.TryPublish(name, static (_, reason) => Assert.Fail(reason), out _, 1_000_000));
        }
    }

    public void Dispose()
    {
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("/vod", "vod/")]
    [InlineData("/vod?x=1", "vod/?x=1")]
    [InlineData("/vod/dir", "dir/")]
    [InlineData("/vod/named.mp4", "named.mp4/")]
    [InlineData("/vod/live/cam", "cam/")]
    [InlineData("/vod/live/cam?start=-5&a=%26%2F%2F", "cam/?start=-5&a=%26%2F%2F")]
    [InlineData("/vod/https:evil.example", "https%3Aevil.example/")] // no other host
    [InlineData("/vod/%C3%BC%20%26%20x", "%C3%BC%20%26%20x/")]
    public async Task A_path_without_its_last_slash_leads_to_the_one_with_it(string path, string location)
    {
        Refusal refusal = await AskAsync(path, listsTitles: true);
        Assert.Equal((308, location), (refusal.Status, refusal.Location));
    }

    [Theory]
    [InlineData("/vod", "titles are listed by serve --list alone: ask for /vod/NAME")]
    [InlineData("/vod/", "titles are listed by serve --list alone: ask for /vod/NAME")]
    [InlineData("/vod/dir/", "no live stream dir is published now, and folders are listed by serve --list alone")]
    [InlineData("/vod/dir", ", and no live stream dir is published now")]
    [InlineData("/vod/named.mp4", "no title named.mp4")]
    [InlineData("/vod/a", "files without an extension are not served: titles end in .mp4, ")]
    [InlineData("/vod/live/other", ", and no live stream live/other is published now")]
    [InlineData("/vod/live/other/index.m3u8", "no title live/other/index.m3u8, and no live stream live/other is published now")]
    [InlineData("/vod/live/other/stream.flv", "no title live/other/stream.flv, and no live stream live/other is published now")]
    [InlineData("/vod/a.mp4/index.txt", "below a title are index.m3u8, manifest.mpd, stream.mp4, stream.flv and clip.mp4")]
    [InlineData("/vod/film.mkv", "files named *.mkv are not served")]
    [InlineData("/", "nothing is served here: titles are at /vod/NAME")]
    [InlineData("/films/a.mp4", "nothing is served here: titles are at /vod/NAME")]
    public async Task A_path_that_leads_to_nothing_is_refused_with_the_path_to_ask_for(string path, string reason)
    {
        Refusal refusal = await AskAsync(path, listsTitles: false);
        Assert.Equal(404, refusal.Status);
        Assert.Null(refusal.Location);
        Assert.Contains(reason, refusal.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/vod/nowhere")]
    [InlineData("/vod/nowhere.mp4")]
    [InlineData("/vod/.hidden")]
    public async Task What_is_neither_folder_nor_stream_leads_nowhere_where_titles_are_listed(string path)
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, ".hidden"));
        Refusal refusal = await AskAsync(path, listsTitles: true);
        Assert.Equal((404, null), (refusal.Status, refusal.Location));
    }

    /// <summary>How a request is refused.</summary>
    private async Task<Refusal> AskAsync(string path, bool listsTitles)
    {
        HttpContext context = HttpContexts.Create(_folder, _catalog, listsTitles: listsTitles);
        context = context with { Players = context.Players with { Live = _streams } };
        Assert.True(RequestTarget.TryParse(Encoding.ASCII.GetBytes(path), out RequestTarget? target, out _), path);
        return Route.TryFind(target, context.Application, context.IsLive, out Route? route)
            ? Refusal.Of(await Assert.ThrowsAnyAsync<Exception>(
                () => Opening.OpenAsync(context, route, target.Query, null, TestContext.Current.CancellationToken)))
            : PathFaults.Of(context, target);
    }
}
