using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Files;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

/// <summary>What an indexer makes it makes once, and what it cannot make it says each time.</summary>
public sealed class TitleIndexerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_cannot_be_sent_is_refused_for_the_same_reason_without_another_look()
    {
        string path = Path.Combine(_folder.Path, "late.mp4");
        File.WriteAllBytes(path, new Mp4Builder { Delta = 0x7FFFFFFF, Sizes = [.. Enumerable.Repeat(1u, 10)] }.Build());
        Index(path, (indexer, file, chosen) =>
        {
            TitleException first = Assert.Throws<TitleException>(() => indexer.Make(file, file.Content, chosen, out _));
            TitleException second = Assert.Throws<TitleException>(() => indexer.Make(file, file.Content, chosen, out _));
            Assert.Same(first, second.InnerException);
            Assert.Equal((first.Error, first.Message), (second.Error, second.Message));
        });
    }

    [Fact]
    public void A_title_of_the_same_content_is_made_once() =>
        Index(_folder.Add("a.mp4"), static (indexer, file, chosen) =>
        {
            Assert.Null(indexer.Find(file.Content));
            Title made = indexer.Make(file, file.Content, chosen, out bool isNew);
            Assert.True(isNew);
            Assert.Same(made, indexer.Make(file, file.Content, chosen, out isNew));
            Assert.False(isNew);
            Assert.Same(made, indexer.Find(file.Content));
        });

    private static void Index(string path, Action<TitleIndexer, MediaFile, ChosenTracks> use)
    {
        MediaFile file = MediaFile.Open(path, Path.GetFileName(path));
        try
        {
            ChosenTracks chosen = ChosenTracks.Of(file.Content.Movie, default);
            use(new TitleIndexer(file, chosen, PlayerAbilities.None), file, chosen);
        }
        finally
        {
            file.Release();
        }
    }
}
