using Mapwire.Memory.Native.Arenas;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Arenas;

/// <summary>A file that is written and synced in an order that matters. All durable writes of the library go through here.</summary>
/// <param name="handle">The open file.</param>
/// <param name="path">The path it was opened by.</param>
/// <param name="recorder">Told of each step after it is done, or null.</param>
internal sealed class DurableFile(SafeFileHandle handle, string path, Action<DurableStep>? recorder)
{
    private bool _failed;

    /// <summary>The path the file was opened by.</summary>
    public string Path => path;

    /// <summary>The length of the file in bytes.</summary>
    public long Length => RandomAccess.GetLength(handle);

    /// <summary>Reads bytes.</summary>
    /// <returns>The number of bytes read; fewer than asked for only at the end of the file.</returns>
    public int Read(long offset, Span<byte> bytes)
    {
        int done = 0;
        for (int got; done < bytes.Length && (got = RandomAccess.Read(handle, bytes[done..], offset + done)) > 0;)
        {
            done += got;
        }

        return done;
    }

    /// <summary>Writes bytes, not yet to the device.</summary>
    /// <exception cref="IOException">The device is full or fails.</exception>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        RequireGood();
        RandomAccess.Write(handle, bytes, offset);
        recorder?.Invoke(new DurableStep(path, offset, bytes.ToArray()));
    }

    /// <summary>Sets the length in bytes.</summary>
    /// <exception cref="IOException">The device is full or fails.</exception>
    public void SetLength(long length)
    {
        RequireGood();
        RandomAccess.SetLength(handle, length);
        recorder?.Invoke(new DurableStep(path, DurableStep.Length, BitConverter.GetBytes(length)));
    }

    /// <summary>Returns when the device has all that was written before.</summary>
    /// <exception cref="IOException">The device fails. The file is not written to again by this object: its content is unknown.</exception>
    public void Sync()
    {
        RequireGood();
        try
        {
            DeviceSync.File(handle);
        }
        catch
        {
            _failed = true; // the system may have dropped the pages, and a second sync would find nothing to do
            throw;
        }

        recorder?.Invoke(new DurableStep(path, DurableStep.Sync, []));
    }

    /// <summary>Returns when the device has the names in the file's folder, new and removed.</summary>
    public void SyncFolder()
    {
        DeviceSync.FolderOf(path);
        recorder?.Invoke(new DurableStep(path, DurableStep.FolderSync, []));
    }

    /// <summary>Removes the file's name, if it still names this file. It may come back with a loss of power.</summary>
    /// <param name="identity">The identity of the open file.</param>
    public void Remove(FileIdentity identity)
    {
        try
        {
            FileIdentity named = MappedFile.GetIdentity(path);
            if (named.Device != identity.Device || named.FileId != identity.FileId)
            {
                return; // replaced meanwhile: not ours to remove
            }
        }
        catch (FileNotFoundException)
        {
            return;
        }

        File.Delete(path);
        recorder?.Invoke(new DurableStep(path, DurableStep.Removal, []));
    }

    private void RequireGood()
    {
        if (_failed)
        {
            throw new IOException($"An earlier sync of '{path}' failed: reopen it to see what is there.");
        }
    }
}

/// <summary>A write, sync or removal of a file that has to survive a loss of power; tests replay it in part.</summary>
/// <param name="Path">The file.</param>
/// <param name="Offset">The byte offset of a write, or one of the constants for something else.</param>
/// <param name="Bytes">The bytes written; for a new length its 8 bytes.</param>
internal readonly record struct DurableStep(string Path, long Offset, byte[] Bytes)
{
    public const long Sync = -1;
    public const long Length = -2;
    public const long FolderSync = -3;
    public const long Removal = -4;
}

/// <summary>What tests of durable files set: the defaults are those of every program.</summary>
internal sealed record DurabilitySettings
{
    public static DurabilitySettings Default { get; } = new();

    /// <summary>The initial length of a commit log in bytes, and the length at which it is reused from its start. Default 1 MiB: a
    /// checkpoint every few hundred small commits.</summary>
    public int LogLength { get; init; } = 1 << 20;

    /// <summary>Told of each durable step after it is done; null for no recorder.</summary>
    public Action<DurableStep>? Recorder { get; init; }
}
