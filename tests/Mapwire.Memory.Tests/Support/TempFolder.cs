namespace Mapwire.Memory.Tests.Support;

/// <summary>A folder of a test's own, on a disk unless the test says otherwise (a folder in memory would hide what flushing does), gone
/// after
/// the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder(string? below = null) =>
        Root = below is null
            ? Directory.CreateTempSubdirectory("mapwire-test-").FullName
            : Directory.CreateDirectory(Path.Combine(below, $"mapwire-test-{Guid.NewGuid():n}")).FullName;

    public string Root { get; }

    public string this[string name] => Path.Combine(Root, name);

    /// <summary>One in memory where the system has that: for tests that make thousands of files and sync them.</summary>
    public static TempFolder InMemory() => new(Directory.Exists("/dev/shm") ? "/dev/shm" : null);

    /// <summary>A file whose byte at i is <see cref="Pattern"/>.</summary>
    public string Write(string name, int length)
    {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = Pattern(i);
        }

        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    /// <summary>Bytes of which no two neighbouring pages are alike.</summary>
    public static byte Pattern(long i) => (byte)(i * 7 + i / 4096 * 13 + 1);

    /// <summary>The bytes of a file that is open for writing: Windows wants every reader to share that.</summary>
    public static byte[] ReadShared(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
