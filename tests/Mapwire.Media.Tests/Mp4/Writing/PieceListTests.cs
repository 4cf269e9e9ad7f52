using Mapwire.Media.Mp4.Writing;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Mp4.Writing;

public sealed class PieceListTests
{
    private static readonly byte[] File = [.. Enumerable.Range(0, 100).Select(static value => (byte)value)];

    [Fact]
    public void A_body_cut_at_every_byte_has_the_bytes_of_the_whole()
    {
        PieceList body = new PieceList.Builder().Add(new byte[] { 200, 201, 202 }).Add(10, 4)
            .Add(new byte[] { 203 }).Add(20, 1).Add(50, 6).Build();
        byte[] whole = Pieces.Join(body, File);
        Assert.Equal(whole.Length, body.Length);
        for (int from = 0; from <= whole.Length; from++)
        {
            for (int to = from; to <= whole.Length; to++)
            {
                PieceList cut = body.Slice(from, to);
                Assert.Equal(to - from, cut.Length);
                Assert.Equal(whole[from..to], Pieces.Join(cut, File));
                Assert.Equal(cut.Count, cut.ToList().Count);
                if (to - from > 2)
                {
                    Assert.Equal(whole[(from + 1)..(to - 1)], Pieces.Join(cut.Slice(1, cut.Length - 1), File)); // a cut of a cut
                }
            }
        }

        Assert.Same(body, body.Slice(0, body.Length));
        Assert.Throws<ArgumentOutOfRangeException>(() => body.Slice(1, 2)[1]);
    }

    [Fact]
    public void Neighbouring_ranges_of_the_file_are_one_piece()
    {
        PieceList body = new PieceList.Builder().Add(10, 4).Add(14, 6).Add(20, 0)
            .Add(ReadOnlyMemory<byte>.Empty).Add(20, 1).Add(22, 1).Build();
        Assert.Equal([new Piece(10, 11), new Piece(22, 1)], body);
    }

    [Fact]
    public void Cutting_shares_the_bytes_that_were_made()
    {
        byte[] made = [1, 2, 3, 4];
        PieceList cut = new PieceList.Builder().Add(made).Build().Slice(1, 3);
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(cut[0].Bytes, out ArraySegment<byte> bytes));
        Assert.Same(made, bytes.Array);
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(3, 2)]
    [InlineData(0, 5)]
    public void A_range_that_the_body_does_not_have_is_refused(long from, long to) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PieceList.Builder().Add(10, 4).Build().Slice(from, to));

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(0, 0)]
    [InlineData(2, long.MaxValue)]
    public void A_range_that_no_file_has_is_refused(long offset, long length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Piece(offset, length));
}
