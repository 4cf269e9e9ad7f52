using System.Buffers.Binary;
using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>One commit, copied out of the mapping once: the checksum, the log and the arena's file are all of this copy, whatever other
/// threads store into the mapping meanwhile.</summary>
/// <remarks>
/// <code>
///  0 mark (8) | sequence (8) | bytes behind this header (8) | ranges (4) | CRC-32C of the log's id and all of it but this (4)
/// 32 for each range its offset in the arena (8) and length (8), then the bytes of all, then zeros to a multiple of 4096
/// </code>
/// </remarks>
internal sealed class CommitRecord
{
    public const ulong Mark = 0x3130434552574d; // "MWREC01"
    public const int Page = 4096;
    public const int HeaderBytes = 32;
    public const int RangeBytes = 16;
    public const int ChecksumAt = 28;

    /// <summary>The longest record in bytes: an array holds it.</summary>
    public const int MaxBytes = int.MaxValue / Page * Page;

    private const int MaxKept = 1 << 20; // of an array that is used again

    private byte[] _bytes = [];
    private int _length;
    private int _ranges;

    /// <summary>The record, padded to whole pages.</summary>
    public ReadOnlySpan<byte> Padded => _bytes.AsSpan(0, _length);

    /// <summary>The number of ranges in it.</summary>
    public int RangeCount => _ranges;

    /// <summary>Copies ranges of an arena.</summary>
    /// <param name="logId">The id of the log that the record is for.</param>
    /// <param name="sequence">The number of the commit.</param>
    /// <param name="ranges">The ranges that changed.</param>
    /// <param name="space">The arena.</param>
    /// <exception cref="InvalidOperationException">They are more bytes than one commit can have.</exception>
    public void Copy(ulong logId, ulong sequence, List<(long Offset, int Length)> ranges, ArenaSpace space)
    {
        long bytes = (long)ranges.Count * RangeBytes;
        foreach ((_, int length) in ranges)
        {
            bytes += length;
        }

        if (HeaderBytes + bytes > MaxBytes)
        {
            throw new InvalidOperationException(
                $"A commit of {bytes} bytes is too large for arena '{space.Name}': the limit is {MaxBytes - HeaderBytes} bytes. "
                + "Commit more often.");
        }

        int filled = HeaderBytes + (int)bytes;
        _length = (filled + Page - 1) / Page * Page;
        if (_bytes.Length < _length || (_bytes.Length > MaxKept && _length <= MaxKept))
        {
            _bytes = new byte[_length];
        }

        _ranges = ranges.Count;
        Span<byte> record = _bytes.AsSpan(0, _length);
        BinaryPrimitives.WriteUInt64LittleEndian(record, Mark);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], (ulong)bytes);
        BinaryPrimitives.WriteInt32LittleEndian(record[24..], ranges.Count);
        int at = HeaderBytes + (ranges.Count * RangeBytes);
        for (int i = 0; i < ranges.Count; i++)
        {
            (long offset, int length) = ranges[i];
            BinaryPrimitives.WriteInt64LittleEndian(record[(HeaderBytes + (i * RangeBytes))..], offset);
            BinaryPrimitives.WriteInt64LittleEndian(record[(HeaderBytes + (i * RangeBytes) + 8)..], length);
            space.Bytes(offset, length).CopyTo(record[at..]);
            at += length;
        }

        record[filled..].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record[ChecksumAt..], ChecksumOf(record[..filled], logId));
    }

    /// <summary>A range of the arena, as it was copied.</summary>
    public (long Offset, ReadOnlyMemory<byte> Bytes) Range(int index, ref int at)
    {
        ReadOnlySpan<byte> entry = _bytes.AsSpan(HeaderBytes + (index * RangeBytes), RangeBytes);
        if (index == 0)
        {
            at = HeaderBytes + (_ranges * RangeBytes);
        }

        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(entry[8..]);
        ReadOnlyMemory<byte> bytes = _bytes.AsMemory(at, length);
        at += length;
        return (BinaryPrimitives.ReadInt64LittleEndian(entry), bytes);
    }

    /// <summary>Notes the lines of its ranges that are not in the arena as they were copied: stores through references that came while
    /// it was being committed, or after.</summary>
    public void MarkDifferences(ArenaSpace space, ChangedLines changes)
    {
        int at = 0;
        for (int i = 0; i < _ranges; i++)
        {
            (long offset, ReadOnlyMemory<byte> copied) = Range(i, ref at);
            ReadOnlySpan<byte> then = copied.Span, now = space.Bytes(offset, then.Length);
            for (int same = 0; (same += then[same..].CommonPrefixLength(now[same..])) < then.Length;)
            {
                int line = same / ChangedLines.Line * ChangedLines.Line;
                changes.Mark(offset + line, ChangedLines.Line);
                same = Math.Min(line + ChangedLines.Line, then.Length);
            }
        }
    }

    /// <summary>The checksum of a record.</summary>
    /// <param name="record">The record without padding.</param>
    /// <param name="logId">The id of its log, so that what another log left on the same pages of the disk is never taken for one of this
    /// log's; null for records of format version 1, which have no id.</param>
    public static uint ChecksumOf(ReadOnlySpan<byte> record, ulong? logId)
    {
        uint seed = 0;
        if (logId is ulong id)
        {
            Span<byte> salt = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(salt, id);
            seed = Crc32C.Compute(salt);
        }

        return Crc32C.Compute(record[HeaderBytes..], Crc32C.Compute(record[..ChecksumAt], seed));
    }
}
