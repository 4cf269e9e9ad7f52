namespace Mapwire.Server.Hosting;

/// <summary>
/// The deadlines of a worker's connections: a ring of slots, each a doubly linked list through the connections themselves, so
/// that setting and moving a deadline allocates nothing and costs the same for ten connections and ten thousand.
/// </summary>
/// <remarks>
/// A deadline beyond the ring waits in its farthest slot and is looked at again from there. Connections are rung at or
/// up to one slot after their deadline.
/// </remarks>
internal sealed class TimerWheel
{
    /// <summary>Milliseconds a slot: fine against the second between two wakes of a player, coarse against a wake's cost.</summary>
    private const int SlotMilliseconds = 10;

    private const int SlotCount = 1024;

    private readonly TimerEntry?[] _slots = new TimerEntry?[SlotCount];
    private long _tick;

    public TimerWheel(long now) => _tick = now / SlotMilliseconds;

    /// <summary>Sets or moves an entry's deadline.</summary>
    public void Set(TimerEntry entry, long deadline)
    {
        Cancel(entry);
        entry.Deadline = deadline;
        long tick = Math.Clamp((deadline + SlotMilliseconds - 1) / SlotMilliseconds, _tick + 1, _tick + SlotCount - 1);
        int slot = (int)(tick % SlotCount);
        TimerEntry? head = _slots[slot];
        entry.Slot = slot;
        entry.Next = head;
        entry.Previous = null;
        head?.Previous = entry;
        _slots[slot] = entry;
    }

    /// <summary>Forgets an entry's deadline.</summary>
    public void Cancel(TimerEntry entry)
    {
        if (entry.Slot < 0)
        {
            return;
        }

        if (entry.Previous is null)
        {
            _slots[entry.Slot] = entry.Next;
        }
        else
        {
            entry.Previous.Next = entry.Next;
        }

        entry.Next?.Previous = entry.Previous;
        entry.Slot = -1;
        entry.Next = null;
        entry.Previous = null;
    }

    /// <summary>Milliseconds until the next occupied slot, -1 when nothing is set.</summary>
    public int UntilNext(long now)
    {
        for (int i = 1; i < SlotCount; i++)
        {
            if (_slots[(_tick + i) % SlotCount] is not null)
            {
                return (int)Math.Max(0, ((_tick + i) * SlotMilliseconds) - now);
            }
        }

        return -1;
    }

    /// <summary>Rings every entry whose deadline is over; an entry may set itself again while it rings.</summary>
    public void Advance(long now)
    {
        long target = now / SlotMilliseconds;
        if (target - _tick > SlotCount)
        {
            _tick = target - SlotCount; // after a long sleep of the machine one round visits every slot
        }

        while (_tick < target)
        {
            _tick++;
            while (_slots[_tick % SlotCount] is { } entry)
            {
                Cancel(entry);
                if (entry.Deadline <= now)
                {
                    entry.Ring(now);
                }
                else
                {
                    Set(entry, entry.Deadline); // never into the slot at hand
                }
            }
        }
    }
}
