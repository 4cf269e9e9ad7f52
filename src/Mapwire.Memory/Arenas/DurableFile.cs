using Mapwire.Memory.Native.Arenas;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Arenas;

/// <summary>A file that is written and synced in an order that matters. All durable writes of the library go through here.</summary>
internal sealed class DurableFile(SafeFileHandle handle, string path)
{
    private bool _failed;

    /// <summary>Told of each step after it is done: for tests.</summary>
    public static Action<DurableStep>? Observer { get; set; }

    public string Path => path;

    public long Length => RandomAccess.GetLength(handle);

    /// <summary>Returns when the device has the names of the files in a file's folder, new and removed.</summary>
    public static void SyncFolderOf(string path)
    {
        DeviceSync.FolderOf(path);
        Observer?.Invoke(new DurableStep(path, DurableStep.FolderSync, []));
    }

    /// <summary>Removes a file's name. It may come back with a loss of power.</summary>
    public static void Remove(string path)
    {
        File.Delete(path);
        Observer?.Invoke(new DurableStep(path, DurableStep.Removal, []));
    }

    public int Read(long offset, Span<byte> bytes)
    {
        int done = 0;
        for (int got; done < bytes.Length && (got = RandomAccess.Read(handle, bytes[done..], offset + done)) > 0;)
        {
            done += got;
        }

        return done;
    }

    /// <exception cref="IOException">The device is full or fails.</exception>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        RequireGood();
        RandomAccess.Write(handle, bytes, offset);
        Observer?.Invoke(new DurableStep(path, offset, bytes.ToArray()));
    }

    /// <exception cref="IOException">The device is full or fails.</exception>
    public void SetLength(long length)
    {
        RequireGood();
        RandomAccess.SetLength(handle, length);
        Observer?.Invoke(new DurableStep(path, DurableStep.Length, BitConverter.GetBytes(length)));
    }

    /// <summary>Returns when the device has all that was written before.</summary>
    /// <exception cref="IOException">The device fails. The file is not written to again by this object: nobody knows what is there.</exception>
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

        Observer?.Invoke(new DurableStep(path, DurableStep.Sync, []));
    }

    private void RequireGood()
    {
        if (_failed)
        {
            throw new IOException($"An earlier sync of '{path}' failed: open it anew to see what is there.");
        }
    }
}
