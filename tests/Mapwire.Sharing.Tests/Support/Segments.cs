using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Support;

/// <summary>A folder of a test's own for segments, gone after the test with all that was opened through it.</summary>
internal sealed class Segments : IDisposable
{
    public const string Name = "test";

    private readonly List<SharedMemory> _opened = [];

    public Segments() => Folder = Directory.CreateTempSubdirectory("mapwire-sharing-").FullName;

    public string Folder { get; }

    public SharedMemoryOptions Options => new() { Folder = Folder };

    public SharedMemory Make(long size = 1 << 16, Action<SharedMemory>? initialize = null) =>
        Keep(SharedMemory.Create(Name, size, new SharedMemoryOptions { Folder = Folder, Initialize = initialize }));

    /// <summary>Another user of the segment: for all that the segment knows, another process.</summary>
    public SharedMemory Open() => Keep(SharedMemory.Open(Name, Options));

    public SharedMemory Keep(SharedMemory memory)
    {
        _opened.Add(memory);
        return memory;
    }

    public void Dispose()
    {
        foreach (SharedMemory memory in _opened)
        {
            memory.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }
}
