// ObjectPool [COUNT]: a pool of objects in pages of /dev/zero (memory that no file stands behind): taken, given back and taken again
// without the garbage collector ever seeing one.
using Mapwire.Memory;
using Mapwire.Memory.Arenas;

int count = args.Length > 0 ? int.Parse(args[0]) : 1_000_000;
using MappedFile zero = MappedFile.Open("/dev/zero", new MappedFileOptions { Access = FileAccess.ReadWrite });
using MappedRegion pages = zero.Map(0, 64 << 20, new MapOptions { Sharing = MapSharing.Private });
using Arena arena = Arena.Create(pages);
MappedQueue<Offset<Particle>> pool = new(arena); // those that were given back
Queue<Offset<Particle>> flying = new();
long before = GC.GetTotalAllocatedBytes(), made = 0;
for (int i = 0; i < count; i++)
{
    if (!pool.TryDequeue(out Offset<Particle> taken))
    {
        taken = arena.Allocate<Particle>();
        made++;
    }

    arena.Edit(taken) = new Particle { X = i, Y = -i };
    flying.Enqueue(taken);
    if (flying.Count > 1000)
    {
        pool.Enqueue(flying.Dequeue());
    }
}

Console.WriteLine($"{count} taken, {made} made, {arena.UsedBlocks} blocks of {pages.Length >> 20} MiB");
Console.WriteLine(
    $"sum: {flying.Sum(at => arena.Get(at).X + arena.Get(at).Y)}; {(GC.GetTotalAllocatedBytes() - before) >> 10} KiB on the heap");

[ArenaType]
internal struct Particle
{
    public double X;
    public double Y;
}
