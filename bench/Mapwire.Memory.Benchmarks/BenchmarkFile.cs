using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Benchmarks;

/// <summary>One warm file on the disk, opened in every way that is compared.</summary>
public sealed class BenchmarkFile : IDisposable
{
    private readonly string _path = Path.Combine(AppContext.BaseDirectory, $"bench-{Environment.ProcessId}.bin");

    public BenchmarkFile(int length)
    {
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        System.IO.File.WriteAllBytes(_path, bytes);
        File = MappedFile.Open(_path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        Region = File.Map();
        Region.Advise(0, Region.Length, MemoryAdvice.PopulateRead);
        Handle = System.IO.File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        Framework = MemoryMappedFile.CreateFromFile(
            System.IO.File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete),
            null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        View = Framework.CreateViewAccessor();
    }

    public MappedFile File { get; }

    public MappedRegion Region { get; }

    public SafeFileHandle Handle { get; }

    public MemoryMappedFile Framework { get; }

    public MemoryMappedViewAccessor View { get; }

    public void Dispose()
    {
        View.Dispose();
        Framework.Dispose();
        Handle.Dispose();
        Region.Dispose();
        File.Dispose();
        System.IO.File.Delete(_path);
    }
}
