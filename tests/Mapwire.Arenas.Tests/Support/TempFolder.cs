namespace Mapwire.Arenas.Tests.Support;

/// <summary>A folder of a test's own, gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder(string? below = null) =>
        Root = below is null
            ? Directory.CreateTempSubdirectory("mapwire-arenas-").FullName
            : Directory.CreateDirectory(Path.Combine(below, $"mapwire-arenas-{Guid.NewGuid():n}")).FullName;

    public string Root { get; }

    public string this[string name] => Path.Combine(Root, name);

    /// <summary>One in memory where the system has that: for tests that make thousands of files and sync them.</summary>
    public static TempFolder InMemory() => new(Directory.Exists("/dev/shm") ? "/dev/shm" : null);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
