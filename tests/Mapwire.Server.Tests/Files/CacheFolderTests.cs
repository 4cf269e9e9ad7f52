using System.Collections.Concurrent;
using Mapwire.Server.Files;
using Xunit;

namespace Mapwire.Server.Tests.Files;

/// <summary>What a cache may do to files that are not its own: nothing.</summary>
public sealed class CacheFolderTests : IDisposable
{
    private static readonly string[] ForeignNames =
    [
        "film.mp4", "notes.txt", "a.structure", $"{new string('a', 48)}.structure.bak", $"{new string('A', 48)}.structure",
        $"{new string('a', 47)}.structure",
        $"x{new string('a', 48)}.strip", $"{new string('a', 48)}.mp4",
    ];

    private readonly TemporaryFolder _folder = new();

    private string Cache => Path.Combine(_folder.Path, "cache");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_with_files_of_others_is_refused_and_left_as_it_is()
    {
        foreach (string name in ForeignNames)
        {
            Directory.CreateDirectory(Cache);
            File.WriteAllText(Path.Combine(Cache, name), "precious");
            ArgumentException refused = Assert.Throws<ArgumentException>(() => new CacheFolder(Cache, null));
            Assert.Contains(Cache, refused.Message, StringComparison.Ordinal);
            Assert.Equal([name], Directory.GetFileSystemEntries(Cache).Select(Path.GetFileName));
            Directory.Delete(Cache, recursive: true);
        }
    }

    [Fact]
    public void A_file_is_no_folder()
    {
        File.WriteAllText(Cache, "precious");
        Assert.Contains("must be a folder", Assert.Throws<ArgumentException>(() => new CacheFolder(Cache, null)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_with_a_folder_is_refused()
    {
        Directory.CreateDirectory(Path.Combine(Cache, "films"));
        Assert.Throws<ArgumentException>(() => new CacheFolder(Cache, null));
    }

    [Fact]
    public void Files_of_others_that_come_later_are_neither_counted_nor_deleted()
    {
        CacheFolder folder = new(Cache, null);
        folder.Write(Own('1'), new byte[100]);
        folder.Write(Own('2'), new byte[100]);
        foreach (string name in ForeignNames)
        {
            File.WriteAllBytes(Path.Combine(Cache, name), new byte[10_000]);
            File.SetLastWriteTimeUtc(Path.Combine(Cache, name), DateTime.UnixEpoch);
        }

        new CacheFolder(Cache, null).Trim(200);
        Assert.Equal([.. ForeignNames.Append(CacheFolder.Marker).Append(Own('1')).Append(Own('2')).Order()],
            Directory.GetFiles(Cache).Select(Path.GetFileName).Order());
        new CacheFolder(Cache, null).Trim(0);
        Assert.Equal([.. ForeignNames.Append(CacheFolder.Marker).Order()], Directory.GetFiles(Cache).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_folder_that_is_filled_by_others_before_the_first_write_is_not_written()
    {
        CacheFolder folder = new(Cache, null);
        Directory.CreateDirectory(Cache);
        File.WriteAllText(Path.Combine(Cache, "film.mp4"), "precious");
        Assert.Throws<IOException>(() => folder.Write(Own('1'), [1]));
        folder.Trim(0);
        Assert.Equal(["film.mp4"], Directory.GetFileSystemEntries(Cache).Select(Path.GetFileName));
    }

    [Fact]
    public void Many_that_write_first_at_once_are_all_kept()
    {
        for (int round = 0; round < 200; round++)
        {
            string path = Path.Combine(_folder.Path, $"round{round}");
            using Barrier start = new(4);
            ConcurrentQueue<string> refusals = [];
            Thread[] writers =
            [
                .. Enumerable.Range(0, 4).Select(i => new Thread(() =>
                {
                    CacheFolder cache = new(path, served: null); // as of another server, too
                    start.SignalAndWait();
                    try
                    {
                        cache.Write($"{i:x48}.structure", [1]);
                    }
                    catch (IOException exception)
                    {
                        refusals.Enqueue(exception.Message);
                    }
                })),
            ];
            Array.ForEach(writers, static writer => writer.Start());
            Array.ForEach(writers, static writer => writer.Join());
            Assert.Empty(refusals);
            Assert.Equal(4, Directory.GetFiles(path, "*.structure").Length);
        }
    }

    [Fact]
    public void The_served_folder_and_one_that_holds_it_are_refused()
    {
        string films = Path.Combine(_folder.Path, "films");
        string inside = Path.Combine(films, "cache");
        Directory.CreateDirectory(inside);
        Assert.Throws<ArgumentException>(() => new CacheFolder(films, films));
        Assert.Throws<ArgumentException>(() => new CacheFolder(films + Path.DirectorySeparatorChar, films));
        Assert.Throws<ArgumentException>(() => new CacheFolder(_folder.Path, films));
        _ = new CacheFolder(inside, films);
        _ = new CacheFolder(films + "-cache", films);
        string link = Path.Combine(_folder.Path, "link");
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateSymbolicLink(link, films);
            Assert.Throws<ArgumentException>(() => new CacheFolder(link, films));
        }
    }

    [Fact]
    public void A_folder_of_strips_that_an_earlier_version_kept_is_taken_over()
    {
        Directory.CreateDirectory(Cache);
        File.WriteAllText(Path.Combine(Cache, $"{new string('a', 48)}.strip"), "old");
        File.WriteAllText(Path.Combine(Cache, $"{new string('a', 48)}-50000.0.-1.deu.strip"), "old");
        foreach (string strip in Directory.GetFiles(Cache))
        {
            File.SetLastWriteTimeUtc(strip, DateTime.UnixEpoch);
        }

        CacheFolder folder = new(Cache, null);
        folder.Write(Own('1'), [1]);
        folder.Trim(1);
        Assert.Equal([CacheFolder.Marker, Own('1')], Directory.GetFiles(Cache).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_failed_write_leaves_nothing_behind()
    {
        CacheFolder folder = new(Cache, null);
        folder.Write(Own('1'), [1]);
        Directory.CreateDirectory(Path.Combine(Cache, Own('2'))); // in the way of the rename
        for (int i = 0; i < 3; i++)
        {
            Exception? fault = Record.Exception(() => folder.Write(Own('2'), [1]));
            Assert.True(fault is IOException or UnauthorizedAccessException, $"{fault}");
        }

        Assert.Equal([CacheFolder.Marker, Own('1')], Directory.GetFiles(Cache).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void What_a_killed_process_left_is_cleared_away_once_it_is_old()
    {
        CacheFolder folder = new(Cache, null);
        folder.Write(Own('1'), [1]);
        string old = Path.Combine(Cache, $"{Own('2')}.{Guid.NewGuid():N}");
        string young = Path.Combine(Cache, $"{Own('3')}.{Guid.NewGuid():N}");
        File.WriteAllText(old, "");
        File.WriteAllText(young, "");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-1));
        folder.Trim(1000);
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(young));
    }

    private static string Own(char digit) => new string(digit, 48) + CacheFolder.Extension;
}
