using Mapwire.Server.Strips;

namespace Mapwire.Server.Tests.Strips;

/// <summary>A strip as plain arrays.</summary>
internal static class StripReading
{
    public static StripEntry[] ToArray(this Strip strip) => [.. Enumerable.Range(0, strip.Count).Select(i => strip[i])];

    public static int[] SyncPoints(this Strip strip) => [.. Enumerable.Range(0, strip.SyncPointCount).Select(strip.SyncPoint)];
}
