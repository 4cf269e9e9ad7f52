using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Native;

/// <summary>
/// Folders that fail or hang when they are listed, by their names: <c>eio</c>, <c>enotconn</c>, <c>eacces</c>, <c>hangs</c>. A library
/// that the program loads before the system's (LD_PRELOAD) answers for them, so no file system has to be mounted.
/// </summary>
internal static class Faults
{
    private static readonly Lazy<Task<string>> Library = new(BuildAsync);

    /// <summary>The library's path, compiled once a run.</summary>
    public static Task<string> GetLibraryAsync() => Library.Value;

    private static async Task<string> BuildAsync()
    {
        string source = Path.Combine(AppContext.BaseDirectory, "faults.c");
        string library = Path.Combine(TemporaryFolder.Create("faults"), "faults.so");
        await Tool.SucceedAsync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
        return library;
    }
}
