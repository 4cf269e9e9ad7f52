using System.Buffers.Binary;
using Mapwire.Memory;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Catalog;

/// <summary>
/// Indices of titles kept between runs, a file each, so that a restart does not parse every movie again. A cache: what is missing,
/// old, damaged or of another version is made anew, and what cannot be written is left out.
/// </summary>
internal sealed class IndexCache
{
    private const string Extension = ".strip";

    private readonly string _folder;
    private readonly long _maxBytes;
    private readonly ILogger _log;
    private long _storedSinceTrim = long.MaxValue / 2; // the first store looks at what earlier runs left

    /// <param name="folder">Ours alone; made when it is missing.</param>
    /// <param name="maxBytes">The most that the files may take; the oldest go first.</param>
    /// <param name="log">Faults of the cache are told here, never to players.</param>
    public IndexCache(string folder, long maxBytes, ILogger log)
    {
        _folder = folder;
        _maxBytes = maxBytes;
        _log = log;
    }

    /// <summary>The index that was stored for a file in this very state and this choice of its tracks; null when there is none that is sound.</summary>
    public TitleIndex? Find(FileIdentity identity, TrackChoice choice)
    {
        try
        {
            using MappedFile file = MappedFile.Open(PathOf(identity, choice));
            if (file.Length > _maxBytes)
            {
                return null;
            }

            using MappedRegion region = file.Map();
            byte[] bytes = GC.AllocateUninitializedArray<byte>((int)region.Length);
            return region.TryRead(0, bytes) ? IndexFile.Parse(bytes, identity, choice) : null;
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Keeps an index. A reader sees the old file or the new one, never a part.</summary>
    public void Store(FileIdentity identity, TrackChoice choice, TitleIndex index)
    {
        byte[] bytes = IndexFile.Write(index, identity, choice);
        if (bytes.Length > _maxBytes)
        {
            return;
        }

        try
        {
            MakeFolder();
            string path = PathOf(identity, choice);
            string temporary = $"{path}.{Guid.NewGuid():N}";
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, path, overwrite: true);
            if (Interlocked.Add(ref _storedSinceTrim, bytes.Length) > _maxBytes / 16)
            {
                Interlocked.Exchange(ref _storedSinceTrim, 0);
                Trim();
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Log.IndexNotStored(_log, fault.Message);
        }
    }

    private string PathOf(FileIdentity identity, TrackChoice choice)
    {
        Span<byte> key = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64BigEndian(key, identity.Device);
        BinaryPrimitives.WriteUInt128BigEndian(key[8..], identity.FileId);
        return Path.Combine(_folder, Convert.ToHexStringLower(key) + choice.Key + Extension);
    }

    private void MakeFolder()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(_folder); // below the user's own folder, whose rights it inherits
        }
        else
        {
            Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private void Trim()
    {
        long total = 0;
        foreach (FileInfo file in new DirectoryInfo(_folder).EnumerateFiles().OrderByDescending(static file => file.LastWriteTimeUtc))
        {
            total += file.Length;
            if (total > _maxBytes)
            {
                file.Delete();
            }
        }
    }
}
