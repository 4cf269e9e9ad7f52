using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

/// <summary>
/// What is said to work works, and what is said not to says why when tried: the list and the operations cannot drift apart.
/// </summary>
public sealed class CapabilityTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<MemoryCapability> All => [.. Enum.GetValues<MemoryCapability>()
        .Except([MemoryCapability.ResidencyOfPageCache, MemoryCapability.PunchHole])]; // the meaning of an answer; a test of its own

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(All))]
    public void The_list_is_what_happens(MemoryCapability capability)
    {
        string? reason = PlatformCapabilities.GetUnsupportedReason(capability);
        Assert.Equal(reason is null, PlatformCapabilities.Supports(capability));
        if (reason is null)
        {
            Try(capability);
        }
        else if (capability == MemoryCapability.ShrinkWhileMapped)
        {
            Assert.ThrowsAny<IOException>(() => Try(capability)); // the system's own refusal
        }
        else
        {
            Assert.EndsWith(".", reason);
            Assert.Equal(reason, Assert.Throws<PlatformNotSupportedException>(() => Try(capability)).Message);
        }
    }

    [NotUnderWineFact("it has no FSCTL_SET_ZERO_DATA")]
    public void A_hole_reads_as_zero_and_its_neighbours_do_not()
    {
        Assert.Null(PlatformCapabilities.GetUnsupportedReason(MemoryCapability.PunchHole));
        string path = _folder.Write("hole", 300_000);
        using (MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite }))
        {
            file.PunchHole(1, 250_000);
            file.PunchHole(260_000, 0);
            Assert.Throws<ArgumentOutOfRangeException>(() => file.PunchHole(1, 300_000));
        }

        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(300_000, bytes.Length);
        Assert.Equal(TempFolder.Pattern(0), bytes[0]);
        Assert.True(bytes.AsSpan(1, 250_000).IndexOfAnyExcept((byte)0) < 0);
        for (int i = 250_001; i < bytes.Length; i++)
        {
            Assert.Equal(TempFolder.Pattern(i), bytes[i]);
        }

        using MappedFile readOnly = MappedFile.Open(path);
        Assert.Throws<InvalidOperationException>(() => readOnly.PunchHole(0, 1));
    }

    [Fact]
    public void Sizes_are_the_systems()
    {
        Assert.Equal(Environment.SystemPageSize, PlatformCapabilities.PageSize);
        Assert.Equal(OperatingSystem.IsWindows() ? 65536 : PlatformCapabilities.PageSize, PlatformCapabilities.AllocationGranularity);
        Assert.Throws<ArgumentOutOfRangeException>(() => PlatformCapabilities.GetUnsupportedReason((MemoryCapability)999));
    }

    private void Try(MemoryCapability capability)
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100_000), new MappedFileOptions { Access = FileAccess.ReadWrite });
        using MappedRegion region = file.Map();
        using MappedRegion anonymous = MappedRegion.Allocate(100_000);
        switch (capability)
        {
            case MemoryCapability.GuardedAccess:
                Assert.True(region.TryWrite(50_000, [1, 2, 3]) && region.TryRead(50_000, new byte[3]));
                break;
            case MemoryCapability.ShrinkWhileMapped:
                file.SetLength(5);
                break;
            case MemoryCapability.MapDevice when OperatingSystem.IsWindows():
                // there is no device to try with
                throw new PlatformNotSupportedException(PlatformCapabilities.GetUnsupportedReason(capability));
            case MemoryCapability.MapDevice:
                using (MappedFile zero = MappedFile.Open("/dev/zero"))
                {
                    zero.Map(0, 10).Dispose();
                }

                break;
            case MemoryCapability.TransparentHugePages:
                MappedRegion.Allocate(1 << 22, new MapOptions { HugePages = HugePages.Transparent }).Dispose();
                break;
            case MemoryCapability.ExplicitHugePages:
                // Needs a privilege and pages set aside: refused for their lack, by name, is an answer too.
                if (Record.Exception(() => MappedRegion.Allocate(1 << 21, new MapOptions { HugePages = HugePages.Explicit }).Dispose())
                    is Exception refusal)
                {
                    Assert.True(refusal is PlatformNotSupportedException
                        || refusal.Message.Contains("vm.nr_hugepages") || refusal.Message.Contains("Lock pages in memory"));
                }

                break;
            case MemoryCapability.ReserveForFile:
                using (MappedRegion growing = file.Map(0, 10, new MapOptions { Reserve = 1 << 20 }))
                {
                    growing.Resize(20);
                }

                break;
            case MemoryCapability.GuardPagesForFile:
                file.Map(options: new MapOptions { GuardPages = 1 }).Dispose();
                break;
            case MemoryCapability.FlushInvalidate:
                region.Flush(FlushMode.Invalidate);
                break;
            case MemoryCapability.AdviseFree:
                anonymous.Advise(0, 100_000, MemoryAdvice.Free);
                break;
            case MemoryCapability.DiscardShared:
                region.Discard(5, 90_000);
                break;
            case MemoryCapability.DiscardPrivateFile:
                using (MappedRegion own = file.Map(options: new MapOptions { Sharing = MapSharing.Private }))
                {
                    own.Discard(0, own.Length);
                }

                break;
            case MemoryCapability.EvictFile:
                file.Evict();
                break;
            default:
                region.Advise(0, 100_000, Enum.Parse<MemoryAdvice>(capability.ToString()["Advise".Length..]));
                break;
        }
    }
}
