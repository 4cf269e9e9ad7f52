using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Xunit;

namespace Mapwire.Server.Tests.Files.Names;

public sealed class TitleListingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_is_listed_by_the_names_in_it()
    {
        _folder.Add("z.mp4");
        _folder.Add("a.mp4");
        _folder.Add("sub/b.mp4");
        _folder.Add("sub/deep/c.mp4");
        _folder.Add("sub/notes.txt");
        ServedFolder served = new(_folder.Path);
        TitleListing root = TitleListing.Read(served, "");
        Assert.Equal(["sub"], root.Folders);
        Assert.Equal(["a.mp4", "z.mp4"], root.Titles);
        Assert.True(root.IsWhole);
        TitleListing sub = TitleListing.Read(served, "sub");
        Assert.Equal(["deep"], sub.Folders);
        Assert.Equal(["b.mp4"], sub.Titles);
        Assert.Equal(TitleError.NotFound, Assert.Throws<TitleException>(() => TitleListing.Read(served, "nowhere")).Error);
    }
}
