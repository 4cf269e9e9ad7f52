namespace Mapwire.Conformance.Tools;

/// <summary>Folders below one of the run's own, which is removed when the process ends.</summary>
internal static class TemporaryFolder
{
    private static int _count;

    static TemporaryFolder() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        try
        {
            Directory.Delete(Root, recursive: true);
        }
        catch (IOException)
        {
            // A program that the run could not end still has something open; the system's own cleaning takes it.
        }
    };

    private static string Root { get; } = Directory.CreateTempSubdirectory("mapwire-").FullName;

    public static string Create(string name) =>
        Directory.CreateDirectory(Path.Combine(Root, $"{name}-{Interlocked.Increment(ref _count)}")).FullName;
}
