using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Mapwire.Memory;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Catalog;

/// <summary>The bytes of a stored index.</summary>
/// <remarks>
/// Little endian: <c>magic(64) | version(32) | crc32c of all that follows(32) | device(64) | file id(128) | length(64) | last write(64)
/// | duration(64) | start time(64) | end time(64) | may grow(64)</c>, then parts, each as <c>length(32) | bytes</c>: the choice of tracks, entries, sync
/// points, nanoseconds, changes, metadata, lines of tracks left out, and four for each lane: sample header, sequence header, colour
/// information, sequence end. A part that is not there has the length -1; so has the sample header of a lane that is not there.
/// </remarks>
internal static class IndexFile
{
    private const ulong Magic = 0x0050_4952_5453_574D; // "MWSTRIP\0"
    private const int ChecksummedFrom = 16;
    private const int HeaderLength = ChecksummedFrom + (9 * sizeof(ulong));

    /// <summary>The builds that made the index: any other may have read the movie or laid out the strip differently.</summary>
    private static readonly uint Version = Checksum(
        [.. typeof(IndexFile).Module.ModuleVersionId.ToByteArray(), .. typeof(Media.Movie).Module.ModuleVersionId.ToByteArray()]);

    /// <summary>Writes an index with the identity of the file and the choice of its tracks that it describes.</summary>
    public static byte[] Write(TitleIndex index, FileIdentity identity, TrackChoice choice)
    {
        ReadOnlySpan<byte> entries = MemoryMarshal.AsBytes(index.Strip.Entries);
        ArrayBufferWriter<byte> output = new(HeaderLength + entries.Length + (entries.Length / 4) + index.Metadata.Length + 1024);
        Put(output, Magic);
        Put(output, Version);
        Put(output, 0u);
        Put(output, identity.Device);
        Put(output, (ulong)identity.FileId);
        Put(output, (ulong)(identity.FileId >> 64));
        Put(output, (ulong)identity.Length);
        Put(output, (ulong)identity.LastWriteTicks);
        Put(output, (ulong)index.Duration.Ticks);
        Put(output, (ulong)index.Strip.StartTime);
        Put(output, (ulong)index.Strip.EndTime);
        Put(output, index.MayGrow ? 1UL : 0);
        PutPart(output, Encoding.UTF8.GetBytes(choice.Key));
        PutPart(output, entries);
        PutPart(output, MemoryMarshal.AsBytes(index.Strip.SyncPoints));
        PutPart(output, MemoryMarshal.AsBytes(index.Strip.Nanoseconds));
        PutPart(output, index.Codecs.Changes);
        PutPart(output, index.Metadata);
        PutPart(output, Encoding.UTF8.GetBytes(string.Join('\n', index.LeftOut)));
        foreach (TitleLane? lane in index.Codecs.Lanes)
        {
            PutLane(output, lane);
        }

        byte[] bytes = output.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), Checksum(bytes.AsSpan(ChecksummedFrom)));
        return bytes;
    }

    /// <summary>Reads an index back.</summary>
    /// <returns>Null when it is of another version, file state or choice, damaged, or would lead outside the file.</returns>
    public static TitleIndex? Parse(ReadOnlySpan<byte> bytes, FileIdentity identity, TrackChoice choice)
    {
        if (bytes.Length < HeaderLength
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) != Checksum(bytes[ChecksummedFrom..]))
        {
            return null;
        }

        ReadOnlySpan<byte> rest = bytes[ChecksummedFrom..];
        ulong device = Take(ref rest);
        ulong low = Take(ref rest);
        FileIdentity stored = new(device, new UInt128(Take(ref rest), low), (long)Take(ref rest), (long)Take(ref rest));
        TimeSpan duration = TimeSpan.FromTicks((long)Take(ref rest));
        long startTime = (long)Take(ref rest);
        long endTime = (long)Take(ref rest);
        bool mayGrow = Take(ref rest) != 0;
        string key = Encoding.UTF8.GetString(TakePart(ref rest, out _));
        StripEntry[] entries = MemoryMarshal.Cast<byte, StripEntry>(TakePart(ref rest, out _)).ToArray();
        int[] syncPoints = MemoryMarshal.Cast<byte, int>(TakePart(ref rest, out _)).ToArray();
        int[] nanoseconds = MemoryMarshal.Cast<byte, int>(TakePart(ref rest, out _)).ToArray();
        ReadOnlySpan<byte> changes = TakePart(ref rest, out _);
        byte[] metadata = TakePart(ref rest, out _).ToArray();
        string leftOut = Encoding.UTF8.GetString(TakePart(ref rest, out bool isWhole));
        ImmutableArray<TitleLane?>.Builder lanes = ImmutableArray.CreateBuilder<TitleLane?>();
        while (isWhole && !rest.IsEmpty)
        {
            isWhole = TryTakeLane(ref rest, out TitleLane? lane);
            lanes.Add(lane);
        }

        return isWhole && stored == identity && key == choice.Key
            && (nanoseconds.Length == 0 || nanoseconds.Length == entries.Length)
            && IsInside(entries, syncPoints, identity.Length, changes.Length, lanes)
            ? new TitleIndex(
                new Strip(entries, syncPoints, nanoseconds, startTime, endTime),
                new TitleCodecs(lanes.ToImmutable(), changes),
                metadata,
                duration,
                leftOut.Split('\n', StringSplitOptions.RemoveEmptyEntries),
                mayGrow)
            : null;
    }

    /// <summary>Whether every sample lies in the file and every sync point in the strip: nothing else may ever be sent.</summary>
    private static bool IsInside(
        ReadOnlySpan<StripEntry> entries, ReadOnlySpan<int> syncPoints, long fileLength, long changesLength, ImmutableArray<TitleLane?>.Builder lanes)
    {
        foreach (ref readonly StripEntry entry in entries)
        {
            if (entry.Offset + entry.Size > (entry.IsChange ? changesLength : fileLength) || entry.Lane >= lanes.Count || lanes[entry.Lane] is null)
            {
                return false;
            }
        }

        foreach (int point in syncPoints)
        {
            if ((uint)point >= (uint)entries.Length)
            {
                return false;
            }
        }

        return entries.Length > 0 && syncPoints.Length > 0;
    }

    private static void PutLane(ArrayBufferWriter<byte> output, TitleLane? lane)
    {
        Span<byte> header = stackalloc byte[SampleHeader.StoredLength];
        lane?.Header.WriteTo(header);
        PutPart(output, lane is null ? null : header.ToArray());
        PutPart(output, lane?.SequenceHeader);
        PutPart(output, lane?.ColorInfo);
        PutPart(output, lane?.SequenceEnd);
    }

    private static bool TryTakeLane(ref ReadOnlySpan<byte> rest, out TitleLane? lane)
    {
        byte[]? header = TakeOptional(ref rest, out _);
        byte[]? sequenceHeader = TakeOptional(ref rest, out _);
        byte[]? colorInfo = TakeOptional(ref rest, out _);
        byte[]? sequenceEnd = TakeOptional(ref rest, out bool isWhole);
        bool isSound = isWhole && header is null or { Length: SampleHeader.StoredLength };
        lane = isSound && header is not null ? new TitleLane(SampleHeader.Read(header), sequenceHeader, colorInfo, sequenceEnd) : null;
        return isSound;
    }

    private static void PutPart(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> part)
    {
        Put(output, (uint)part.Length);
        output.Write(part);
    }

    private static void PutPart(ArrayBufferWriter<byte> output, byte[]? part)
    {
        Put(output, (uint)(part?.Length ?? -1));
        output.Write(part);
    }

    private static byte[]? TakeOptional(ref ReadOnlySpan<byte> rest, out bool isWhole)
    {
        bool isAbsent = rest.Length >= sizeof(int) && BinaryPrimitives.ReadInt32LittleEndian(rest) < 0;
        ReadOnlySpan<byte> part = TakePart(ref rest, out isWhole);
        return isAbsent ? null : part.ToArray();
    }

    /// <summary>The next part; where it is not whole, nothing more is.</summary>
    private static ReadOnlySpan<byte> TakePart(ref ReadOnlySpan<byte> rest, out bool isWhole)
    {
        int length = rest.Length < sizeof(int) ? int.MaxValue : Math.Max(0, BinaryPrimitives.ReadInt32LittleEndian(rest));
        isWhole = length <= rest.Length - sizeof(int);
        if (!isWhole)
        {
            rest = [];
            return [];
        }

        ReadOnlySpan<byte> part = rest.Slice(sizeof(int), length);
        rest = rest[(sizeof(int) + length)..];
        return part;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte b in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    private static ulong Take(ref ReadOnlySpan<byte> rest)
    {
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(rest);
        rest = rest[sizeof(ulong)..];
        return value;
    }

    private static void Put(ArrayBufferWriter<byte> output, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(sizeof(ulong)), value);
        output.Advance(sizeof(ulong));
    }

    private static void Put(ArrayBufferWriter<byte> output, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(sizeof(uint)), value);
        output.Advance(sizeof(uint));
    }
}
