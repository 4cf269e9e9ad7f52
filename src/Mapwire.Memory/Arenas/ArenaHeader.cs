using System.Buffers.Binary;
using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>The first bytes of an arena.</summary>
/// <remarks>Layout, in bytes from the base; numbers are little-endian.
/// <code>
///     0 mark "MWARENA1" (ready) or "MWARENA0" (being made)
///     8 version | 12 durability | 16 layout id | 32 layout version | 40 arena id | 48 made (ticks, UTC) | 124 CRC-32C of 8..123
///   128 size | 136 top of the heap | 144 used bytes | 152 used blocks | 160 root | 168 layout of the root
///   176 state of the undo log: bytes used (lower half), frees to be done (upper half)
///   192 which free lists have blocks, a bit each | 256 heads of the free lists
///  3072 frees to be done, 64 offsets
///  4096 power loss: two slots that say which commits the file has; else the lock of those who share the file (FileMutex)
/// 12288 undo log
/// 32768 heap
/// </code>
/// Version 1 differs only outside of these bytes: sharers met elsewhere, and the log had another name and no ids in its checksums. Such a
/// file becomes one of version 2 when it is opened for writing.</remarks>
internal static class ArenaHeader
{
    public const uint Version = 2;
    public const uint FirstVersion = 1;
    public const ulong Ready = 0x31414e455241574d; // "MWARENA1"
    public const ulong BeingMade = 0x30414e455241574d; // "MWARENA0"

    public const int DurabilityAt = 12;
    public const int LayoutIdAt = 16;
    public const int LayoutVersionAt = 32;
    public const int ArenaIdAt = 40;
    public const int CreatedAt = 48;
    public const int ChecksumAt = 124;

    public const int SizeAt = 128;
    public const int TopAt = 136;
    public const int UsedBytesAt = 144;
    public const int UsedBlocksAt = 152;
    public const int RootAt = 160;
    public const int RootLayoutAt = 168;
    public const int StateAt = 176;
    public const int BitmapAt = 192;
    public const int HeadsAt = 256;
    public const int FreesAt = 3072;
    public const int MaxFrees = 64;
    public const int FirstPage = 4096;
    public const int ProgressAt = 4096;
    public const int UndoAt = 12288;
    public const int UndoCapacity = HeapAt - UndoAt;
    public const int HeapAt = 32768;

    /// <summary>Where the header of the first block is: payloads begin 8 bytes later, at multiples of 16.</summary>
    public const int FirstBlock = HeapAt + 8;

    /// <summary>Arenas grow in steps of this, so that Windows never has to replace a view that is in use.</summary>
    public const int Step = 1 << 16;

    /// <summary>The word behind the last block: used, and of no size.</summary>
    public const ulong Sentinel = 1;

    private static readonly FileHeader Header = new(Ready, 8, ChecksumAt) { MinVersion = FirstVersion, Version = Version };

    /// <summary>Writes the first page of an empty arena, not ready yet.</summary>
    public static void Format(Span<byte> page, long size, ArenaOptions options, ulong id)
    {
        page[..FirstPage].Clear();
        Write(page, 0, BeingMade);
        Write(page, 8, Version | ((ulong)options.Durability << 32));
        options.LayoutId.TryWriteBytes(page[LayoutIdAt..]);
        Write(page, LayoutVersionAt, (uint)options.LayoutVersion);
        Write(page, ArenaIdAt, id);
        Write(page, CreatedAt, (ulong)DateTime.UtcNow.Ticks);
        Write(page, SizeAt, (ulong)size);
        Write(page, TopAt, FirstBlock);
        Header.Seal(page);
    }

    /// <summary>Checks all that an arena's first page says before anything is believed.</summary>
    /// <param name="page">At least the first page.</param>
    /// <param name="length">Bytes that are there.</param>
    /// <param name="name">For the messages.</param>
    /// <param name="options">What the caller expects.</param>
    /// <param name="isAlone">Whether nobody changes the heap meanwhile; else only its size is checked, which only grows.</param>
    /// <returns>The arena's durability.</returns>
    /// <exception cref="ArenaFormatException">It is no arena, or not this one.</exception>
    public static ArenaDurability Check(ReadOnlySpan<byte> page, long length, string name, ArenaOptions options, bool isAlone = true)
    {
        HeaderVerdict verdict = length < HeapAt + 64 || page.Length < FirstPage ? HeaderVerdict.NotThisFormat : Header.Judge(page);
        if (verdict == HeaderVerdict.NotThisFormat)
        {
            throw new ArenaFormatException(ArenaError.NotAnArena, name, 0,
                "not an arena: the magic number is missing or the file is too short");
        }

        if (verdict == HeaderVerdict.OtherVersion)
        {
            throw new ArenaFormatException(
                ArenaError.OtherVersion, name, 8,
                $"format version {VersionOf(page)} is not supported (supported: {FirstVersion} to {Version})");
        }

        uint durability = (uint)(Read(page, 8) >> 32);
        if (verdict == HeaderVerdict.Damaged || durability > (uint)ArenaDurability.PowerLoss
            || Read(page, CreatedAt) > (ulong)DateTime.MaxValue.Ticks)
        {
            throw new ArenaFormatException(ArenaError.Damaged, name, ChecksumAt, "the header is corrupt: its checksum does not match");
        }

        Guid layout = new(page.Slice(LayoutIdAt, 16));
        int version = (int)(uint)Read(page, LayoutVersionAt);
        if (!options.AnyLayout && (layout != options.LayoutId || version != options.LayoutVersion))
        {
            throw new ArenaFormatException(
                ArenaError.OtherLayout, name, LayoutIdAt,
                $"it has layout {layout} version {version}, not {options.LayoutId} version {options.LayoutVersion} as asked for");
        }

        CheckSize(page, length, name);
        if (isAlone)
        {
            CheckHeap(page, name);
        }

        return (ArenaDurability)durability;
    }

    /// <summary>The format version that a first page names.</summary>
    public static uint VersionOf(ReadOnlySpan<byte> page) => FileHeader.VersionOf(page);

    /// <summary>What replaces the start of a checked first page to make it one of this version: bytes that are written at once.</summary>
    public static ReadOnlySpan<byte> CarriedOver(ReadOnlySpan<byte> page)
    {
        byte[] start = page[..(ChecksumAt + 4)].ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(8), Version);
        Header.Seal(start);
        return start;
    }

    /// <summary>Checks the numbers that change, against each other and against what is there.</summary>
    /// <exception cref="ArenaFormatException">They make no sense.</exception>
    public static void CheckSizes(ReadOnlySpan<byte> page, long length, string name)
    {
        CheckSize(page, length, name);
        CheckHeap(page, name);
    }

    private static void CheckSize(ReadOnlySpan<byte> page, long length, string name)
    {
        ulong size = Read(page, SizeAt);
        if (size > (ulong)length || size < HeapAt + 64)
        {
            throw new ArenaFormatException(ArenaError.WrongSize, name, SizeAt, $"its size is {size} bytes, and {length} are there");
        }
    }

    private static void CheckHeap(ReadOnlySpan<byte> page, string name)
    {
        ulong size = Read(page, SizeAt), top = Read(page, TopAt), state = Read(page, StateAt), root = Read(page, RootAt);
        if (top < FirstBlock || top > size - 8 || top % SizeClass.Unit != 8)
        {
            throw new ArenaFormatException(ArenaError.Damaged, name, TopAt, $"heap end {top} is outside the arena ({size} bytes)");
        }

        if ((uint)state > UndoCapacity || (uint)state % 8 != 0 || state >> 32 > MaxFrees)
        {
            throw new ArenaFormatException(ArenaError.Damaged, name, StateAt, $"invalid undo log state 0x{state:x16}");
        }

        if (root != 0 && (root < HeapAt || root >= top))
        {
            throw new ArenaFormatException(ArenaError.Damaged, name, RootAt, $"root offset {root} is outside the heap");
        }
    }

    private static ulong Read(ReadOnlySpan<byte> page, int at) => BinaryPrimitives.ReadUInt64LittleEndian(page[at..]);

    private static void Write(Span<byte> page, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(page[at..], value);
}
