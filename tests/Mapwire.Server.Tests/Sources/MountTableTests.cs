using Mapwire.Server.Sources;
using Xunit;

namespace Mapwire.Server.Tests.Sources;

public sealed class MountTableTests
{
    private static readonly MountTable Table = MountTable.Parse(
    [
        "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
        "30 27 0:25 / /tmp rw master:3 propagate_from:2 - tmpfs tmpfs rw",
        "44 27 0:40 / /films/cold rw,nosuid - fuse.slowfs slowfs rw,user_id=0",
        "45 27 0:41 / /films/a\\040b\\134 rw - nfs4 host:/films rw",
        "46 44 8:1 / /films/cold/disk rw - xfs /dev/sdb rw",
        "47 27 0:42 / /covered rw - nfs host:/x rw",
        "48 27 0:43 / /covered rw - ext4 /dev/sdc rw",
        "49 27 0:44 / /other rw - newfs something rw",
        "a line of another form",
    ]);

    private static readonly Dictionary<string, string> Links = new()
    {
        ["/tmp/far"] = "/films/cold/one.mp4",
        ["/films/near"] = "../tmp/film.mp4",
        ["/films/out"] = "cold",
        ["/loop"] = "loop",
    };

    [Theory]
    [InlineData("/films/film.mp4", true)]
    [InlineData("/tmp/film.mp4", true)]
    [InlineData("/films/colder/film.mp4", true)] // a name that begins as a mount point's
    [InlineData("/films/cold/film.mp4", false)]
    [InlineData("/films/./cold//film.mp4", false)]
    [InlineData("/films/cold/disk/film.mp4", false)] // it is found through the mount that may hang
    [InlineData("/films/a b\\/film.mp4", false)]
    [InlineData("/covered/film.mp4", true)]
    [InlineData("/other/film.mp4", false)] // not known
    [InlineData("/tmp/far", false)]
    [InlineData("/films/near", true)]
    [InlineData("/films/out/film.mp4", false)]
    [InlineData("/tmp/../films/cold/film.mp4", false)]
    [InlineData("/../films/film.mp4", true)]
    [InlineData("/loop/film.mp4", false)]
    [InlineData("films/film.mp4", false)]
    public void A_file_whose_file_system_may_not_answer_is_known_by_the_mounts(string path, bool isLocal) =>
        Assert.Equal(isLocal, Table.IsLocal(path, Links.GetValueOrDefault));

    [Fact]
    public void Nothing_of_a_mount_that_may_hang_is_touched_to_find_out() =>
        Table.IsLocal("/films/cold/one/two.mp4", static path =>
            path.StartsWith("/films/cold", StringComparison.Ordinal) ? throw new InvalidOperationException(path) : null);

    [Fact]
    public void Real_links_are_followed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The table is Linux's.");
        using TemporaryFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "film"), "");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "link"), "film");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "system"), "/proc/version");
        MountTable table = MountTable.Read()!;
        string link = Path.Combine(folder.Path, "link");
        Assert.Equal(table.IsLocal(folder.Path), table.IsLocal(link)); // which depends on where temporary files lie
        Assert.False(table.IsLocal(Path.Combine(folder.Path, "system"))); // no file system of files
    }
}
