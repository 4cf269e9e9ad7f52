using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Tests.Containers;

/// <summary>A value that no single store writes, and that shows when it is half written.</summary>
[ArenaType]
internal readonly record struct Fat(long First, long Second, long Third)
{
    public static Fat Of(long value) => new(value, ~value, value * 31);

    public bool IsWhole => this == Of(First);
}
