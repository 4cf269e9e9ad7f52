using System.Buffers.Binary;

namespace Mapwire.Memory.Arenas;

/// <summary>How far commits have come in the arena's own file: the last one that it is known to have, and which log has the ones after
/// it, if any.</summary>
internal sealed class DurableProgress(DurableFile home)
{
    private const int RecordBytes = 16;

    private readonly TwoSlots _slots = new(home, ArenaHeader.ProgressAt, RecordBytes, kind: 0x53534552474f5250); // "PROGRESS"

    /// <summary>The last commit that the file is known to have.</summary>
    public ulong Applied { get; private set; }

    /// <summary>The log to look into for later ones; 0 if there are none.</summary>
    public ulong LogId { get; private set; }

    /// <returns>False if there is nothing valid.</returns>
    public bool TryRead()
    {
        Span<byte> record = stackalloc byte[RecordBytes];
        if (!_slots.TryRead(record))
        {
            return false;
        }

        Applied = BinaryPrimitives.ReadUInt64LittleEndian(record);
        LogId = BinaryPrimitives.ReadUInt64LittleEndian(record[8..]);
        return true;
    }

    /// <summary>Writes it and waits until the device has it.</summary>
    public void Write(ulong applied, ulong logId, bool sync = true)
    {
        Span<byte> record = stackalloc byte[RecordBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(record, applied);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], logId);
        _slots.Write(record, sync);
        Applied = applied;
        LogId = logId;
    }
}
