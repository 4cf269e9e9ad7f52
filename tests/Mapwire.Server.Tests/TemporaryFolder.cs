namespace Mapwire.Server.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mapwire-server-tests-").FullName;

    public string Add(string relative)
    {
        string path = System.IO.Path.Combine(Path, relative);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.Copy(SampleClip.Path, path);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
