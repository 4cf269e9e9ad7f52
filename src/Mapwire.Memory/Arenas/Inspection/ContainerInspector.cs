namespace Mapwire.Memory.Arenas;

/// <summary>Checks containers by what their headers and tables say, without their types.</summary>
/// <param name="space">The arena's bytes.</param>
/// <param name="contents">All blocks that containers may refer to; each is taken out by the one container that does.</param>
/// <param name="problem">Told of what is wrong, with the place.</param>
internal sealed class ContainerInspector(ArenaSpace space, BlockMap contents, Action<long, string> problem)
{
    /// <summary>Checks a container, whose header is a used block of its kind.</summary>
    public void Check(long header, BlockKind kind)
    {
        if (PayloadOf(header) < HeaderBytes(kind))
        {
            problem(header, "a container's header is cut off");
        }
        else if (kind == BlockKind.List)
        {
            CheckList(header);
        }
        else if (kind == BlockKind.Queue)
        {
            CheckQueue(header);
        }
        else
        {
            CheckTable(header, kind == BlockKind.StringDictionary);
        }
    }

    private static int HeaderBytes(BlockKind kind) => kind switch
    {
        BlockKind.List => ListFields.Bytes,
        BlockKind.Queue => QueueFields.Bytes,
        BlockKind.Dictionary => TableFields.Bytes,
        _ => TableFields.StringBytes,
    };

    private void CheckList(long header)
    {
        ulong count = (uint)space.Word(header + ListFields.Count), capacity = space.Word(header + ListFields.Capacity);
        if (Claim(header, ListFields.Items, capacity, space.Word(header + ListFields.ElementSize))
            && (count > capacity || count > int.MaxValue))
        {
            problem(header, $"a list has {count} items and room for {capacity}");
        }
    }

    private void CheckQueue(long header)
    {
        ulong capacity = space.Word(header + QueueFields.Capacity);
        ulong count = space.Word(header + QueueFields.Tail) - space.Word(header + QueueFields.Head);
        if (Claim(header, QueueFields.Items, capacity, space.Word(header + QueueFields.ElementSize))
            && (count > capacity || (capacity & (capacity - 1)) != 0))
        {
            problem(header, $"a queue has {count} items and room for {capacity}");
        }
    }

    private void CheckTable(long header, bool strings)
    {
        ulong slots = space.Word(header + TableFields.Slots), entry = space.Word(header + TableFields.EntrySize);
        ulong text = 0;
        if (strings)
        {
            text = space.Word(header + TableFields.TextUsed);
            ulong room = space.Word(header + TableFields.TextCapacity);
            if (Claim(header, TableFields.Text, room, 1) && text > room)
            {
                problem(header, $"a dictionary has {text} bytes of keys and room for {room}");
                return;
            }
        }

        if (!Claim(header, TableFields.Table, slots, entry))
        {
            return;
        }

        if ((slots & (slots - 1)) != 0 || slots > TableFields.MaxSlots || entry < 4 || (strings && entry < 12))
        {
            problem(header, "a dictionary's table has no sense");
            return;
        }

        CountEntries(header, (long)slots, (long)entry, strings, text);
    }

    private void CountEntries(long header, long slots, long entry, bool strings, ulong text)
    {
        long table = (long)space.Word(header + TableFields.Table), used = 0, deleted = 0;
        for (long slot = 0; slot < slots; slot++)
        {
            uint mark = space.At<uint>(table + (slot * entry));
            used += mark >= TableFields.UsedMark ? 1 : 0;
            deleted += mark == TableFields.DeletedMark ? 1 : 0;
            if (mark is > TableFields.DeletedMark and < TableFields.UsedMark)
            {
                problem(table, $"slot {slot} of a dictionary is neither used nor free");
            }

            if (strings && mark >= TableFields.UsedMark
                && (ulong)space.At<uint>(table + (slot * entry) + 4) + space.At<uint>(table + (slot * entry) + 8) > text)
            {
                problem(table, $"the key in slot {slot} of a dictionary is outside its text");
            }
        }

        ulong counts = space.Word(header + TableFields.Counts);
        if ((uint)counts != used || counts >> 32 != (ulong)deleted)
        {
            problem(header, $"a dictionary has {used} entries and {deleted} deleted ones, and says {(uint)counts} and {counts >> 32}");
        }

        if (slots > 0 && used + deleted >= slots)
        {
            problem(header, "a dictionary's table has no end for searches");
        }
    }

    /// <summary>Takes what a field refers to, if it can be what it has to be.</summary>
    private bool Claim(long header, int field, ulong count, ulong size)
    {
        long payload = (long)space.Word(header + field);
        if (payload == 0 && count == 0)
        {
            return true;
        }

        if (!contents.Remove(payload - Heap.Overhead))
        {
            problem(header, $"a container refers to {payload}, which is no contents or another's");
            return false;
        }

        if (size != 0 && count <= (ulong)PayloadOf(payload) / size)
        {
            return true;
        }

        problem(header, $"a container's contents do not have room for {count} times {size} bytes");
        return false;
    }

    private long PayloadOf(long payload) => (long)(space.Word(payload - Heap.Overhead) & Heap.SizeMask) - Heap.Overhead;
}
