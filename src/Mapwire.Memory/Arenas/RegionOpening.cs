using Mapwire.Memory.Native.Arenas;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>Creates and opens arenas over memory that the caller has mapped.</summary>
internal static class RegionOpening
{
    private const int Alignment = 4096;

    public static Arena Create(MappedRegion region, ArenaOptions options)
    {
        ArgumentNullException.ThrowIfNull(region);
        if (options.Durability == ArenaDurability.PowerLoss)
        {
            throw new ArgumentException("Only an arena in a file of its own can be made to survive a loss of power.", nameof(options));
        }

        RequireAligned(region);
        region.RequireWrite();
        if (region.Length < 2 * ArenaHeader.HeapAt)
        {
            throw new ArgumentException($"An arena has at least {2 * ArenaHeader.HeapAt} bytes.", nameof(region));
        }

        return Format(new RegionSpace(region), options);
    }

    public static Arena Open(MappedRegion region, ArenaOptions options)
    {
        ArgumentNullException.ThrowIfNull(region);
        RequireAligned(region);
        return Open(new RegionSpace(region), options);
    }

    public static Arena Create(SharedMemory memory, ArenaOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (options.Durability == ArenaDurability.PowerLoss)
        {
            throw new ArgumentException("Only an arena in a file of its own can be made to survive a loss of power.", nameof(options));
        }

        if (memory.Size < SharedSpace.ArenaAt + (2 * ArenaHeader.HeapAt))
        {
            throw new ArgumentException($"An arena in shared memory has at least {SharedSpace.ArenaAt + (2 * ArenaHeader.HeapAt)} bytes.",
                nameof(memory));
        }

        SharedMutex.Create(memory, 0); // refuses if something is there
        return Format(new SharedSpace(memory), options);
    }

    public static Arena Open(SharedMemory memory, ArenaOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        return Open(new SharedSpace(memory), options);
    }

    /// <summary>Checks what is there and opens it.</summary>
    /// <param name="space">The arena's memory, owned from here on.</param>
    /// <param name="options">What the caller expects.</param>
    /// <param name="timeout">How long others who share it may hold its lock; null for as long as it takes.</param>
    /// <exception cref="TimeoutException">They held it longer.</exception>
    public static Arena Open(ArenaSpace space, ArenaOptions options, TimeSpan? timeout = null)
    {
        try
        {
            Arena arena = new(space, Check(space, options, timeout));
            arena.Transactions.Enter(timeout, default); // undoes what was not finished
            arena.Transactions.Exit();
            return arena;
        }
        catch
        {
            space.Dispose();
            throw;
        }
    }

    private static ArenaDurability Check(ArenaSpace space, ArenaOptions options, TimeSpan? timeout)
    {
        if (!space.TryLock(timeout ?? Timeout.InfiniteTimeSpan, default)) // others may be making it longer
        {
            throw new TimeoutException(
                $"Timed out after {timeout!.Value.TotalSeconds:0} s waiting for arena '{space.Name}': "
                + "another process that shares it holds it.");
        }

        try
        {
            Span<byte> page = space.Bytes(0, (int)Math.Min(space.Length, ArenaHeader.FirstPage));
            if (space.IsShared && page.Length == ArenaHeader.FirstPage && space.Word(ArenaHeader.SizeAt) is ulong size
                && size > (ulong)space.Length && size <= (ulong)space.MaxLength)
            {
                space.Follow((long)size);
            }

            return ArenaHeader.Check(page, space.Length, space.Name, options);
        }
        finally
        {
            space.Unlock();
        }
    }

    private static Arena Format(ArenaSpace space, ArenaOptions options)
    {
        Span<byte> page = space.Bytes(0, ArenaHeader.FirstPage);
        page.Clear();
        ArenaHeader.Format(page, space.Length, options, (ulong)Random.Shared.NextInt64());
        space.Word(ArenaHeader.FirstBlock) = ArenaHeader.Sentinel;
        Volatile.Write(ref space.Word(0), ArenaHeader.Ready);
        return Open(space, options);
    }

    private static void RequireAligned(MappedRegion region)
    {
        if (region.Length == 0 || region.DangerousAddress % Alignment != 0)
        {
            throw new ArgumentException($"The region must begin at a multiple of {Alignment} in memory.", nameof(region));
        }
    }
}
