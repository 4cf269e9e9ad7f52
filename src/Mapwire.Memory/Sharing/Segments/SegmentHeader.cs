using System.Buffers.Binary;
using Mapwire.Memory.Formats;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Sharing;

/// <summary>The first bytes of a segment's file, in the machine's byte order (the file never leaves the machine).</summary>
/// <remarks>
/// <code>
///   0  magic (8) | 8 version (4) | 12 slots (4) | 16 size of the file that may be used (8, grows) | 24 the most it may become (8)
///  32  layout id (16) | 48 layout version (4) | 52 slots in use so far (4, grows) | 56 segment id (8)
///  64  created, 100 ns ticks UTC (8) | 72 CRC-32C of what does not change (4) | 76 ready mark (4, written last)
/// 128 slots whose processes have async waits, a bit each (64) | 2048 a word (4) for each slot, moved to wake its async waits
/// 4096 slots: generation (4), process id (4) each | 8192 the users' bytes
/// </code>
/// </remarks>
internal readonly record struct SegmentHeader(
    long FileSize, long MaxFileSize, Guid LayoutId, int LayoutVersion, ulong SegmentId, long CreatedTicks)
{
    public const int Length = 80;
    public const int SizeAt = 16;
    public const int UsedSlotsAt = 52;
    public const int ReadyAt = 76;
    public const int AsyncSlotsAt = 128;
    public const int WakeWordsAt = 2048;
    public const int SlotsAt = 4096;
    public const int UserAt = 8192;
    public const uint Ready = 0x52454459;

    private const ulong Magic = 0x31_45_52_49_57_50_41_4d; // "MAPWIRE1"
    private const uint Version = 3;
    private const int ChecksumAt = 72;

    private static readonly FileHeader Header = new(Magic, 0, ChecksumAt)
    {
        MinVersion = Version,
        Version = Version,
        Changing = [(SizeAt, 8), (UsedSlotsAt, 4)],
    };

    /// <summary>Everything but the ready mark.</summary>
    public void WriteTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        Write(bytes[8..], Version);
        Write(bytes[12..], ProcessSlots.Count);
        Write(bytes[SizeAt..], (ulong)FileSize);
        Write(bytes[24..], (ulong)MaxFileSize);
        LayoutId.TryWriteBytes(bytes[32..]);
        Write(bytes[48..], (uint)LayoutVersion);
        Write(bytes[UsedSlotsAt..], 0u);
        Write(bytes[56..], SegmentId);
        Write(bytes[64..], (ulong)CreatedTicks);
        Header.Seal(bytes);
    }

    /// <summary>Reads the header by a call, not through the mapping: a file that another program truncates cannot fault it.</summary>
    /// <returns>Null if the segment is not ready: its creator is at work, or died.</returns>
    /// <exception cref="SharedMemoryFormatException">It is no segment, or a damaged one.</exception>
    public static SegmentHeader? Read(SafeFileHandle file, string name)
    {
        Span<byte> bytes = stackalloc byte[Length];
        bytes.Clear();
        int read = 0;
        for (int more; read < Length && (more = RandomAccess.Read(file, bytes[read..], read)) > 0;)
        {
            read += more;
        }

        return read == 0 ? null : Parse(bytes[..read], RandomAccess.GetLength(file), name);
    }

    public static SegmentHeader? Parse(ReadOnlySpan<byte> bytes, long fileLength, string name)
    {
        bool whole = bytes.Length >= Length;
        bool unwritten = whole && !bytes[..Length].ContainsAnyExcept((byte)0); // its creator died before the header
        HeaderVerdict verdict = whole ? Header.Judge(bytes) : HeaderVerdict.NotThisFormat;
        if (verdict == HeaderVerdict.NotThisFormat && !unwritten)
        {
            throw new SharedMemoryFormatException(
                SharedMemoryError.NotASegment, name, 0, "not a segment: the magic number is missing or the file is too short");
        }

        if (UInt32(bytes, ReadyAt) == 0)
        {
            return null;
        }

        if (verdict == HeaderVerdict.OtherVersion)
        {
            throw new SharedMemoryFormatException(
                SharedMemoryError.OtherVersion, name, 8,
                $"the format is version {FileHeader.VersionOf(bytes)}, and this library reads version {Version}");
        }

        if (verdict == HeaderVerdict.Damaged || UInt32(bytes, ReadyAt) != Ready || UInt32(bytes, 12) != ProcessSlots.Count
            || UInt32(bytes, UsedSlotsAt) > ProcessSlots.Count)
        {
            throw new SharedMemoryFormatException(SharedMemoryError.Damaged, name, ChecksumAt,
                "the header is corrupt: its checksum or one of its fields is wrong");
        }

        SegmentHeader header = new(
            (long)UInt64(bytes, SizeAt), (long)UInt64(bytes, 24), new Guid(bytes.Slice(32, 16)), (int)UInt32(bytes, 48),
            UInt64(bytes, 56), (long)UInt64(bytes, 64));
        if (header.FileSize < UserAt || header.MaxFileSize < header.FileSize || header.FileSize > fileLength)
        {
            throw new SharedMemoryFormatException(
                SharedMemoryError.WrongSize, name, SizeAt, $"the header says {header.FileSize} bytes and the file has {fileLength}");
        }

        if (header.CreatedTicks < 0 || header.CreatedTicks > DateTime.MaxValue.Ticks)
        {
            throw new SharedMemoryFormatException(SharedMemoryError.Damaged, name, 64,
                $"creation time {header.CreatedTicks} is out of range");
        }

        return header;
    }

    private static void Write(Span<byte> bytes, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);

    private static void Write(Span<byte> bytes, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);

    private static uint UInt32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong UInt64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
