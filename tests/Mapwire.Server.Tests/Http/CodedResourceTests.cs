using System.Net;
using Mapwire.Http.Conditional;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Http;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

public sealed class CodedResourceTests
{
    [Fact]
    public async Task What_cannot_be_compressed_any_more_lets_go_of_its_film()
    {
        using TemporaryFolder folder = new();
        folder.Add("a.mp4");
        TitleCatalog catalog = new(new FileCatalog(new ServedFolder(folder.Path), new FileBudget()), NullLogger.Instance);
        HttpContext context = HttpContexts.Create(folder, catalog);
        MediaFile file = await catalog.Files.OpenAsync(catalog.Files.Find(PlayName.Parse("", "a.mp4")));
        Resource text = Resource.OfBytes(new byte[5000], "text/plain", "no-cache") with { Files = [file] };
        catalog.Dispose(); // the server stops: no thread compresses
        await Assert.ThrowsAnyAsync<Exception>(() => CodedResource.ApplyAsync(
            context, Task.FromResult(text), ContentCoding.Gzip, null, TestContext.Current.CancellationToken));
        Assert.False(file.TryAcquire());
    }

    [Fact]
    public async Task Texts_of_one_address_that_are_each_for_one_viewer_are_compressed_one_after_the_other()
    {
        using TemporaryFolder folder = new();
        using TitleCatalog catalog = new(new FileCatalog(new ServedFolder(folder.Path), new FileBudget()), NullLogger.Instance);
        HttpContext context = HttpContexts.Create(folder, catalog);
        IPAddress address = IPAddress.Parse("192.0.2.1");
        CancellationToken none = TestContext.Current.CancellationToken;
        await context.Codings.EnterAsync(address, "another", none);
        Task<Resource> waiting = ApplyAsync(address);
        Assert.NotNull((await ApplyAsync(IPAddress.Parse("192.0.2.2"))).Coding);
        Assert.False(waiting.IsCompleted);
        context.Codings.Leave(address, "another");
        Assert.Equal("gzip", (await waiting).Coding);

        Task<Resource> ApplyAsync(IPAddress from) => CodedResource.ApplyAsync(
            context, Task.FromResult(Resource.OfBytes(new byte[5000], "text/plain", "no-cache")), ContentCoding.Gzip, from, none);
    }
}
