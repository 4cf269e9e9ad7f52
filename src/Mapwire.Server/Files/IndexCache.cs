using System.Buffers.Binary;
using Mapwire.Memory;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Files;

/// <summary>
/// The structure of recordings kept between runs, a file each, so that a restart does not go through every recording again to open it. A
/// cache: what is missing, old or damaged is read from the recording, and what cannot be written is left out.
/// </summary>
/// <remarks>
/// A file is <c>magic(64) | crc32c of all that follows(32) | zero(32) | device(64) | file id(128) | length(64) | last write(64)</c>, little
/// endian, and the records of a <see cref="FileStructure"/>.
/// </remarks>
internal sealed class IndexCache
{
    private const ulong Magic = 0x3152_5453_574D_0000; // "\0\0MWSTR1"
    private const int ChecksummedFrom = 16;
    private const int HeaderLength = ChecksummedFrom + (5 * sizeof(ulong));

    private readonly CacheFolder _folder;
    private readonly long _maxBytes;
    private readonly ILogger _log;
    private long _storedSinceTrim = long.MaxValue / 2; // the first store looks at what earlier runs left

    /// <param name="folder">Where the files are.</param>
    /// <param name="maxBytes">The most that the files may take; the oldest go first.</param>
    /// <param name="log">Faults of the cache are told here, never to players.</param>
    public IndexCache(CacheFolder folder, long maxBytes, ILogger log)
    {
        _folder = folder;
        _maxBytes = maxBytes;
        _log = log;
    }

    /// <summary>The structure that was stored for a file in this very state; empty when there is none that is sound.</summary>
    public ReadOnlyMemory<byte> Find(FileIdentity identity)
    {
        try
        {
            using MappedFile file = MappedFile.Open(PathOf(identity));
            if (file.Length > _maxBytes)
            {
                return default;
            }

            using MappedRegion region = file.Map();
            byte[] bytes = GC.AllocateUninitializedArray<byte>((int)region.Length);
            return region.TryRead(0, bytes) ? Parse(bytes, identity) : default;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return default;
        }
    }

    /// <summary>Keeps a structure. A reader sees the old file or the new one, never a part.</summary>
    public void Store(FileIdentity identity, ReadOnlySpan<byte> structure)
    {
        if (HeaderLength + (long)structure.Length > _maxBytes)
        {
            return;
        }

        byte[] bytes = Format(identity, structure);
        try
        {
            _folder.Write(Path.GetFileName(PathOf(identity)), bytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.IndexNotStored(_log, exception.Message);
        }

        if (Interlocked.Add(ref _storedSinceTrim, bytes.Length) > _maxBytes / 16)
        {
            Interlocked.Exchange(ref _storedSinceTrim, 0);
            Trim();
        }
    }

    /// <summary>Forgets what was stored for a file, in whatever state.</summary>
    public void Remove(FileIdentity identity) => _folder.Remove(Path.GetFileName(PathOf(identity)));

    /// <summary>The bytes of a stored file.</summary>
    internal static byte[] Format(FileIdentity identity, ReadOnlySpan<byte> structure)
    {
        byte[] bytes = new byte[HeaderLength + structure.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), identity.Device);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes.AsSpan(24), identity.FileId);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), identity.Length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(48), identity.LastWriteTicks);
        structure.CopyTo(bytes.AsSpan(HeaderLength));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Crc32C.Of(bytes.AsSpan(ChecksummedFrom)));
        return bytes;
    }

    /// <summary>The structure in a stored file; empty when it is of another file or state, or damaged.</summary>
    internal static ReadOnlyMemory<byte> Parse(ReadOnlyMemory<byte> stored, FileIdentity identity)
    {
        ReadOnlySpan<byte> bytes = stored.Span;
        bool isSound = bytes.Length > HeaderLength
            && BinaryPrimitives.ReadUInt64LittleEndian(bytes) == Magic
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) == 0
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) == Crc32C.Of(bytes[ChecksummedFrom..])
            && BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]) == identity.Device
            && BinaryPrimitives.ReadUInt128LittleEndian(bytes[24..]) == identity.FileId
            && BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]) == identity.Length
            && BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]) == identity.LastWriteTicks;
        return isSound ? stored[HeaderLength..] : default;
    }

    private string PathOf(FileIdentity identity)
    {
        Span<byte> key = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64BigEndian(key, identity.Device);
        BinaryPrimitives.WriteUInt128BigEndian(key[8..], identity.FileId);
        return _folder.PathOf(Convert.ToHexStringLower(key) + CacheFolder.Extension);
    }

    private void Trim()
    {
        try
        {
            _folder.Trim(_maxBytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.IndexNotStored(_log, exception.Message);
        }
    }
}
