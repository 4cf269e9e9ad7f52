using System.Diagnostics;
using Mapwire.Memory.Native.Sharing;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Sharing;

/// <summary>Makes and opens segments so that a race of any number of processes, any of which may die anywhere, ends with one
/// correct segment.</summary>
/// <remarks>
/// An empty file under the name is only an invitation: whoever holds its creation lock and finds it empty and still under its name
/// sizes it, writes the header, lets the caller fill it, and sets the ready mark last. A file that is not ready and not empty was
/// its maker's who died; one that is ready and has no living user is a leftover. Both are unlinked, never made anew in place:
/// somebody may still look at them.
/// </remarks>
internal static class SegmentOpening
{
    public enum Mode { Create, Open, CreateOrOpen }

    public static SharedMemory Open(string name, Mode mode, long size, SharedMemoryOptions options)
    {
        string path = SegmentFolder.FileOf(name, options, make: mode != Mode.Open);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            MappedFile? file = TryOpen(path, options.ReadOnly);
            if (file is null)
            {
                if (mode == Mode.Open)
                {
                    throw Missing(name, path);
                }

                if (SegmentFolder.TryMake(path, options.Access))
                {
                    FaultPoints.Reach(FaultPoint.FileMade);
                }

                file = TryOpen(path, readOnly: false);
            }

            try
            {
                if (file is not null
                    && (options.ReadOnly ? OpenToRead(name, file, options) : OpenLocked(name, path, file, mode, size, options, start)) is SharedMemory memory)
                {
                    file = null; // the segment's own
                    return memory;
                }
            }
            finally
            {
                file?.Dispose();
            }

            if (Stopwatch.GetElapsedTime(start) > options.OpenTimeout)
            {
                throw new TimeoutException($"Shared memory '{name}' was made and removed by others all the time.");
            }
        }
    }

    public static SharedMemory Anonymous(SafeFileHandle handle, string path, long size, SharedMemoryOptions options)
    {
        MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
        try
        {
            using RangeLock? creation = ProcessSlots.TryCreationLock(file, options.OpenTimeout);
            return Make(path, file, size, options, creation!, handle);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public static SharedMemory OpenAnonymous(string path, SharedMemoryOptions options)
    {
        MappedFile file = TryOpen(path, options.ReadOnly) ?? throw Missing(path, path);
        try
        {
            using RangeLock? creation = options.ReadOnly ? null
                : ProcessSlots.TryCreationLock(file, options.OpenTimeout) ?? throw Busy(path);
            SegmentHeader header = SegmentHeader.Read(file.Handle, path) ?? throw Missing(path, path);
            return Attach(path, file, header, options, removeFrom: null);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public static TimeoutException Busy(string name) =>
        new($"Shared memory '{name}' is being made, opened or grown by another process, which does not get on.");

    /// <summary>A leftover goes. The caller holds the creation lock.</summary>
    public static void RemoveIfUnused(string path, MappedFile file, ProcessSlots slots)
    {
        if (IsStillThere(path, file) && !slots.IsInUse())
        {
            SegmentFolder.Remove(path);
        }
    }

    private static SharedMemory? OpenLocked(
        string name, string path, MappedFile file, Mode mode, long size, SharedMemoryOptions options, long start)
    {
        TimeSpan left = options.OpenTimeout - Stopwatch.GetElapsedTime(start);
        RangeLock? held;
        try
        {
            held = ProcessSlots.TryCreationLock(file, left);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException && !IsStillThere(path, file))
        {
            return null; // Windows opens a file once more to lock it, and this one was removed meanwhile: look again
        }

        using RangeLock creation = held ?? throw Busy(name);
        FaultPoints.Reach(FaultPoint.CreationLocked);
        if (!IsStillThere(path, file))
        {
            return null; // removed while we waited: look again
        }

        if (RandomAccess.GetLength(file.Handle) == 0)
        {
            return mode == Mode.Open ? throw Missing(name, path) : Make(name, file, size, options, creation, handle: null, path);
        }

        // Under the lock nobody is making it: not ready means that its maker died. Damage is left for people to look at.
        SegmentHeader? header = SegmentHeader.Read(file.Handle, name);
        bool inUse = header is not null && IsInUse(file);
        if (inUse && mode == Mode.Create)
        {
            throw new IOException($"There is shared memory '{name}' already, and it is in use.");
        }

        if (inUse || (header is not null && mode != Mode.Create && options.OpenLeftover))
        {
            return Attach(name, file, header!.Value, options, path);
        }

        SegmentFolder.Remove(path);
        return mode == Mode.Open ? throw Missing(name, path) : null; // make a new one
    }

    private static SharedMemory OpenToRead(string name, MappedFile file, SharedMemoryOptions options)
    {
        SegmentHeader header = SegmentHeader.Read(file.Handle, name) ?? throw Missing(name, file.Path);
        SharedMemory memory = Attach(name, file, header, options, removeFrom: null);
        if (!options.OpenLeftover && !memory.IsInUse)
        {
            memory.Dispose();
            throw Missing(name, file.Path);
        }

        return memory;
    }

    private static SharedMemory Make(
        string name, MappedFile file, long size, SharedMemoryOptions options, RangeLock creation, SafeFileHandle? handle, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(creation);
        long fileSize = checked(SegmentHeader.UserAt + size);
        SegmentSpace.Extend(file, 0, fileSize);
        FaultPoints.Reach(FaultPoint.SizeSet);
        SegmentHeader header = new(
            fileSize, checked(SegmentHeader.UserAt + Math.Max(size, options.MaxSize ?? size)), options.LayoutId, options.LayoutVersion,
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

        SharedMemory memory = Attach(name, file, header, options, path, handle);
        try
        {
            memory.MarkCreated();
            options.Initialize?.Invoke(memory);
            FaultPoints.Reach(FaultPoint.Initialized);
            Volatile.Write(ref SharedWord.UInt32(memory.Region.DangerousAddress + SegmentHeader.ReadyAt), SegmentHeader.Ready);
            FaultPoints.Reach(FaultPoint.ReadyMarked);
            return memory;
        }
        catch
        {
            memory.Abandon();
            if (path is not null)
            {
                SegmentFolder.Remove(path); // not ready: nobody else has it
            }

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

        MappedRegion region = file.Map(0, header.FileSize, new MapOptions
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

            return new SharedMemory(name, file, region, slots, header, options, removeFrom, handle);
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    private static bool IsInUse(MappedFile file)
    {
        using MappedRegion region = file.Map(0, SegmentHeader.UserAt);
        return new ProcessSlots(file, region).IsInUse();
    }

    private static bool IsStillThere(string path, MappedFile file)
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

    private static MappedFile? TryOpen(string path, bool readOnly)
    {
        try
        {
            return MappedFile.Open(path, new MappedFileOptions { Access = readOnly ? FileAccess.Read : FileAccess.ReadWrite });
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static FileNotFoundException Missing(string name, string path) => new($"There is no shared memory '{name}' in use.", path);
}
