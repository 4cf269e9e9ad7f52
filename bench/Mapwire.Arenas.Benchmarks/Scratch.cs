namespace Mapwire.Arenas.Benchmarks;

/// <summary>A folder on the disk beside the program, gone after the benchmark.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly string _root = Directory.CreateDirectory(
        Path.Combine(AppContext.BaseDirectory, $"scratch-{Guid.NewGuid():n}")).FullName;

    public string this[string name] => Path.Combine(_root, name);

    public string Folder(string name) => Directory.CreateDirectory(this[name]).FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
