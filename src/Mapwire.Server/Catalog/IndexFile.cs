using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Mapwire.Media.Flv;
using Mapwire.Memory;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Catalog;

/// <summary>The bytes of a stored index.</summary>
/// <remarks>
/// Little endian, in the order of the fields below:
/// <c>magic(64) | version(32) | crc32c of all that follows(32) | device(64) | file id(128) | length(64) | last write(64)
/// | duration(64) | end time(64) | audio tag header(16) | may grow(16) | six lengths in bytes(32 each) | the six parts: entries, sync points,
/// metadata, video and audio sequence header, lines of tracks left out</c>. A sequence header that is not there has the length -1.
/// </remarks>
internal static class IndexFile
{
    private const ulong Magic = 0x0050_4952_5453_574D; // "MWSTRIP\0"
    private const int ChecksummedFrom = 16;
    private const int HeaderLength = ChecksummedFrom + 8 + 16 + 8 + 8 + 8 + 8 + 2 + 2 + (6 * 4);

    /// <summary>The builds that made the index: any other may have read the movie or laid out the strip differently.</summary>
    private static readonly uint Version = Checksum(
        [.. typeof(IndexFile).Module.ModuleVersionId.ToByteArray(), .. typeof(Media.Movie).Module.ModuleVersionId.ToByteArray()]);


    /// <summary>Writes an index with the identity of the file it describes.</summary>
    public static byte[] Write(TitleIndex index, FileIdentity identity)
    {
        ReadOnlySpan<byte> entries = MemoryMarshal.AsBytes(index.Strip.Entries);
        ReadOnlySpan<byte> syncPoints = MemoryMarshal.AsBytes(index.Strip.SyncPoints);
        byte[] leftOut = Encoding.UTF8.GetBytes(string.Join('\n', index.LeftOut));
        Span<byte> audioTag = stackalloc byte[AudioTagHeader.MaxLength];
        audioTag.Clear();
        index.Codecs.Audio.WriteTo(audioTag);

        ArrayBufferWriter<byte> output = new(HeaderLength + entries.Length + syncPoints.Length + index.Metadata.Length + leftOut.Length + 512);
        Put(output, Magic);
        Put(output, Version);
        Put(output, 0u);
        Put(output, identity.Device);
        Put(output, (ulong)identity.FileId);
        Put(output, (ulong)(identity.FileId >> 64));
        Put(output, (ulong)identity.Length);
        Put(output, (ulong)identity.LastWriteTicks);
        Put(output, (ulong)index.Duration.Ticks);
        Put(output, (ulong)index.Strip.EndTime);
        output.Write(audioTag);
        output.Write<byte>([(byte)(index.MayGrow ? 1 : 0), 0]);
        Put(output, (uint)entries.Length);
        Put(output, (uint)syncPoints.Length);
        Put(output, (uint)index.Metadata.Length);
        Put(output, (uint)(index.Codecs.VideoSequenceHeader?.Length ?? -1));
        Put(output, (uint)(index.Codecs.AudioSequenceHeader?.Length ?? -1));
        Put(output, (uint)leftOut.Length);
        output.Write(entries);
        output.Write(syncPoints);
        output.Write(index.Metadata);
        output.Write(index.Codecs.VideoSequenceHeader);
        output.Write(index.Codecs.AudioSequenceHeader);
        output.Write(leftOut);
        byte[] bytes = output.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), Checksum(bytes.AsSpan(ChecksummedFrom)));
        return bytes;
    }

    /// <summary>Reads an index back.</summary>
    /// <returns>Null when it is of another version or file state, damaged, or would lead outside the file.</returns>
    public static TitleIndex? Parse(ReadOnlySpan<byte> bytes, FileIdentity identity)
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
        long endTime = (long)Take(ref rest);
        if (stored != identity || !AudioTagHeader.TryParse(rest, out AudioTagHeader audioTag))
        {
            return null;
        }

        bool mayGrow = rest[AudioTagHeader.MaxLength] != 0;
        rest = rest[(AudioTagHeader.MaxLength + 2)..];
        Span<int> lengths = stackalloc int[6];
        long total = 0;
        foreach (ref int length in lengths)
        {
            length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            total += Math.Max(length, 0);
            rest = rest[4..];
        }

        if (total != rest.Length)
        {
            return null;
        }

        StripEntry[] entries = MemoryMarshal.Cast<byte, StripEntry>(Part(ref rest, lengths[0])).ToArray();
        int[] syncPoints = MemoryMarshal.Cast<byte, int>(Part(ref rest, lengths[1])).ToArray();
        byte[] metadata = Part(ref rest, lengths[2]).ToArray();
        byte[]? video = lengths[3] < 0 ? null : Part(ref rest, lengths[3]).ToArray();
        byte[]? audio = lengths[4] < 0 ? null : Part(ref rest, lengths[4]).ToArray();
        string leftOut = Encoding.UTF8.GetString(rest);
        return IsInside(entries, syncPoints, identity.Length)
            ? new TitleIndex(
                new Strip(entries, syncPoints, endTime),
                new TitleCodecs(video, audio, audioTag),
                metadata,
                duration,
                leftOut.Split('\n', StringSplitOptions.RemoveEmptyEntries),
                mayGrow)
            : null;
    }

    /// <summary>Whether every sample lies in the file and every sync point in the strip: nothing else may ever be sent.</summary>
    private static bool IsInside(ReadOnlySpan<StripEntry> entries, ReadOnlySpan<int> syncPoints, long fileLength)
    {
        foreach (ref readonly StripEntry entry in entries)
        {
            if (entry.Offset + entry.Size > fileLength)
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

    private static ReadOnlySpan<byte> Part(ref ReadOnlySpan<byte> rest, int length)
    {
        ReadOnlySpan<byte> part = rest[..length];
        rest = rest[length..];
        return part;
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
