using System.Diagnostics;
using Mapwire.Server.Files.Names;
using Xunit;

namespace Mapwire.Server.Tests.Files.Names;

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
    public async Task Titles_of_all_subfolders_are_counted()
    {
        _outer.Add("served/.hidden/film.mp4");
        _outer.Add("served/film.info.json");
        Assert.Equal(new TitleCount(2, 0, null, null), await CountAsync());
    }

    [Fact]
    public async Task A_name_that_is_not_UTF8_is_told_and_no_title()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems take no such names, or .NET decodes them otherwise.");
        _outer.Add("served/\uFFFD.mp4");
        using Process shell = Process.Start("bash", ["-c", "cd \"$0\" && cp film.mp4 $'a\\xff.mp4' && mkdir $'b\\xff'", _root]);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, shell.ExitCode);
        TitleCount count = await CountAsync();
        using Process remove = Process.Start("bash", ["-c", "rm -r \"$0\"/a?.mp4 \"$0\"/b?", _root]); // .NET could not
        await remove.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((3, 0, 2), (count.Titles, count.UnreadableFolders, count.UnnamedFiles));
        Assert.EndsWith("its name is not UTF-8", count.FirstUnnamed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_longer_than_the_system_takes_is_told_and_the_rest_counted()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The folders are made by a shell.");
        string loop = "cd \"$0\" && for i in $(seq 30); do mkdir $1 && cd $1 || exit 1; done";
        using Process shell = Process.Start("bash", ["-c", loop, _root, new string('d', 200)]);
        await shell.WaitForExitAsync();
        Assert.Equal(0, shell.ExitCode);

        TitleCount count = await CountAsync();
        Assert.Equal((2, 1, null), (count.Titles, count.UnreadableFolders, count.Pending));
        Assert.Contains("dddd", count.FirstFault, StringComparison.Ordinal);

        using Process remove = Process.Start("rm", ["-rf", Path.Combine(_root, new string('d', 200))]); // too deep for .NET
        await remove.WaitForExitAsync();
    }

    [Fact]
    public async Task A_count_that_takes_too_long_gives_what_was_found()
    {
        TitleCount count = await TitleCounter.CountAsync(new ServedFolder(_root), TimeSpan.Zero);
        Assert.InRange(count.Titles, 0, 2);
    }

    [Fact]
    public void A_title_is_found_by_its_path()
    {
        ServedFolder folder = new(_root);
        Assert.Equal(Path.Combine(_root, "sub", "deep", "film.mov"), folder.Find("sub/deep/film.mov"));
        Assert.Null(folder.Find("sub/deep"));
        Assert.Null(folder.Find("nothing.mp4"));
    }

    [Fact]
    public async Task Links_inside_are_followed_and_links_out_are_not()
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
        Assert.Equal(3, (await CountAsync()).Titles);
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
    public async Task A_served_folder_that_is_a_link_is_followed_where_it_leads_now()
    {
        string link = Path.Combine(_outer.Path, "current");
        _outer.Add("next/two.mp4");
        Directory.CreateSymbolicLink(link, "served");
        ServedFolder folder = new(link);
        Assert.NotNull(folder.Find("film.mp4"));

        Directory.Delete(link);
        Assert.Null(folder.Find("film.mp4"));
        Directory.CreateSymbolicLink(link, "next");
        Assert.Null(folder.Find("film.mp4"));
        Assert.Equal(Path.Combine(_outer.Path, "next", "two.mp4"), folder.Find("two.mp4"));
        Assert.False(folder.IsInside(Path.Combine(_root, "film.mp4")));
        Assert.Equal(1, (await TitleCounter.CountAsync(folder, TimeSpan.FromMinutes(1))).Titles);
    }

    [Fact]
    public void Forty_links_are_followed_one_after_the_other_and_no_more()
    {
        string target = "served";
        for (int i = 1; i <= 41; i++)
        {
            string link = Path.Combine(_outer.Path, $"link{i}");
            Directory.CreateSymbolicLink(link, target);
            target = $"link{i}";
        }

        Assert.Equal(_root, ServedFolder.WithoutLinks(Path.Combine(_outer.Path, "link40")));
        Assert.Null(ServedFolder.WithoutLinks(Path.Combine(_outer.Path, "link41")));
    }

    [Fact]
    public void An_unknown_folder_is_refused() =>
        Assert.Throws<DirectoryNotFoundException>(() => new ServedFolder(Path.Combine(_root, "nothing")));

    private Task<TitleCount> CountAsync() => TitleCounter.CountAsync(new ServedFolder(_root), TimeSpan.FromMinutes(1));
}
