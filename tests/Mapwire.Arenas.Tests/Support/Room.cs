using Mapwire.Memory;

namespace Mapwire.Arenas.Tests.Support;

/// <summary>
/// How large an arena is made: where files cannot grow in place (Windows before 1803, and Wine), as large as it will have to be.
/// </summary>
internal static class Room
{
    public static bool Grows { get; } = PlatformCapabilities.Supports(MemoryCapability.ReserveForFile);

    public static long Of(long first, long most) => Grows ? first : most;
}
