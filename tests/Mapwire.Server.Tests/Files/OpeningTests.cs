using System.Diagnostics;
using System.Text;
using Mapwire.Media;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Reports;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Files;

/// <summary>What a file costs before it is refused, and what its refusal says.</summary>
public sealed class OpeningTests : IDisposable
{
    private const int Samples = 1 << 24;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Some kilobytes that describe a billion samples of one byte, in a file with a hole for them.</summary>
    [Fact]
    public void A_film_that_takes_too_long_is_refused_in_time_with_a_place()
    {
        string path = Plant(64);
        TitleLimits limits = new() { OpeningTime = TimeSpan.FromMilliseconds(200) };
        Stopwatch watch = Stopwatch.StartNew();
        TitleException refusal = Assert.Throws<TitleException>(() => MediaFile.Open(path, "planted.mp4", limits: limits));
        Assert.Equal(TitleError.NotPlayable, refusal.Error);
        Assert.Contains("more than the limit of 0.2 s (OpeningTime)", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("(box 'moov' at offset 8)", refusal.Message, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public void A_film_with_one_such_track_is_read()
    {
        MediaFile file = MediaFile.Open(Plant(1), "planted.mp4");
        Assert.Equal(Samples, file.Content.Movie.Tracks.Single().SampleCount);
        file.Release();
    }

    /// <summary>It is read last, when all tables are known: a file may hang there too.</summary>
    [Fact]
    public void The_first_MP3_frame_is_waited_for_like_any_other_read()
    {
        const int Tag = 9 + 4; // after the header and a back pointer
        string path = Path.Combine(_folder.Path, "mp3.flv");
        byte[] frame = [0x2F, 0xFF, 0xFB, 0x90, 0xC4, .. new byte[413]];
        byte[] tag = [8, 0, (byte)(frame.Length >> 8), (byte)frame.Length, 0, 0, 0, 0, 0, 0, 0, .. frame, .. Words(11 + frame.Length)];
        File.WriteAllBytes(path, [.. "FLV"u8, 1, 4, .. Words(9), .. Words(0), .. tag]);
        FileWork work = new(path, TitleLimits.Default.Opening, static _ => { }, static _ => { });
        MediaFile file = MediaFile.Open(path, "mp3.flv");
        _ = Title.Of(file, default, work);
        file.Release();
        Assert.Equal(Tag, work.Place?.Offset);
        Assert.Equal(0, work.WaitsFor(long.MaxValue - 1)); // it has come back
    }

    [Fact]
    public void What_is_not_playable_is_refused_with_the_place_of_each_track()
    {
        string path = Plant(2, entry: "mp4v");
        string? refusal = TitleReport.Of(path).Refusal;
        Assert.NotNull(refusal);
        Assert.Equal(2, refusal.Split("is not supported (box 'mp4v' at offset ").Length - 1);
        string empty = Path.Combine(_folder.Path, "empty.mp4");
        File.WriteAllBytes(empty, []);
        Assert.Contains("(box 'moov' at offset 0)", TitleReport.Of(empty).Refusal!, StringComparison.Ordinal);
    }

    /// <summary>As long as it lies there, no later request is answered otherwise.</summary>
    [Theory]
    [InlineData("pipe.mp4", "it is a pipe, a socket or a folder and no file")]
    [InlineData("pipe.m3u8", "it is a pipe, a socket or a folder and no file")]
    [InlineData("zero.mp4", "it is a device and no file")]
    public void What_is_no_file_is_not_playable_for_good(string name, string reason)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems have no such files, or others.");
        string path = Path.Combine(_folder.Path, name);
        if (name.StartsWith("zero", StringComparison.Ordinal))
        {
            File.CreateSymbolicLink(path, "/dev/zero");
        }
        else
        {
            using Process making = Process.Start("mkfifo", path);
            making.WaitForExit();
        }

        TitleException refusal = Assert.Throws<TitleException>(() =>
        {
            if (name.EndsWith(".mp4", StringComparison.Ordinal))
            {
                MediaFile.Open(path, name).Release();
            }
            else
            {
                ShortFile.Read(path, name, new ServedFolder(_folder.Path), 100);
            }
        });
        Assert.Equal((TitleError.NotPlayable, reason), (refusal.Error, refusal.Message));
    }

    [Fact]
    public void A_limit_is_named_as_its_option_is()
    {
        TitleLimits limits = new()
        {
            Structure = MediaLimits.Default with { Boxes = 1 },
            OptionNames = new Dictionary<string, string>
            {
                [nameof(MediaLimits.Boxes)] = "--limit-boxes",
                [nameof(TitleLimits.OpeningTime)] = "--limit-opening-time",
                [nameof(TitleLimits.StorageTimeout)] = "--storage-timeout",
            },
        };
        TitleException refusal = Assert.Throws<TitleException>(() => MediaFile.Open(_folder.Add("film.mp4"), "film.mp4", limits: limits));
        Assert.Contains("more than the limit of 1 (--limit-boxes) (box '", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("of 10 s (--limit-opening-time)", limits.Opening.Refusal, StringComparison.Ordinal);
        Assert.EndsWith("of 30 s (--storage-timeout)", limits.Storage.Refusal, StringComparison.Ordinal);
    }

    /// <summary>.NET names the whole path, however the file was named.</summary>
    [Fact]
    public void A_file_that_may_not_be_read_is_named_by_its_name_alone()
    {
        string below = Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(_folder.Path, "no.mp4"));
        TitleException refusal = TitleException.Unreadable(
            below, new UnauthorizedAccessException($"Access to the path '{Path.GetFullPath(below)}' is denied."));
        Assert.Equal("Access to the path 'no.mp4' is denied.", refusal.Message);
    }

    [Fact]
    public async Task A_film_that_does_not_fit_into_memory_is_refused_with_the_reason_and_others_play()
    {
        const string Memory = "/dev/shm"; // its files may be longer than there are addresses
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(Memory), "There is no file system in memory.");
        string folder = Directory.CreateDirectory(Path.Combine(Memory, $"mapwire-test-{Guid.NewGuid():n}")).FullName;
        try
        {
            string path = Path.Combine(folder, "film.mp4");
            File.Copy(SampleClip.Path, path);
            File.Copy(path, Path.Combine(folder, "good.mp4"));
            using (FileStream film = new(path, FileMode.Open))
            {
                film.SetLength(1L << 50);
            }

            using FileCatalog catalog = new(new ServedFolder(folder), new FileBudget());
            TitleException refusal = await Assert.ThrowsAsync<TitleException>(
                () => catalog.OpenAsync(catalog.Find(PlayName.Parse("", "film.mp4"))));
            Assert.Equal(TitleError.Unreadable, refusal.Error);
            Assert.Contains("memory", refusal.Message, StringComparison.OrdinalIgnoreCase); // Cannot allocate memory (ENOMEM)
            Assert.DoesNotContain(folder, refusal.Message, StringComparison.Ordinal);
            (await catalog.OpenAsync(catalog.Find(PlayName.Parse("", "good.mp4")))).Release();
            Assert.DoesNotContain(Directory.GetFiles("/proc/self/fd"), file => new FileInfo(file).LinkTarget == path);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private string Plant(int tracks, string entry = "avc1")
    {
        byte[] record = Convert.FromHexString("0142C00BFFE100176742C00BD902847E5C0440000003004000000C83C50A9201000568CB83CB20");
        byte[] description = [.. new byte[7], 1, .. new byte[16], 0, 160, 0, 120, .. new byte[50], .. Box("avcC", record)];
        byte[] stbl =
        [
            .. Box("stsd", [.. Words(0, 1), .. Box(entry, description)]), .. Box("stts", Words(0, 1, Samples, 40)),
            .. Box("stsc", Words(0, 1, 1, Samples, 1)), .. Box("stsz", Words(0, 1, Samples)), .. Box("stco", Words(0, 1, 0)),
        ];
        byte[] mdia =
        [
            .. Box("mdhd", Words(0, 0, 0, 1000, 0, 0)), .. Box("hdlr", [.. Words(0, 0), .. "vide"u8, .. new byte[13]]),
            .. Box("minf", Box("stbl", stbl)),
        ];
        byte[] trak = Box("trak", [.. Box("tkhd", [.. Words(7, 0, 0, 1), .. new byte[68]]), .. Box("mdia", mdia)]);
        byte[] moov =
            Box("moov",
            [.. Box("mvhd", [.. Words(0, 0, 0, 1000, 0), .. new byte[80]]),
            .. Enumerable.Repeat(trak, tracks).SelectMany(static bytes => bytes)]);
        string path = Path.Combine(_folder.Path, $"planted-{tracks}-{entry}.mp4");
        using FileStream file = File.Create(path);
        file.Write([.. Box("free", []), .. moov, .. Words(0), .. "mdat"u8]);
        file.SetLength(file.Length + Samples);
        return path;
    }

    private static byte[] Box(string type, byte[] body) => [.. Words(8 + body.Length), .. Encoding.ASCII.GetBytes(type), .. body];

    private static byte[] Words(params int[] words) =>
        [.. words.SelectMany(static word => new[] { (byte)(word >> 24), (byte)(word >> 16), (byte)(word >> 8), (byte)word })];
}
