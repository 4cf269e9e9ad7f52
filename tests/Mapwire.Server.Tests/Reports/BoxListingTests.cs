using Mapwire.Media.Mp4;
using Mapwire.Server.Reports;
using Xunit;

namespace Mapwire.Server.Tests.Reports;

public sealed class BoxListingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_broken_is_listed_where_it_begins_with_the_rest_of_the_file()
    {
        string path = Path.Combine(_folder.Path, "broken.mp4");
        File.WriteAllBytes(
            path, [0, 0, 0, 16, .. "ftyp"u8, .. "isom"u8, 0, 0, 0, 0, 0, 0, 0, 8, .. "free"u8, 0, 0, 0, 7, .. "mdat"u8, 1, 2, 3]);
        IReadOnlyList<BoxNode> boxes = BoxListing.Read(path);
        Assert.Equal(
            [("ftyp", 0L, 16L, false), ("free", 16L, 8L, false), ("", 24L, 11L, true)],
            boxes.Select(static box => (box.Fault is null ? box.Type.ToString() : "", box.Offset, box.Length, box.Fault is not null)));
    }

    [Theory]
    [InlineData("moov")]
    [InlineData("moof")]
    [InlineData("mfra")]
    [InlineData("meta")]
    public void What_describes_samples_is_looked_into(string type)
    {
        string path = Path.Combine(_folder.Path, "film.mp4");
        byte[] inner = [0, 0, 0, 8, .. "free"u8];
        byte[] version = type == "meta" ? [0, 0, 0, 0] : [];
        byte[] name = System.Text.Encoding.ASCII.GetBytes(type);
        File.WriteAllBytes(path,
            [0, 0, 0, 16, .. "ftyp"u8, .. "isom"u8, 0, 0, 0, 0, 0, 0, 0, (byte)(16 + version.Length), .. name, .. version, .. inner]);
        Assert.Equal(["ftyp", type, "free"], BoxListing.Read(path).Select(static box => box.Type.ToString()));
    }
}
