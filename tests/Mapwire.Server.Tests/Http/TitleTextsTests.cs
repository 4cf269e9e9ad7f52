using System.Text;
using System.Xml.Linq;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>What playlists and MPDs say of films, of lists of films and of several qualities of one.</summary>
public sealed class TitleTextsTests : IDisposable
{
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";

    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;
    private readonly HttpContext _context;

    public TitleTextsTests()
    {
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
        _context = HttpContexts.Create(_folder, _catalog);
    }

    public void Dispose()
    {
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_commentary_in_the_language_of_the_sound_is_no_quality_of_it()
    {
        Write("two.mp4", SampleClip.WithTwoSounds(isCommentary: true));
        XElement manifest = XElement.Parse(await TextAsync("two.mp4/manifest.mpd"));
        Assert.Equal(
            ["v1", "a1", "a2"],
            manifest.Descendants(Mpd + "AdaptationSet").Select(static set => string.Join(' ', set.Elements(Mpd + "Representation")
                .Select(static track => track.Attribute("id")!.Value))));
    }

    private void Write(string name, byte[] bytes) => File.WriteAllBytes(Path.Combine(_folder.Path, name), bytes);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.Path, name), text);

    private async Task<string> TextAsync(string path) =>
        Encoding.UTF8.GetString((await HttpContexts.OpenAsync(_context, path)).Body.Bytes.Span);
}
