using System.Buffers.Binary;
using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>
/// A small record that is replaced whole or not at all: two slots, written in turn, of which the newest valid one counts.
/// </summary>
/// <remarks>A slot is a number of pages, so that a torn write cannot reach the other one:
/// sequence (8) | what it is (8) | length (4) | CRC-32C of all of it but this (4) | the record. Sequence n is in slot n modulo 2; 0 is
/// none.</remarks>
internal sealed class TwoSlots
{
    private const int HeaderBytes = 24;
    private const int Page = 4096;
    private readonly DurableFile _file;
    private readonly long _offset;
    private readonly int _length;
    private readonly byte[] _slot;
    private readonly ulong _kind;

    /// <param name="file">Where they are.</param>
    /// <param name="offset">Where there.</param>
    /// <param name="length">Bytes of the record.</param>
    /// <param name="kind">What it is; slots of another kind count as empty.</param>
    public TwoSlots(DurableFile file, long offset, int length, ulong kind)
    {
        _file = file;
        _offset = offset;
        _length = length;
        _kind = kind;
        _slot = new byte[SlotBytes(length)];
    }

    /// <summary>Counts the writes; 0 if there was none.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>Bytes of both slots.</summary>
    public static int Bytes(int length) => 2 * SlotBytes(length);

    /// <summary>Reads the newest record that is whole.</summary>
    /// <returns>False if there is none.</returns>
    public bool TryRead(Span<byte> record)
    {
        Sequence = 0;
        for (int index = 0; index < 2; index++)
        {
            if (_file.Read(_offset + (index * _slot.Length), _slot) < HeaderBytes + _length)
            {
                continue;
            }

            ulong sequence = BinaryPrimitives.ReadUInt64LittleEndian(_slot);
            if (sequence <= Sequence || (int)(sequence & 1) != index || BinaryPrimitives.ReadUInt64LittleEndian(_slot.AsSpan(8)) != _kind
                || BinaryPrimitives.ReadInt32LittleEndian(_slot.AsSpan(16)) != _length
                || BinaryPrimitives.ReadUInt32LittleEndian(_slot.AsSpan(20)) != Checksum())
            {
                continue;
            }

            Sequence = sequence;
            _slot.AsSpan(HeaderBytes, _length).CopyTo(record);
        }

        return Sequence != 0;
    }

    /// <summary>Whether what is there can be what is left of a first write that did not come to its end, or nothing at all.</summary>
    public bool IsUnwritten()
    {
        _file.Read(_offset, _slot);
        if (_slot.AsSpan().ContainsAnyExcept((byte)0))
        {
            return false;
        }

        _file.Read(_offset + _slot.Length, _slot);
        return !_slot.AsSpan(0, HeaderBytes).ContainsAnyExcept((byte)0)
            || (BinaryPrimitives.ReadUInt64LittleEndian(_slot) == 1 && BinaryPrimitives.ReadUInt64LittleEndian(_slot.AsSpan(8)) == _kind);
    }

    /// <summary>Replaces the record. Call <see cref="TryRead"/> first.</summary>
    /// <param name="record">The record.</param>
    /// <param name="sync">Whether to wait until the device has it.</param>
    public void Write(ReadOnlySpan<byte> record, bool sync = true)
    {
        ulong sequence = Sequence + 1;
        Array.Clear(_slot);
        BinaryPrimitives.WriteUInt64LittleEndian(_slot, sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(_slot.AsSpan(8), _kind);
        BinaryPrimitives.WriteInt32LittleEndian(_slot.AsSpan(16), _length);
        record.CopyTo(_slot.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(_slot.AsSpan(20), Checksum());
        _file.Write(_offset + ((long)(sequence & 1) * _slot.Length), _slot);
        if (sync)
        {
            _file.Sync();
        }

        Sequence = sequence; // a write that failed is tried again in the same slot: the other one holds the record that counts
    }

    private static int SlotBytes(int length) => (HeaderBytes + length + Page - 1) / Page * Page;

    private uint Checksum() => Crc32C.Compute(_slot.AsSpan(HeaderBytes, _length), Crc32C.Compute(_slot.AsSpan(0, 20)));
}
