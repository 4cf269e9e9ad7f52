using BenchmarkDotNet.Attributes;
using Mapwire.Arenas.Benchmarks.Native;
using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Benchmarks;

/// <summary>Looking up one of the keys, of 8 bytes and in no order, in a table of them.</summary>
public class DictionaryReads
{
    private const int Lookups = 4096;
    private readonly Dictionary<long, long> _dictionary = [];
    private readonly long[] _asked = new long[Lookups];
    private Scratch _scratch = null!;
    private Arena _arena = null!;
    private MappedDictionary<long, long> _mapped = null!;
    private Lmdb _lmdb = null!;

    [Params(1_000, 1_000_000)]
    public int Entries { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _scratch = new Scratch();
        _arena = Arena.Create(_scratch["arena"]);
        _mapped = new MappedDictionary<long, long>(_arena);
        Random random = new(1);
        var keys = new long[Entries];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = random.NextInt64();
            _dictionary[keys[i]] = keys[i];
            _mapped[keys[i]] = keys[i];
        }

        for (int i = 0; i < Lookups; i++)
        {
            _asked[i] = keys[random.Next(keys.Length)];
        }

        _lmdb = new Lmdb(_scratch.Folder("lmdb"), keys);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _lmdb.Dispose();
        _arena.Dispose();
        _scratch.Dispose();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Lookups, Description = "Dictionary")]
    public long Framework()
    {
        long sum = 0;
        foreach (long key in _asked)
        {
            if (_dictionary.TryGetValue(key, out long value))
            {
                sum += value;
            }
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = Lookups, Description = "MappedDictionary")]
    public long Mapped()
    {
        long sum = 0;
        foreach (long key in _asked)
        {
            if (_mapped.TryGetValue(key, out long value))
            {
                sum += value;
            }
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = Lookups, Description = "LMDB, mdb_get")]
    public long Database()
    {
        long sum = 0;
        foreach (long key in _asked)
        {
            sum += _lmdb.Get(key);
        }

        return sum;
    }
}
