using System.Diagnostics;
using Mapwire.Memory.Native.Sharing;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Sharing;

/// <summary>Makes and opens segments so that a race of any number of processes, any of which may die anywhere, ends with one
/// correct segment.</summary>
/// <remarks>
/// An empty file under the name is only an invitation: the process that holds its creation lock and finds it empty and still under
/// its name sizes it, writes the header, lets the caller fill it, and sets the ready mark last. A file that is not ready and not
/// empty was left by a process that died; one that is ready and has no living user is abandoned. Both are unlinked and not made anew
/// in place, since a process may still read them; only where another user's file cannot be unlinked (a sticky folder) it is emptied
/// under its creation lock and made anew.
/// </remarks>
internal static class SegmentOpening
{
    /// <summary>Between creating a file and giving it its rights are two system calls.</summary>
    private static readonly TimeSpan RightsTimeout = TimeSpan.FromSeconds(1);

    public enum Mode { Create, Open, CreateOrOpen }

    public static SharedMemory Open(string name, Mode mode, long size, SharedMemoryOptions options)
    {
        string path = SegmentFolder.GetPath(name, options, create: mode != Mode.Open);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            MappedFile? file = TryOpen(path, options, start);
            if (file is null)
            {
                if (mode == Mode.Open)
                {
                    throw Missing(name, path);
                }

                if (SegmentFolder.TryCreate(path, options.Access))
                {
                    FaultPoints.Reach(FaultPoint.FileMade);
                }

                file = TryOpen(path, options, start);
            }

            try
            {
                if (file is not null
                    && (options.ReadOnly
                    ? OpenToRead(name, path, file, options)
                    : OpenLocked(name, path, file, mode, size, options, start)) is SharedMemory memory)
                {
                    file = null; // the segment's own
                    return memory;
                }
            }
            finally
            {
                file?.Dispose();
            }

            if (TimeLeft(start, options) == TimeSpan.Zero)
            {
                throw new TimeoutException($"Timed out opening shared memory '{name}': other processes kept creating and removing it.");
            }
        }
    }

    public static SharedMemory CreateAnonymous(SafeFileHandle handle, string path, long size, SharedMemoryOptions options)
    {
        MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        try
        {
            using RangeLock? creation = ProcessSlots.TryCreationLock(file, options.OpenTimeout);
            return Create(path, file, size, options, handle, path: null);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public static SharedMemory OpenAnonymous(string path, SharedMemoryOptions options)
    {
        MappedFile file = TryOpenDescriptor(path, options.ReadOnly) ?? throw Missing(path, path);
        try
        {
            using RangeLock? creation = options.ReadOnly ? null
                : ProcessSlots.TryCreationLock(file, options.OpenTimeout) ?? throw Busy(path, options.OpenTimeout);
            SegmentHeader header = SegmentHeader.Read(file.Handle, path) ?? throw Missing(path, path);
            return Attach(path, file, header, options, removeFrom: null);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SharedMemoryFormatException NotOurs(string name, string path, SharedMemoryFormatException found) =>
        new(SharedMemoryError.NotASegment, name, found.Offset,
            $"the file '{path}' is not a segment of shared memory, so it is left as it is: if no program needs it, delete it, else use "
            + "another name");

    public static TimeoutException Busy(string name, TimeSpan timeout) =>
        new($"Timed out after {timeout.TotalSeconds:0.###} s waiting for another process to finish creating, "
            + $"opening or growing shared memory '{name}'. "
            + "If it is suspended, resume or kill it.");

    /// <summary>Removes the file of a segment that is not in use. The caller holds the creation lock.</summary>
    public static void RemoveIfUnused(string path, MappedFile file)
    {
        if (IsStillThere(path, file) && !ProcessSlots.IsInUse(file) && !SegmentFolder.TryRemove(path))
        {
            SegmentSpace.Empty(file);
        }
    }

    private static SharedMemory? OpenLocked(
        string name, string path, MappedFile file, Mode mode, long size, SharedMemoryOptions options, long start)
    {
        RangeLock? held;
        try
        {
            held = ProcessSlots.TryCreationLock(file, TimeLeft(start, options));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && !IsStillThere(path, file))
        {
            return null; // Windows opens a file once more to lock it, and this one was removed meanwhile: look again
        }

        using RangeLock creation = held ?? throw Busy(name, options.OpenTimeout);
        FaultPoints.Reach(FaultPoint.CreationLocked);
        if (!IsStillThere(path, file))
        {
            return null; // removed while we waited: look again
        }

        if (RandomAccess.GetLength(file.Handle) == 0)
        {
            return mode == Mode.Open ? throw Missing(name, path) : Create(name, file, size, options, handle: null, path);
        }

        bool inUse = ProcessSlots.IsInUse(file); // asked first: what is in it does not matter if no process uses it
        SegmentHeader? header;
        try
        {
            // Under the lock no process is creating it: not ready means that its creator died.
            header = SegmentHeader.Read(file.Handle, name);
        }
        catch (SharedMemoryFormatException exception)
            when (!inUse && mode != Mode.Open && !options.OpenAbandoned && exception.Error != SharedMemoryError.NotASegment)
        {
            header = null; // left by another version of the library, or damaged
        }
        catch (SharedMemoryFormatException exception) when (exception.Error == SharedMemoryError.NotASegment)
        {
            throw NotOurs(name, path, exception);
        }

        if (header is not null && inUse)
        {
            return mode == Mode.Create
                ? throw new IOException($"Cannot create shared memory '{name}': it exists and is in use.")
                : Attach(name, file, header.Value, options, path);
        }

        if (header is not null && mode != Mode.Create && options.OpenAbandoned)
        {
            return Attach(name, file, header.Value, options, path);
        }

        if (SegmentFolder.TryRemove(path))
        {
            return mode == Mode.Open ? throw Missing(name, path) : null; // create a new one
        }

        SegmentSpace.Empty(file);
        return mode == Mode.Open ? throw Missing(name, path) : Create(name, file, size, options, handle: null, path);
    }

    private static SharedMemory OpenToRead(string name, string path, MappedFile file, SharedMemoryOptions options)
    {
        SegmentHeader header;
        try
        {
            header = SegmentHeader.Read(file.Handle, name) ?? throw Missing(name, path);
        }
        catch (SharedMemoryFormatException exception) when (exception.Error == SharedMemoryError.NotASegment)
        {
            throw NotOurs(name, path, exception);
        }

        SharedMemory memory = Attach(name, file, header, options, path);
        if (!options.OpenAbandoned && !memory.IsInUse)
        {
            memory.Dispose();
            throw Missing(name, path);
        }

        return memory;
    }

    /// <summary>Creates the segment in a file that is empty. The caller holds the creation lock.</summary>
    private static SharedMemory Create(
        string name, MappedFile file, long size, SharedMemoryOptions options, SafeFileHandle? handle, string? path)
    {
        SharedMemory? memory = null;
        try
        {
            long maxSize = Math.Max(size, options.MaxSize ?? size), fileSize = SegmentSpace.GetFileSize(size, maxSize);
            SegmentSpace.Extend(file, 0, SegmentHeader.SlotsAt); // in two pieces, as it also empties: the slots' generations stay
            SegmentSpace.Extend(file, SegmentHeader.SlotsAt, fileSize);
            FaultPoints.Reach(FaultPoint.SizeSet);
            SegmentHeader header = new(
                fileSize, SegmentSpace.GetFileSize(maxSize, maxSize), options.LayoutId, options.LayoutVersion,
                (ulong)Random.Shared.NextInt64(), DateTime.UtcNow.Ticks);
            Span<byte> bytes = stackalloc byte[SegmentHeader.Length];
            bytes.Clear();
            header.WriteTo(bytes);
            RandomAccess.Write(file.Handle, bytes, 0);
            FaultPoints.Reach(FaultPoint.HeaderWritten);
            if (handle is not null)
            {
                SegmentSpace.Seal(handle);
            }

            memory = Attach(name, file, header, options, path, handle);
            memory.Initialize(options.Initialize);
            FaultPoints.Reach(FaultPoint.Initialized);
            Volatile.Write(ref SharedWord.UInt32(memory.Region.DangerousAddress + SegmentHeader.ReadyAt), SegmentHeader.Ready);
            FaultPoints.Reach(FaultPoint.ReadyMarked);
            return memory;
        }
        catch
        {
            if (path is not null && !SegmentFolder.TryRemove(path)) // not ready: no other process has it
            {
                SegmentSpace.Empty(file);
            }

            memory?.Abandon();
            throw;
        }
    }

    private static SharedMemory Attach(
        string name, MappedFile file, SegmentHeader header, SharedMemoryOptions options, string? removeFrom, SafeFileHandle? handle = null)
    {
        if (header.LayoutId != options.LayoutId || header.LayoutVersion != options.LayoutVersion)
        {
            throw new SharedMemoryFormatException(
                SharedMemoryError.OtherLayout, name, 32,
                $"it has layout {header.LayoutId} version {header.LayoutVersion}, not {options.LayoutId} version {options.LayoutVersion}");
        }

        // A region keeps the file that it may grow by open until its pages go, which is long after Dispose. So it gets a handle that does
        // not own the descriptor. Windows keeps a file open as long as it is mapped.
        MappedFile mapped = OperatingSystem.IsWindows() ? file : MappedFile.FromHandle(
            new SafeFileHandle(file.Handle.DangerousGetHandle(), ownsHandle: false),
            options.ReadOnly ? FileAccess.Read : FileAccess.ReadWrite);
        MappedRegion region = mapped.Map(0, header.FileSize, new MapOptions
        {
            Reserve = header.MaxFileSize > header.FileSize ? header.MaxFileSize : 0,
        });
        try
        {
            ProcessSlots slots = new(file, region);
            if (!options.ReadOnly)
            {
                slots.Claim();
            }

            return new SharedMemory(name, file, mapped, region, slots, header, options, removeFrom, handle);
        }
        catch
        {
            region.Dispose();
            mapped.Dispose();
            throw;
        }
    }

    public static bool IsStillThere(string path, MappedFile file)
    {
        try
        {
            FileIdentity there = MappedFile.GetIdentity(path), ours = file.Identity;
            return there.Device == ours.Device && there.FileId == ours.FileId;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    /// <summary>What is left of the timeout; zero when it has passed.</summary>
    private static TimeSpan TimeLeft(long start, SharedMemoryOptions options)
    {
        TimeSpan timeout = options.OpenTimeout, elapsed = Stopwatch.GetElapsedTime(start);
        return timeout == Timeout.InfiniteTimeSpan ? timeout : elapsed < timeout ? timeout - elapsed : TimeSpan.Zero;
    }

    /// <summary>Opens the file; waits a moment for one that was just created and has not got its rights yet.</summary>
    private static MappedFile? TryOpen(string path, SharedMemoryOptions options, long start)
    {
        while (true)
        {
            try
            {
                return SegmentFolder.TryOpen(path, options);
            }
            catch (UnauthorizedAccessException) when (
                options.Access != SharedMemoryAccess.Owner && Stopwatch.GetElapsedTime(start) < RightsTimeout
                && SegmentFolder.IsBeingCreated(path))
            {
                CancellationToken.None.WaitHandle.WaitOne(1);
            }
        }
    }

    private static MappedFile? TryOpenDescriptor(string path, bool readOnly)
    {
        try
        {
            return MappedFile.Open(path, new MappedFileOptions { Access = readOnly ? FileAccess.Read : FileAccess.ReadWrite });
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static FileNotFoundException Missing(string name, string path) => new($"There is no shared memory '{name}' in use.", path);
}
