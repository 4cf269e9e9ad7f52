using Mapwire.Media;
using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Files;

public sealed class IndexCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FileIdentity _identity = MappedFile.GetIdentity(SampleClip.Path);
    private readonly byte[] _structure = [1, 2, 3, 4, 5];

    private string Folder => Path.Combine(_folder.Path, "cache");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_film_is_opened_from_what_is_stored_without_reading_the_file()
    {
        string path = _folder.Add("film.mp4");
        IndexCache cache = Cache();
        MediaFile file = MediaFile.Open(path, "film.mp4", cache: cache);
        Movie first = file.Content.Movie;

        // Other bytes of the same length and time: only what is stored tells of the film that was here.
        byte[] zeros = new byte[new FileInfo(path).Length];
        DateTime written = File.GetLastWriteTimeUtc(path);
        using (FileStream overwritten = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            overwritten.Write(zeros);
        }

        File.SetLastWriteTimeUtc(path, written);
        MediaFile again = MediaFile.Open(path, "film.mp4", cache: Cache());
        Assert.Equal(file.Identity, again.Identity);
        Movie second = again.Content.Movie;
        Assert.Equal(first.Duration, second.Duration);
        Assert.Equal(first.Tracks.Select(static track => track.Samples.Count), second.Tracks.Select(static track => track.Samples.Count));
        Assert.Equal(file.Fingerprint.Pieces, again.Fingerprint.Pieces);
        using (MappedFile mapped = MappedFile.Open(path))
        using (MappedRegion region = mapped.Map())
        {
            Assert.False(again.Fingerprint.Matches(region));
        }

        again.Release();
        file.Release();
    }

    [Fact]
    public void What_cannot_be_stored_is_told_and_what_is_in_its_way_stays()
    {
        RecordingLog log = new();
        IndexCache cache = new(new CacheFolder(Folder, _folder.Path), 1 << 20, log);
        cache.Store(_identity, _structure);
        Assert.Empty(log.Lines);
        Directory.Delete(Folder, recursive: true);
        File.WriteAllText(Folder, "mine");
        cache.Store(_identity, _structure);
        Assert.Contains("an index was not stored: ", Assert.Single(log.Lines), StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(Folder));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_film_that_was_lost_is_not_opened_from_what_is_stored(bool isEvicted)
    {
        string path = Path.Combine(_folder.Path, "film.flv");
        DateTime written = DateTime.UtcNow.AddHours(-1);
        File.WriteAllBytes(path, FilmBytes.Flv(1, 50));
        File.SetLastWriteTimeUtc(path, written);
        _folder.Add("other.mp4");
        FileBudget budget = new(KeptFiles: isEvicted ? 1 : 256);
        using FileCatalog catalog = new(new ServedFolder(_folder.Path), budget, Cache());
        FoundFile found = catalog.Find(PlayName.Parse("", "film.flv"));
        MediaFile lost = await catalog.OpenAsync(found);
        Assert.False(Cache().Find(found.Identity).IsEmpty);
        File.WriteAllBytes(path, FilmBytes.Flv(3, 50)); // another film of the same length
        File.SetLastWriteTimeUtc(path, written);
        Assert.Equal(found, catalog.Find(PlayName.Parse("", "film.flv")));
        lost.Watch.Fail("the file changed");
        lost.Release();
        if (isEvicted)
        {
            (await catalog.OpenAsync(catalog.Find(PlayName.Parse("", "other.mp4")))).Release();
        }

        MediaFile later = await catalog.OpenAsync(found);
        using (MappedFile mapped = MappedFile.Open(path))
        using (MappedRegion region = mapped.Map())
        {
            Assert.True(later.Fingerprint.Matches(region));
        }

        Assert.False(Cache().Find(found.Identity).IsEmpty); // as it is now
        later.Release();
    }

    [Fact]
    public void Each_container_is_opened_from_what_is_stored()
    {
        foreach (byte[] film in (byte[][])[FilmBytes.Progressive(1, 50), FilmBytes.Fragmented(1, 50), FilmBytes.Flv(1, 50)])
        {
            string path = Path.Combine(_folder.Path, "film");
            File.WriteAllBytes(path, film);
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-1));
            MediaFile file = MediaFile.Open(path, "film", cache: Cache());
            FileStructure stored = new(Cache().Find(file.Identity), records: false);
            MediaFile again = MediaFile.Open(path, "film", cache: Cache());
            Assert.Equal(file.Content.Movie.Duration, again.Content.Movie.Duration);
            again.Release();
            file.Release();
            MovieFileReader reader = new(film.Length);
            while (reader.TryGetNext(out long offset, out int length))
            {
                byte[] bytes = new byte[length];
                Assert.True(stored.TryRead(offset, bytes));
                Assert.Equal(film.AsSpan((int)offset, length).ToArray(), bytes);
                reader.Add(bytes);
            }

            Assert.True(stored.IsComplete);
        }
    }

    [Fact]
    public void A_recording_that_is_still_being_written_is_not_stored()
    {
        string path = Path.Combine(_folder.Path, "film.flv");
        File.WriteAllBytes(path, FilmBytes.Flv(1, 50));
        MediaFile file = MediaFile.Open(path, "film.flv", cache: Cache());
        Assert.True(Cache().Find(file.Identity).IsEmpty);
        file.Release();
    }

    [Fact]
    public void A_structure_of_another_state_of_the_file_is_not_found()
    {
        IndexCache cache = Cache();
        cache.Store(_identity, _structure);
        Assert.Equal(_structure, cache.Find(_identity).ToArray());
        Assert.True(cache.Find(_identity with { LastWriteTicks = _identity.LastWriteTicks + 1 }).IsEmpty);
        Assert.True(cache.Find(_identity with { Length = _identity.Length + 1 }).IsEmpty);
        Assert.True(cache.Find(_identity with { FileId = _identity.FileId + 1 }).IsEmpty);
        Assert.True(cache.Find(_identity with { Device = _identity.Device + 1 }).IsEmpty);
    }

    [Fact]
    public void A_damaged_file_is_not_taken_wherever_it_is_damaged()
    {
        byte[] bytes = IndexCache.Format(_identity, _structure);
        Assert.Equal(_structure, IndexCache.Parse(bytes, _identity).ToArray());
        for (int i = 0; i < bytes.Length; i++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                bytes[i] ^= (byte)(1 << bit);
                Assert.True(IndexCache.Parse(bytes, _identity).IsEmpty);
                bytes[i] ^= (byte)(1 << bit);
            }
        }

        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.True(IndexCache.Parse(bytes.AsMemory(0, length), _identity).IsEmpty);
        }

        Assert.True(IndexCache.Parse((byte[])[.. bytes, 0], _identity).IsEmpty);
    }

    [Fact]
    public void What_is_stored_of_other_reads_is_left_for_the_file()
    {
        string path = _folder.Add("film.mp4");
        MediaFile file = MediaFile.Open(path, "film.mp4");
        IndexCache cache = Cache();
        int expected = file.Content.Movie.Tracks.Length;
        foreach (byte[] wrong in (byte[][])[[1], new byte[12], new byte[100], [0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 1],
            [0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0]])
        {
            cache.Store(file.Identity, wrong);
            MediaFile again = MediaFile.Open(path, "film.mp4", cache: cache);
            Assert.Equal(expected, again.Content.Movie.Tracks.Length);
            Assert.NotEqual(wrong, cache.Find(file.Identity).ToArray()); // stored anew
            again.Release();
        }

        file.Release();
    }

    [Fact]
    public void The_oldest_go_when_there_is_no_room()
    {
        int size = IndexCache.Format(_identity, _structure).Length;
        IndexCache cache = Cache(size * 5 / 2);
        for (uint i = 0; i < 5; i++)
        {
            cache.Store(_identity with { FileId = i }, _structure);
            File.SetLastWriteTimeUtc(Directory.GetFiles(Folder, $"*{i:x}.structure")[0], DateTime.UnixEpoch.AddDays(i));
        }

        cache.Store(_identity with { FileId = 5 }, _structure);
        Assert.True(cache.Find(_identity with { FileId = 0 }).IsEmpty);
        Assert.False(cache.Find(_identity with { FileId = 4 }).IsEmpty);
        Assert.False(cache.Find(_identity with { FileId = 5 }).IsEmpty);
        Assert.Equal(2, Directory.GetFiles(Folder, "*.structure").Length);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_no_fault_of_a_title()
    {
        IndexCache cache = Cache();
        File.WriteAllText(Folder, ""); // where the folder would be made
        cache.Store(_identity, _structure);
        Assert.True(cache.Find(_identity).IsEmpty);
    }

    private IndexCache Cache(long maxBytes = 1 << 30) => new(new CacheFolder(Folder, null), maxBytes, NullLogger.Instance);
}
