using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Something that lives at a place of a segment and works between all processes that open it there.</summary>
/// <remarks>It is made once, as a rule in <see cref="SharedMemoryOptions.Initialize"/>, where nobody else can be, and then opened
/// by every process. Its place is a multiple of 64 bytes, so that no two share a cache line. It needs no disposing: it ends with
/// its segment.</remarks>
public abstract class SharedObject
{
    /// <summary>Places are multiples of this many bytes.</summary>
    public const int Alignment = 64;

    private const uint Mark = 0x4d57_0000; // "MW", in the upper half of the first word

    private protected SharedObject(SharedMemory memory, long offset, ObjectKind kind, long size, bool canRead = false)
    {
        ArgumentNullException.ThrowIfNull(memory);
        CheckPlace(memory, offset, size);
        if (memory.IsReadOnly && !canRead)
        {
            throw new InvalidOperationException("The shared memory is open for reading only, and this needs to take part.");
        }

        Memory = memory;
        Offset = offset;
        Address = memory.Base + (nint)offset;
        if (Volatile.Read(ref SharedWord.UInt32(Address)) != (Mark | (uint)kind))
        {
            throw Wrong($"there is no {kind} here");
        }
    }

    /// <summary>The segment.</summary>
    public SharedMemory Memory { get; }

    /// <summary>The place in it, in bytes.</summary>
    public long Offset { get; }

    private protected nint Address { get; }

    /// <summary>The parameters that an object was made with: three words after the mark.</summary>
    private protected uint Parameter(int index) => Volatile.Read(ref SharedWord.UInt32(Address + 4 + 4 * index));

    private protected static void Make(
        SharedMemory memory, long offset, ObjectKind kind, long size, uint first = 0, uint second = 0, uint third = 0)
    {
        ArgumentNullException.ThrowIfNull(memory);
        CheckPlace(memory, offset, size);
        if (memory.IsReadOnly)
        {
            throw new InvalidOperationException("The shared memory is open for reading only.");
        }

        nint address = memory.Base + (nint)offset;
        if (Volatile.Read(ref SharedWord.UInt32(address)) != 0)
        {
            throw new InvalidOperationException($"There is something at byte {offset} of '{memory.Name}' already.");
        }

        SharedWord.UInt32(address + 4) = first;
        SharedWord.UInt32(address + 8) = second;
        SharedWord.UInt32(address + 12) = third;
        Volatile.Write(ref SharedWord.UInt32(address), Mark | (uint)kind);
    }

    private protected SharedMemoryFormatException Wrong(string what) =>
        new(SharedMemoryError.NoSuchObject, Memory.Name, SegmentHeader.UserAt + Offset, what);

    /// <summary>Sleeps until woken at the word, or for the time given.</summary>
    private protected void Sleep(int word, uint expected, int milliseconds) =>
        Memory.Waiting.Sleep(Address + word, Offset + word, expected, milliseconds);

    private protected void Wake(int word, int count) => Memory.Waiting.Wake(Address + word, Offset + word, count);

    private protected void WakeAll(int word) => Wake(word, int.MaxValue);

    private static void CheckPlace(SharedMemory memory, long offset, long size)
    {
        memory.RequireInside(offset, size);
        if (offset % Alignment != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The place must be a multiple of {Alignment} bytes.");
        }
    }
}
