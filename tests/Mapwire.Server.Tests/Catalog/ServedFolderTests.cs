using Mapwire.Server.Catalog;
using Xunit;

namespace Mapwire.Server.Tests.Catalog;

public sealed class ServedFolderTests : IDisposable
{
    private readonly TemporaryFolder _outer = new();
    private readonly string _root;

    public ServedFolderTests()
    {
        _root = Path.Combine(_outer.Path, "served");
        _outer.Add("served/film.mp4");
        _outer.Add("served/sub/deep/film.mov");
        _outer.Add("served/notes.txt");
        _outer.Add("served-too/other.mp4");
        _outer.Add("secret.mp4");
    }

    public void Dispose() => _outer.Dispose();

    [Fact]
    public void Titles_are_the_recordings_of_all_folders() =>
        Assert.Equal(["film.mp4", "sub/deep/film.mov"], new ServedFolder(_root).Titles().Order(StringComparer.Ordinal));

    [Fact]
    public void A_title_is_found_by_its_path()
    {
        ServedFolder folder = new(_root);
        Assert.Equal(Path.Combine(_root, "sub", "deep", "film.mov"), folder.Find("sub/deep/film.mov"));
        Assert.Null(folder.Find("sub/deep"));
        Assert.Null(folder.Find("nothing.mp4"));
    }

    [Fact]
    public void Links_inside_are_followed_and_links_out_are_not()
    {
        File.CreateSymbolicLink(Path.Combine(_root, "in.mp4"), "sub/deep/film.mov");
        File.CreateSymbolicLink(Path.Combine(_root, "out.mp4"), Path.Combine(_outer.Path, "secret.mp4"));
        File.CreateSymbolicLink(Path.Combine(_root, "up.mp4"), "../secret.mp4");
        Directory.CreateSymbolicLink(Path.Combine(_root, "beside"), Path.Combine(_outer.Path, "served-too"));
        File.CreateSymbolicLink(Path.Combine(_root, "circle.mp4"), "circle.mp4");
        File.CreateSymbolicLink(Path.Combine(_root, "chain.mp4"), "out.mp4");
        ServedFolder folder = new(_root);

        Assert.Equal(Path.Combine(_root, "sub", "deep", "film.mov"), folder.Find("in.mp4"));
        Assert.All(["out.mp4", "up.mp4", "beside/other.mp4", "circle.mp4", "chain.mp4"], name => Assert.Null(folder.Find(name)));
        Assert.Equal(["film.mp4", "in.mp4", "sub/deep/film.mov"], folder.Titles().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_served_folder_behind_a_link_is_served()
    {
        string link = Path.Combine(_outer.Path, "link");
        Directory.CreateSymbolicLink(link, _root);
        Assert.Equal(Path.Combine(_root, "film.mp4"), new ServedFolder(link).Find("film.mp4"));
    }

    [Fact]
    public void A_folder_that_only_begins_like_the_served_one_is_outside() =>
        Assert.False(new ServedFolder(_root).IsInside(Path.Combine(_outer.Path, "served-too", "other.mp4")));

    [Fact]
    public void An_unknown_folder_is_refused() =>
        Assert.Throws<DirectoryNotFoundException>(() => new ServedFolder(Path.Combine(_root, "nothing")));
}
