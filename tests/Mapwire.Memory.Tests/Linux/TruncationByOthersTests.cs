using Mapwire.Memory.Actors;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Linux;

/// <summary>Another process cuts the file at random moments of guarded reads. MAPWIRE_CUT_ROUNDS says how often.</summary>
public sealed class TruncationByOthersTests : IDisposable
{
    private const int Page = 4096;
    private readonly TempFolder _folder = new();
    private readonly Random _random = new(20260002);
    private readonly byte[] _buffer = new byte[Cutter.FileLength];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_lost_page_is_reported_and_no_byte_is_wrong()
    {
        int rounds = Rounds.Of("MAPWIRE_CUT_ROUNDS", usual: 10_000);
        using MappedFile control = MappedFile.Create(_folder["control"], Cutter.ControlLength);
        using MappedRegion desk = control.Map();
        MappedFile.Create(_folder["f"], Cutter.FileLength).Dispose();
        using Actor cutter = new("cutter", _folder["f"], _folder["control"]);
        using MappedFile file = MappedFile.Open(_folder["f"]);
        using MappedRegion region = file.Map();
        long order = 0;
        int faults = 0, faultsDuring = 0;
        Command(desk, cutter, ++order, -1, () => { });
        for (int round = 0; round < rounds; round++)
        {
            Assert.True(Read(region, 0, Cutter.FileLength, Cutter.FileLength), "a whole file reads");
            int cut = _random.Next(0, Cutter.FileLength + 1);
            Command(desk, cutter, ++order, cut, () =>
            {
                int offset = _random.Next(0, Cutter.FileLength);
                if (!Read(region, offset, _random.Next(0, Cutter.FileLength - offset + 1), cut))
                {
                    faultsDuring++;
                }
            });

            int whole = (cut + Page - 1) / Page * Page; // the last page stays, zero behind the cut
            Assert.True(Read(region, 0, whole, cut), "what is left reads");
            if (whole < Cutter.FileLength)
            {
                faults++;
                int beyond = _random.Next(whole, Cutter.FileLength);
                Assert.False(Read(region, beyond, 1, cut), "a lost page is reported");
                int before = _random.Next(0, beyond + 1);
                Assert.False(Read(region, before, Cutter.FileLength - before, cut), "a lost page at the end of a range is reported");
            }

            Command(desk, cutter, ++order, -1, () => { });
        }

        Interlocked.Exchange(ref Cutter.Field(desk, Cutter.End), 1);
        cutter.WaitForExit();
        Assert.True(cutter.HasExited);
        Assert.True(faults > rounds * 9 / 10, $"{faults} of {rounds} rounds lost pages");
        Assert.True(rounds < 1000 || faultsDuring > 0, "no cut fell into the reads");
    }

    private void Command(MappedRegion desk, Actor cutter, long order, long argument, Action meanwhile)
    {
        Interlocked.Exchange(ref Cutter.Field(desk, Cutter.Argument), argument);
        Interlocked.Exchange(ref Cutter.Field(desk, Cutter.Order), order);
        SpinWait pause = new();
        while (Interlocked.Read(ref Cutter.Field(desk, Cutter.Done)) < order)
        {
            Assert.False(cutter.HasExited, "the cutter ended");
            meanwhile();
            pause.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>A guarded read whose bytes, if there are any, are those of the file whole or cut.</summary>
    private bool Read(MappedRegion region, int offset, int length, int cut)
    {
        Span<byte> bytes = _buffer.AsSpan(0, length);
        if (!region.TryRead(offset, bytes))
        {
            Assert.True(offset + length > (cut + Page - 1) / Page * Page, $"{length} bytes at {offset} reported lost by a cut to {cut}");
            return false;
        }

        // Looking at every byte would leave the other process little to do: the ends, and a stride between them.
        for (int i = 0; i < length; i += i < 64 || i > length - 64 ? 1 : 61)
        {
            if (bytes[i] != Cutter.Pattern(offset + i) && (bytes[i] != 0 || offset + i < cut))
            {
                Assert.Fail($"byte {offset + i} is {bytes[i]} after a cut to {cut}");
            }
        }

        return true;
    }
}
