using System.Buffers.Binary;

namespace Mapwire.Memory.Arenas;

/// <summary>The file beside an arena that gets each commit first. Synced, it is what survives; the arena's file is written after it.</summary>
/// <remarks>
/// <code>
///    0 mark (8) | id (8) | CRC-32C of these (4)
/// 4096 records, each from a multiple of 4096 on:
///      mark (8) | sequence (8) | bytes behind this header (8) | ranges (4) | CRC-32C of all of it but this (4)
///      for each range its offset in the arena (8) and length (8), then the bytes of all
/// </code>
/// Sequences go up by one. The record that is looked for first is the one behind what the arena's file is known to have, so what is left
/// of older records is never taken for a new one. No two records share a page: writing one cannot tear another.
/// </remarks>
internal sealed class CommitLog : IDisposable
{
    private const ulong FileMark = 0x3130474f4c41574d; // "MWALOG01"
    private const ulong RecordMark = 0x3130434552574d; // "MWREC01"
    private const int Page = 4096;
    private const int HeaderBytes = 32;
    private const int RangeBytes = 16;
    private const int LongestKept = 16 << 20;

    private readonly MappedFile _file;
    private readonly DurableFile _log;
    private readonly byte[] _buffer = new byte[64 * Page];
    private long _end = Page;

    private CommitLog(MappedFile file)
    {
        _file = file;
        _log = new DurableFile(file.Handle, file.Path);
    }

    /// <summary>Bytes that it has from the beginning, and begins anew after. Tests have small ones.</summary>
    public static int UsualLength { get; set; } = 1 << 20;

    /// <summary>Whether it is time to bring the arena's file up to date and begin at the start again.</summary>
    public bool IsFull => _end >= UsualLength;

    /// <summary>The file of an arena's log.</summary>
    public static string PathOf(string arena) => arena + ".log";

    /// <summary>Makes an empty log in place of an old one that nobody needs. It is on the device when this returns.</summary>
    public static CommitLog Make(string arena, ulong id)
    {
        CommitLog log = new(MappedFile.Create(PathOf(arena), 0));
        try
        {
            Span<byte> page = log._buffer.AsSpan(0, Page);
            BinaryPrimitives.WriteUInt64LittleEndian(page, FileMark);
            BinaryPrimitives.WriteUInt64LittleEndian(page[8..], id);
            BinaryPrimitives.WriteUInt32LittleEndian(page[16..], Checksums.Of(page[..16]));
            log._log.Write(0, page);
            page.Clear();
            for (int at = Page; at < UsualLength; at += log._buffer.Length)
            {
                log._log.Write(at, log._buffer.AsSpan(0, Math.Min(log._buffer.Length, UsualLength - at))); // so that a commit changes no metadata
            }

            log._log.Sync();
            DurableFile.SyncFolderOf(arena);
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Goes through the commits that the arena's file may lack, oldest first, each one checked whole before.</summary>
    /// <param name="arena">The arena's file.</param>
    /// <param name="id">The id of the log that belongs to it.</param>
    /// <param name="applied">The last commit that the arena's file has.</param>
    /// <param name="apply">What to do with each of their ranges.</param>
    /// <returns>The last commit.</returns>
    /// <exception cref="ArenaFormatException">There is no such log.</exception>
    public static ulong Replay(string arena, ulong id, ulong applied, Action<long, ReadOnlySpan<byte>> apply)
    {
        if (!File.Exists(PathOf(arena)))
        {
            throw Missing(arena);
        }

        using MappedFile file = MappedFile.Open(PathOf(arena));
        DurableFile log = new(file.Handle, file.Path);
        Span<byte> start = stackalloc byte[20];
        if (log.Read(0, start) < start.Length || BinaryPrimitives.ReadUInt64LittleEndian(start) != FileMark
            || BinaryPrimitives.ReadUInt64LittleEndian(start[8..]) != id
            || BinaryPrimitives.ReadUInt32LittleEndian(start[16..]) != Checksums.Of(start[..16]))
        {
            throw Missing(arena);
        }

        long length = log.Length;
        for (long at = Page; TryRead(log, at, length, applied + 1, out byte[] record); at += (record.Length + Page - 1) / Page * Page)
        {
            Apply(arena, record, apply);
            applied++;
        }

        return applied;
    }

    /// <summary>Writes a commit and waits until the device has it.</summary>
    public void Append(ulong sequence, List<(long Offset, int Length)> ranges, ArenaSpace space)
    {
        long bytes = (long)ranges.Count * RangeBytes;
        foreach ((_, int length) in ranges)
        {
            bytes += length;
        }

        Span<byte> header = stackalloc byte[HeaderBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(header, RecordMark);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], (ulong)bytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], ranges.Count);
        var table = new byte[ranges.Count * RangeBytes];
        for (int i = 0; i < ranges.Count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(table.AsSpan(i * RangeBytes), ranges[i].Offset);
            BinaryPrimitives.WriteInt64LittleEndian(table.AsSpan((i * RangeBytes) + 8), ranges[i].Length);
        }

        uint checksum = Checksums.Of(table, Checksums.Of(header[..28]));
        foreach ((long offset, int length) in ranges)
        {
            checksum = Checksums.Of(space.Bytes(offset, length), checksum);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(header[28..], checksum);

        long at = _end;
        int filled = 0;
        Add(header, ref at, ref filled);
        Add(table, ref at, ref filled);
        foreach ((long offset, int length) in ranges)
        {
            Add(space.Bytes(offset, length), ref at, ref filled);
        }

        int whole = (filled + Page - 1) / Page * Page;
        _buffer.AsSpan(filled, whole - filled).Clear();
        if (whole > 0)
        {
            _log.Write(at, _buffer.AsSpan(0, whole));
        }

        _log.Sync();
        _end = at + whole;
    }

    /// <summary>Begins at the start again. The arena's file has everything, and is known to.</summary>
    public void Restart()
    {
        if (_end > LongestKept)
        {
            _log.SetLength(UsualLength);
        }

        _end = Page;
    }

    /// <summary>Closes it and removes it: the arena's file is known to have everything.</summary>
    public void Remove()
    {
        _file.Dispose();
        DurableFile.Remove(_file.Path);
    }

    public void Dispose() => _file.Dispose();

    private void Add(ReadOnlySpan<byte> bytes, ref long at, ref int filled)
    {
        while (bytes.Length > 0)
        {
            int part = Math.Min(bytes.Length, _buffer.Length - filled);
            bytes[..part].CopyTo(_buffer.AsSpan(filled));
            bytes = bytes[part..];
            filled += part;
            if (filled < _buffer.Length)
            {
                continue;
            }

            _log.Write(at, _buffer);
            at += filled;
            filled = 0;
        }
    }

    private static bool TryRead(DurableFile log, long at, long length, ulong sequence, out byte[] record)
    {
        record = [];
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (log.Read(at, header) < HeaderBytes || BinaryPrimitives.ReadUInt64LittleEndian(header) != RecordMark
            || BinaryPrimitives.ReadUInt64LittleEndian(header[8..]) != sequence)
        {
            return false;
        }

        ulong bytes = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        uint ranges = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
        if (bytes > (ulong)(length - at - HeaderBytes) || bytes > int.MaxValue - Page || (ulong)ranges * RangeBytes > bytes)
        {
            return false;
        }

        record = new byte[HeaderBytes + (int)bytes];
        return log.Read(at, record) == record.Length
            && Checksums.Of(record.AsSpan(HeaderBytes), Checksums.Of(record.AsSpan(0, 28)))
                == BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(28));
    }

    private static void Apply(string arena, byte[] record, Action<long, ReadOnlySpan<byte>> apply)
    {
        int ranges = BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(24)), at = HeaderBytes + (ranges * RangeBytes);
        for (int i = 0; i < ranges; i++)
        {
            long offset = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(HeaderBytes + (i * RangeBytes)));
            long length = BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(HeaderBytes + (i * RangeBytes) + 8));
            if (length < 0 || length > record.Length - at || offset < 0 || offset > SizeClass.Limit
                || (offset < ArenaHeader.HeapAt && offset + length > ArenaHeader.ProgressAt))
            {
                throw new ArenaFormatException(ArenaError.Damaged, CommitLog.PathOf(arena), at, "a commit reaches outside the arena");
            }

            apply(offset, record.AsSpan(at, (int)length));
            at += (int)length;
        }
    }

    private static ArenaFormatException Missing(string arena) =>
        new(ArenaError.LogMissing, arena, ArenaHeader.ProgressAt, $"its last commits are in '{PathOf(arena)}', which is not there or another one");
}
