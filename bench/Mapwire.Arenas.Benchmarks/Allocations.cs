using BenchmarkDotNet.Attributes;
using Mapwire.Arenas.Benchmarks.Native;
using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Benchmarks;

/// <summary>Taking and freeing one of a thousand blocks of 16 to 512 bytes, zeroed.</summary>
public class Allocations
{
    private const int Held = 1000;
    private readonly int[] _sizes = new int[Held];
    private readonly nint[] _native = new nint[Held];
    private readonly Offset<byte>[] _kill = new Offset<byte>[Held];
    private readonly Offset<byte>[] _shared = new Offset<byte>[Held];
    private Scratch _scratch = null!;
    private Arena _killArena = null!;
    private Arena _sharedArena = null!;
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        _scratch = new Scratch();
        _killArena = Arena.Create(_scratch["kill"]);
        _sharedArena = Arena.Create(_scratch["shared"], new ArenaOptions { Shared = true });
        Random random = new(1);
        for (int i = 0; i < Held; i++)
        {
            _sizes[i] = random.Next(16, 512);
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _killArena.Dispose();
        _sharedArena.Dispose();
        _scratch.Dispose();
    }

    [Benchmark(Baseline = true, Description = "NativeMemory")]
    public void Native()
    {
        int at = Next();
        Malloc.Free(_native[at]);
        _native[at] = Malloc.Allocate(_sizes[(at * 7) % Held]);
    }

    [Benchmark(Description = "arena")]
    public void Kill() => Swap(_killArena, _kill);

    [Benchmark(Description = "arena shared by processes")]
    public void Shared() => Swap(_sharedArena, _shared);

    private int Next() => _next = (_next + 389) % Held;

    private void Swap(Arena arena, Offset<byte>[] held)
    {
        int at = Next();
        arena.Free(held[at]);
        held[at] = arena.Allocate<byte>(_sizes[(at * 7) % Held]);
    }
}
