using BenchmarkDotNet.Attributes;
using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Benchmarks;

/// <summary>The sum of 100,000 numbers.</summary>
public class ListReads
{
    private const int Count = 100_000;
    private readonly List<long> _list = [];
    private Scratch _scratch = null!;
    private Arena _arena = null!;
    private MappedList<long> _mapped = null!;

    [GlobalSetup]
    public void Setup()
    {
        _scratch = new Scratch();
        _arena = Arena.Create(_scratch["arena"]);
        _mapped = new MappedList<long>(_arena);
        for (int i = 0; i < Count; i++)
        {
            _list.Add(i);
            _mapped.Add(i);
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _arena.Dispose();
        _scratch.Dispose();
    }

    [Benchmark(Baseline = true, Description = "List, by index")]
    public long Index()
    {
        long sum = 0;
        for (int i = 0; i < _list.Count; i++)
        {
            sum += _list[i];
        }

        return sum;
    }

    [Benchmark(Description = "MappedList, by index")]
    public long MappedIndex()
    {
        long sum = 0;
        for (int i = 0; i < _mapped.Count; i++)
        {
            sum += _mapped[i];
        }

        return sum;
    }

    [Benchmark(Description = "List, foreach")]
    public long Each()
    {
        long sum = 0;
        foreach (long item in _list)
        {
            sum += item;
        }

        return sum;
    }

    [Benchmark(Description = "MappedList, foreach")]
    public long MappedEach()
    {
        long sum = 0;
        foreach (long item in _mapped)
        {
            sum += item;
        }

        return sum;
    }

    [Benchmark(Description = "MappedList, span")]
    public long MappedSpan()
    {
        long sum = 0;
        foreach (long item in _mapped.AsSpan())
        {
            sum += item;
        }

        return sum;
    }
}
