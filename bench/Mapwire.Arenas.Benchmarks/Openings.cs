using BenchmarkDotNet.Attributes;
using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Benchmarks;

/// <summary>Opening an arena, finding its root and closing it.</summary>
public class Openings
{
    private Scratch _scratch = null!;

    [Params(ArenaDurability.Kill, ArenaDurability.PowerLoss)]
    public ArenaDurability Durability { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _scratch = new Scratch();
        Make("small", 1 << 20);
        Make("large", 1 << 30);
    }

    [GlobalCleanup]
    public void Cleanup() => _scratch.Dispose();

    [Benchmark(Baseline = true, Description = "1 MiB")]
    public long Small() => Open("small");

    [Benchmark(Description = "1 GiB")]
    public long Large() => Open("large");

    private void Make(string name, long size)
    {
        using Arena arena = Arena.Create(_scratch[name], new ArenaOptions { Size = size, Durability = Durability });
        Offset<long> root = arena.Allocate<long>();
        arena.SetRoot(root);
        for (long at = 1 << 19; at < size - (1 << 19); at += 1 << 19) // filled, so that it is not a file of holes
        {
            arena.EditSpan(arena.Allocate<byte>((1 << 19) - 100), 4096).Fill(1);
        }

        if (Durability == ArenaDurability.PowerLoss)
        {
            arena.Commit();
        }
    }

    private long Open(string name)
    {
        using Arena arena = Arena.Open(_scratch[name]);
        return arena.Get(arena.GetRoot<long>());
    }
}
