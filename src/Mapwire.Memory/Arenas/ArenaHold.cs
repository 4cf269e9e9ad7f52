namespace Mapwire.Memory.Arenas;

/// <summary>Holds an arena against all other threads and processes until it is disposed of.</summary>
public readonly ref struct ArenaHold : IDisposable
{
    private readonly Arena _arena;

    internal ArenaHold(Arena arena)
    {
        arena.Gate.Enter();
        _arena = arena;
    }

    /// <summary>Lets the others go on.</summary>
    public void Dispose() => _arena.Gate.Exit();
}
