using System.Buffers.Binary;
using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>Reads the log of an arena that was not closed, of this and of the first format version. It changes no file.</summary>
internal sealed class CommitReplay : IDisposable
{
    private const int Page = CommitRecord.Page;

    /// <summary>"MWALOG01" (8) | log id (8) | CRC-32C of these (4)</summary>
    private static readonly FileHeader FirstHeader = new(0x3130474f4c41574d, 0, 16);

    private readonly string _arena;
    private readonly MappedFile _file;
    private readonly DurableFile _log;
    private readonly ulong? _salt;

    private CommitReplay(string arena, MappedFile file, DurabilitySettings settings, ulong? salt)
    {
        _arena = arena;
        _file = file;
        _log = new DurableFile(file.Handle, file.Path, settings.Recorder);
        _salt = salt;
    }

    /// <summary>The path of the log of an arena of a format version.</summary>
    public static string PathOf(string arena, uint version) =>
        version == ArenaHeader.FirstVersion ? arena + ".log" : CommitLog.PathOf(arena);

    /// <summary>Opens the log that an arena's file names.</summary>
    /// <param name="arena">The arena's path.</param>
    /// <param name="version">Its format version.</param>
    /// <param name="id">The id of the log that belongs to it.</param>
    /// <param name="settings">The recorder.</param>
    /// <exception cref="ArenaFormatException">There is no such log.</exception>
    public static CommitReplay Open(string arena, uint version, ulong id, DurabilitySettings settings)
    {
        string path = PathOf(arena, version);
        if (!File.Exists(path))
        {
            throw Missing(arena, path, "does not exist");
        }

        bool first = version == ArenaHeader.FirstVersion;
        CommitReplay replay = new(arena, MappedFile.Open(path), settings, first ? null : id);
        FileHeader format = first ? FirstHeader : CommitLog.Header;
        Span<byte> header = stackalloc byte[format.Bytes];
        if (format.Judge(header[..replay._log.Read(0, header)]) != HeaderVerdict.Intact
            || BinaryPrimitives.ReadUInt64LittleEndian(header[8..]) != id)
        {
            replay.Dispose();
            throw Missing(arena, path, $"is not log {id:x16}");
        }

        return replay;
    }

    /// <summary>Goes through the commits that the arena's file may lack, oldest first, each one checked whole before.</summary>
    /// <param name="applied">The last commit that the arena's file has.</param>
    /// <param name="arenaLength">The length of the arena's file in bytes.</param>
    /// <param name="apply">Called with each of their ranges.</param>
    /// <returns>The last commit.</returns>
    /// <exception cref="ArenaFormatException">A commit reaches outside the arena.</exception>
    public ulong Run(ulong applied, long arenaLength, Action<long, ReadOnlySpan<byte>> apply)
    {
        long length = _log.Length;
        for (long at = Page; TryRead(at, length, applied + 1, out byte[] record); at += (record.Length + Page - 1L) / Page * Page)
        {
            Check(record, arenaLength);
            Apply(record, arenaLength, apply);
            applied++;
        }

        return applied;
    }

    /// <summary>Closes and removes the log: it was checked to be this arena's, and the arena's file has everything.</summary>
    public void Remove()
    {
        FileIdentity identity = _file.Identity;
        _file.Dispose();
        _log.Remove(identity);
    }

    public void Dispose() => _file.Dispose();

    private bool TryRead(long at, long length, ulong sequence, out byte[] record)
    {
        record = [];
        Span<byte> header = stackalloc byte[CommitRecord.HeaderBytes];
        if (_log.Read(at, header) < header.Length || BinaryPrimitives.ReadUInt64LittleEndian(header) != CommitRecord.Mark
            || BinaryPrimitives.ReadUInt64LittleEndian(header[8..]) != sequence)
        {
            return false;
        }

        ulong bytes = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        uint ranges = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
        if (bytes > (ulong)(length - at - header.Length) || bytes > CommitRecord.MaxBytes - CommitRecord.HeaderBytes
            || (ulong)ranges * CommitRecord.RangeBytes > bytes)
        {
            return false;
        }

        record = new byte[CommitRecord.HeaderBytes + (int)bytes];
        return _log.Read(at, record) == record.Length
            && CommitRecord.ChecksumOf(record, _salt) == BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(CommitRecord.ChecksumAt));
    }

    /// <summary>All ranges of a record, before any of them is applied. Logs of before logged the last line whole, even where the arena
    /// ends in the middle of it.</summary>
    private void Check(byte[] record, long arenaLength)
    {
        long left = record.Length - CommitRecord.HeaderBytes;
        for (int i = 0; i < RangesOf(record); i++)
        {
            (long offset, long length) = RangeOf(record, i);
            left -= CommitRecord.RangeBytes + Math.Max(length, 0);
            bool isInHeap = offset >= ArenaHeader.HeapAt && offset <= arenaLength && length < arenaLength - offset + ChangedLines.Line;
            bool isInFirstPage = offset >= 0 && offset <= ArenaHeader.ProgressAt && length <= ArenaHeader.ProgressAt - offset;
            if (length < 0 || left < 0 || !(isInHeap || isInFirstPage))
            {
                throw new ArenaFormatException(
                    ArenaError.Damaged, _file.Path, CommitRecord.HeaderBytes + (i * CommitRecord.RangeBytes),
                    $"a commit of {length} bytes at {offset} reaches outside the arena '{_arena}' ({arenaLength} bytes)");
            }
        }
    }

    private static void Apply(byte[] record, long arenaLength, Action<long, ReadOnlySpan<byte>> apply)
    {
        int at = CommitRecord.HeaderBytes + (RangesOf(record) * CommitRecord.RangeBytes);
        for (int i = 0; i < RangesOf(record); i++)
        {
            (long offset, long length) = RangeOf(record, i);
            apply(offset, record.AsSpan(at, (int)Math.Min(length, arenaLength - offset)));
            at += (int)length;
        }
    }

    private static int RangesOf(byte[] record) => BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(24));

    private static (long Offset, long Length) RangeOf(byte[] record, int index)
    {
        ReadOnlySpan<byte> entry = record.AsSpan(CommitRecord.HeaderBytes + (index * CommitRecord.RangeBytes));
        return (BinaryPrimitives.ReadInt64LittleEndian(entry), BinaryPrimitives.ReadInt64LittleEndian(entry[8..]));
    }

    private static ArenaFormatException Missing(string arena, string path, string why) =>
        new(ArenaError.LogMissing, arena, ArenaHeader.ProgressAt, $"its last commits are in '{path}', which {why}");
}
