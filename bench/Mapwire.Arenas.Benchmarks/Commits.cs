using BenchmarkDotNet.Attributes;
using Mapwire.Arenas.Benchmarks.Native;
using Mapwire.Memory.Arenas;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Arenas.Benchmarks;

/// <summary>Making a record of 16 bytes last through a loss of power.</summary>
public class Commits
{
    private Scratch _scratch = null!;
    private SafeFileHandle _bare = null!;
    private DurableCell<Guid> _cell = null!;
    private Arena _arena = null!;
    private Offset<Guid> _record;
    private long _next;

    [GlobalSetup]
    public void Setup()
    {
        _scratch = new Scratch();
        File.WriteAllBytes(_scratch["bare"], new byte[1 << 16]);
        _bare = File.OpenHandle(_scratch["bare"], FileMode.Open, FileAccess.ReadWrite);
        BareSync.Sync(_bare);
        _cell = DurableCell.CreateOrOpen<Guid>(_scratch["cell"]);
        _arena = Arena.Create(_scratch["arena"], new ArenaOptions { Durability = ArenaDurability.PowerLoss });
        _record = _arena.Allocate<Guid>();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _bare.Dispose();
        _cell.Dispose();
        _arena.Dispose();
        _scratch.Dispose();
    }

    [Benchmark(Baseline = true, Description = "C: pwrite of 16 bytes, fdatasync")]
    public void Bare() =>
        BareSync.WriteAndSync(_bare, new Guid((int)++_next, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).ToByteArray(), (_next & 7) * 4096);

    [Benchmark(Description = "DurableCell.Write")]
    public void Cell() => _cell.Write(new Guid((int)++_next, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));

    [Benchmark(Description = "Arena.Commit")]
    public void Commit()
    {
        _arena.Edit(_record) = new Guid((int)++_next, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        _arena.Commit();
    }
}
