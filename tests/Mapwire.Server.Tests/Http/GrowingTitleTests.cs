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
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
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
