using Mapwire.Server.Strips;

namespace Mapwire.Server.Tests;

/// <summary>The clip of the repository: 24 s, H.264 with B-frames and AAC, an edit list.</summary>
internal static class SampleClip
{
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "sample.mp4");

    public static Title Open() => Title.Open(Path, "sample.mp4");
}
