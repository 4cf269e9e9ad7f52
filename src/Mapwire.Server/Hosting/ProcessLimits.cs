using Mapwire.Server.Loop;

namespace Mapwire.Server.Hosting;

/// <summary>What the system limits for the whole process, which is the program's to decide and not the server's.</summary>
public static class ProcessLimits
{
    /// <summary>
    /// Raises the limit of descriptors (sockets and files) to the most that this process may have. Systems begin with 1,024 for the sake of
    /// old programs, and leave it to those that can use more to say so. A system that refuses leaves the limit as it is.
    /// </summary>
    public static void RaiseDescriptors() => DescriptorLimit.Raise();
}
