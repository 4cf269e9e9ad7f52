using Mapwire.Memory;
using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Tests.Support;

/// <summary>An arena over anonymous memory that can grow.</summary>
internal sealed class MemoryArena : IDisposable
{
    public MemoryArena(long size = 1 << 17, ArenaDurability durability = ArenaDurability.Kill)
    {
        Region = MappedRegion.Allocate(size, new MapOptions { Reserve = 1L << 30 });
        Arena = Arena.Create(Region, new ArenaOptions { Durability = durability });
    }

    public MappedRegion Region { get; }

    public Arena Arena { get; }

    public void Dispose()
    {
        Arena.Dispose();
        Region.Dispose();
    }
}
