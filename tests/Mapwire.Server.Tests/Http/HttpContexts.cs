using System.Text;
using Mapwire.Http.Targets;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Http;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>What HTTP conversations share, for tests that serve one folder.</summary>
internal static class HttpContexts
{
    /// <param name="folder">What is served.</param>
    /// <param name="catalog">Of that folder.</param>
    /// <param name="log">Where lines go; null for nowhere.</param>
    /// <param name="hasViewerIds">Whether playlists tell viewers apart.</param>
    /// <param name="listsTitles">Whether folders are listed.</param>
    public static HttpContext Create(
        TemporaryFolder folder, TitleCatalog catalog, ILogger? log = null, bool hasViewerIds = false, bool listsTitles = false)
    {
        log ??= NullLogger.Instance;
        PlayerContext players = new(
            new MediaServerOptions { Folder = folder.Path }.ToPlayerOptions(),
            new ReelOpener(new ServedFolder(folder.Path), catalog, 10), log);
        return new HttpContext(
            "vod", catalog, players.Openings, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(6), hasViewerIds,
            log, players)
        {
            ListsTitles = listsTitles,
        };
    }

    /// <summary>What is at a path below the application, whose files are let go of.</summary>
    public static async Task<Resource> OpenAsync(HttpContext context, string path)
    {
        Assert.True(RequestTarget.TryParse(Encoding.ASCII.GetBytes($"/vod/{path}"), out RequestTarget? target, out _), path);
        Assert.True(Route.TryFind(target, "vod", isLive: null, out Route? route), path);
        Resource resource = await Opening.OpenAsync(context, route, target.Query, null, TestContext.Current.CancellationToken);
        resource.Release();
        return resource;
    }
}
