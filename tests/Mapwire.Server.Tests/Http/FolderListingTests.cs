using System.Text;
using System.Text.Json;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Http;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

public sealed class FolderListingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;

    public FolderListingTests()
    {
        _folder.Add("two words.mp4");
        _folder.Add("sub/b.mp4");
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
    }

    public void Dispose()
    {
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_folder_is_listed_with_names_addresses_and_the_durations_of_what_is_open()
    {
        Assert.Equal(
            """{"folders":[{"name":"sub","url":"sub/"}],"titles":[{"name":"two words.mp4","url":"two%20words.mp4"}],"complete":true}""",
            await ListAsync(""));
        (await _catalog.Files.OpenAsync(_catalog.Files.Find(PlayName.Parse("", "sub/b.mp4")))).Release();
        Assert.Equal(
            """{"folders":[],"titles":[{"name":"b.mp4","url":"b.mp4","duration":24}],"complete":true}""", await ListAsync("sub"));
    }

    [Fact]
    public async Task Names_are_in_their_order()
    {
        string[] names = [.. Enumerable.Range(0, 40).Select(static i => $"{i * 7 % 40:00}")]; // no file system lists them in theirs
        foreach (string name in names)
        {
            File.WriteAllText(Path.Combine(_folder.Path, "sub", $"{name}.flv"), "");
            Directory.CreateDirectory(Path.Combine(_folder.Path, "sub", name));
        }

        using JsonDocument listing = JsonDocument.Parse(await ListAsync("sub"));
        Assert.Equal([.. names.Order()], NamesOf("folders"));
        Assert.Equal([.. names.Order().Select(static name => $"{name}.flv"), "b.mp4"], NamesOf("titles"));

        IEnumerable<string?> NamesOf(string kind) =>
            listing.RootElement.GetProperty(kind).EnumerateArray().Select(static one => one.GetProperty("name").GetString());
    }

    [Fact]
    public async Task Nothing_is_listed_where_that_was_not_asked_for()
    {
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => FolderListing.OpenAsync(Context(lists: false), ""));
        Assert.Equal(TitleError.NotFound, refusal.Error);
    }

    private async Task<string> ListAsync(string folder)
    {
        Resource listing = await FolderListing.OpenAsync(Context(lists: true), folder);
        return Encoding.UTF8.GetString(listing.Body.Bytes.Span);
    }

    private HttpContext Context(bool lists) => HttpContexts.Create(_folder, _catalog, listsTitles: lists);
}
