using Mapwire.Memory.Native;

namespace Mapwire.Memory;

/// <summary>The capabilities of the running system. An operation that does not work throws <see cref="PlatformNotSupportedException"/>
/// with the text of <see cref="GetUnsupportedReason"/>; none silently does nothing.</summary>
public static class PlatformCapabilities
{
    /// <summary>Bytes in a page: the unit of protection, residency and flushing.</summary>
    public static int PageSize => MemorySystem.Current.PageSize;

    /// <summary>The unit in which the system places mappings: the page on Unix, 64 KiB on Windows. Regions start at any byte
    /// nevertheless; only <see cref="MapOptions.Address"/> has to know it.</summary>
    public static int AllocationGranularity => MemorySystem.Current.Granularity;

    /// <summary>Whether the running system can do it.</summary>
    /// <param name="capability">What is asked for.</param>
    public static bool Supports(MemoryCapability capability) => GetUnsupportedReason(capability) is null;

    /// <summary>The reason why the running system cannot do it, or null if it can.</summary>
    /// <param name="capability">What is asked for.</param>
    public static string? GetUnsupportedReason(MemoryCapability capability) =>
        Enum.IsDefined(capability)
            ? MemorySystem.Current.GetUnsupportedReason(capability)
            : throw Unknown.Value(nameof(capability), capability);

    internal static void Require(MemoryCapability capability)
    {
        if (MemorySystem.Current.GetUnsupportedReason(capability) is string reason)
        {
            throw new PlatformNotSupportedException(reason);
        }
    }
}
