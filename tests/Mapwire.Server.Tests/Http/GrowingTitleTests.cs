using System.Text;
using System.Text.RegularExpressions;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>Films that others are writing, and what those who watch them find when they ask again.</summary>
public sealed class GrowingTitleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;
    private readonly HttpContext _context;

    public GrowingTitleTests()
    {
        _catalog = CreateCatalog();
        _context = HttpContexts.Create(_folder, _catalog);
    }

    public void Dispose()
    {
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_stream_of_a_film_that_is_copied_goes_on_where_it_was_when_the_film_is_whole()
    {
        byte[] film = await File.ReadAllBytesAsync(SampleClip.Path, TestContext.Current.CancellationToken);
        Write("copied.mp4", film.AsSpan(0, film.Length * 2 / 3));
        Resource early = await HttpContexts.OpenAsync(_context, "copied.mp4/stream.mp4");
        Assert.True(early.IsGrowing);
        Write("copied.mp4", film);
        Resource late = await HttpContexts.OpenAsync(_context, "copied.mp4/stream.mp4");
        Assert.False(late.IsGrowing);
        Assert.True(late.Body.Continues(early.Body.HeadLength, early.Body.PartCount, early.Body.Length), "parts end elsewhere");
        Assert.Equal(
            Join(early.Body, early.Body.HeadLength, early.Body.Length, film),
            Join(late.Body, early.Body.HeadLength, early.Body.Length, film));
    }

    /// <summary>It is the same file: what caches keep of it for ever would be played as the other film's.</summary>
    [Theory]
    [InlineData("live.flv")]
    [InlineData("live.mp4")]
    public async Task A_film_that_can_grow_has_other_addresses_when_another_is_written_over_it(string name)
    {
        Write(name, FilmOf(name, 3, 400));
        string before = await VersionAsync(name);
        string segment = $"{name}/v1-1.m4s?r={before}";
        await HttpContexts.OpenAsync(_context, segment);
        Write(name, FilmOf(name, 4, 500));
        Assert.NotEqual(before, await VersionAsync(name));
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => HttpContexts.OpenAsync(_context, segment));
        Assert.Equal(TitleError.NotFound, refusal.Error);
    }

    [Theory]
    [InlineData("live.flv")]
    [InlineData("live.mp4")]
    public async Task A_film_that_grows_keeps_its_addresses_also_where_it_is_opened_anew(string name)
    {
        Write(name, FilmOf(name, 3, 400));
        string before = await VersionAsync(name);
        Write(name, FilmOf(name, 3, 600));
        Assert.Equal(before, await VersionAsync(name));
        Rest(name);
        using TitleCatalog catalog = CreateCatalog();
        Assert.Equal(before, await VersionAsync(name, HttpContexts.Create(_folder, catalog)));
    }

    [Fact]
    public async Task A_last_segment_that_is_longer_when_the_film_goes_on_has_another_tag_and_is_not_kept_for_ever()
    {
        Write("live.flv", FilmBytes.Flv(3, 60));
        Rest("live.flv");
        string segment = $"live.flv/v1-1.m4s?r={await VersionAsync("live.flv")}";
        Resource before = await HttpContexts.OpenAsync(_context, segment);
        Assert.DoesNotContain("immutable", before.CacheControl, StringComparison.Ordinal);
        Write("live.flv", FilmBytes.Flv(3, 90));
        Rest("live.flv");
        Resource after = await HttpContexts.OpenAsync(_context, segment);
        for (int i = 0; after.Body.Length == before.Body.Length && i < 200; i++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken); // a look at a file counts for a moment
            after = await HttpContexts.OpenAsync(_context, segment);
        }

        Assert.NotEqual(before.Body.Length, after.Body.Length);
        Assert.NotEqual(before.Representation.Tag, after.Representation.Tag);
    }

    [Fact]
    public async Task A_film_that_was_copied_plays_on_with_the_playlist_of_the_time_when_it_was_not_whole()
    {
        byte[] film = await File.ReadAllBytesAsync(SampleClip.Path, TestContext.Current.CancellationToken);
        Write("copied.mp4", film.AsSpan(0, film.Length * 2 / 3));
        string version = await VersionAsync("copied.mp4");
        string playlist = $"copied.mp4/v1a1.m3u8?r={version}";
        string early = await TextAsync(playlist);
        Assert.Contains("#EXT-X-PLAYLIST-TYPE:EVENT", early, StringComparison.Ordinal);
        Assert.DoesNotContain("#EXT-X-ENDLIST", early, StringComparison.Ordinal);
        Write("copied.mp4", film);
        await CheckAsync(_context);
        Rest("copied.mp4");
        await CheckAsync(_context);

        // Opened anew, as after a restart, whoever comes first is told of a film that is whole.
        using TitleCatalog catalog = CreateCatalog();
        HttpContext anew = HttpContexts.Create(_folder, catalog);
        await CheckAsync(anew);
        string fresh = await VersionAsync("copied.mp4", anew);
        Assert.NotEqual(version, fresh);
        Assert.Contains(
            "#EXT-X-PLAYLIST-TYPE:VOD", await TextAsync($"copied.mp4/v1a1.m3u8?r={fresh}", anew), StringComparison.Ordinal);

        async Task CheckAsync(HttpContext context)
        {
            string late = await TextAsync(playlist, context);
            Assert.StartsWith(early, late, StringComparison.Ordinal);
            Assert.Contains("#EXT-X-ENDLIST", late, StringComparison.Ordinal);
            Resource segment = await HttpContexts.OpenAsync(context, $"copied.mp4/v1a1-1.m4s?r={version}");
            Assert.NotEmpty(Join(segment.Body, 0, segment.Body.Length, film));
        }
    }

    /// <summary>Pictures alone, of 40 ms each.</summary>
    private static byte[] FilmOf(string name, byte seed, int samples) =>
        name.EndsWith(".flv", StringComparison.Ordinal) ? FilmBytes.Flv(seed, samples) : FilmBytes.Fragmented(seed, samples);

    private TitleCatalog CreateCatalog() =>
        new(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);

    /// <summary>The version in the addresses of a film's segments.</summary>
    private async Task<string> VersionAsync(string name, HttpContext? context = null)
    {
        Match version = Regex.Match(await TextAsync($"{name}/index.m3u8", context), "\\?r=([0-9a-f]+)");
        Assert.True(version.Success, "no address has a version");
        return version.Groups[1].Value;
    }

    private async Task<string> TextAsync(string path, HttpContext? context = null) =>
        Encoding.UTF8.GetString((await HttpContexts.OpenAsync(context ?? _context, path)).Body.Bytes.Span);

    /// <summary>Nobody has written the film for long.</summary>
    private void Rest(string name) => File.SetLastWriteTimeUtc(Path.Combine(_folder.Path, name), DateTime.UtcNow.AddHours(-1));

    /// <summary>Writes a file in place, as those do who go on with one.</summary>
    private void Write(string name, ReadOnlySpan<byte> bytes)
    {
        using FileStream file = new(Path.Combine(_folder.Path, name), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        file.Write(bytes);
        file.SetLength(bytes.Length);
    }

    private static byte[] Join(MadeBody body, long from, long to, byte[] film)
    {
        using MemoryStream joined = new();
        foreach ((_, PieceList pieces) in body.Slice(from, to))
        {
            foreach (Piece piece in pieces)
            {
                joined.Write(piece.IsFileRange ? film.AsSpan((int)piece.Offset, (int)piece.Length) : piece.Bytes.Span);
            }
        }

        return joined.ToArray();
    }
}
