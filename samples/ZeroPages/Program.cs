// ZeroPages: a small allocator over pages of zeros: /dev/zero where the system maps it, anonymous memory where it does not.
using Mapwire.Memory;

const int size = 1 << 16;
bool hasDevice = PlatformCapabilities.Supports(MemoryCapability.MapDevice);
using MappedFile? zero = hasDevice ? MappedFile.Open("/dev/zero") : null;
using MappedRegion pages = zero?.Map(0, size, new MapOptions { Sharing = MapSharing.Private }) ?? MappedRegion.Allocate(size);

long used = 0;
for (int length = 1; length <= 1000; length *= 10)
{
    Span<byte> block = Allocate(length);
    Console.WriteLine($"{length} bytes, all zero: {block.IndexOfAnyExcept((byte)0) < 0}");
    block.Fill(0xff); // must not be seen in the next block
}

Console.WriteLine($"used: {used} of {pages.Length}");

Span<byte> Allocate(int length)
{
    Span<byte> block = pages.AsSpan(used, length);
    used += (length + 15) & ~15; // every block on a boundary of 16
    return block;
}
