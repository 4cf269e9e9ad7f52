using System.Numerics;

namespace Mapwire.Server.Loop;

/// <summary>
/// The deadlines of a loop's connections: a ring of slots, each a doubly linked list through the connections themselves, so
/// that setting and moving a deadline allocates nothing and costs the same for ten connections and ten thousand.
/// </summary>
/// <remarks>
/// A deadline beyond the ring waits in its farthest slot and is looked at again from there. An entry times out at its deadline or
/// up to one slot later. An entry without a deadline (<see cref="Never"/>) is not in the wheel and costs nothing.
/// </remarks>
internal sealed class TimerWheel
{
    /// <summary>Milliseconds a slot: fine against the second between two wakes of a player, coarse against a wake's cost.</summary>
    private const int SlotMilliseconds = 10;

    private const int SlotCount = 1024;

    private readonly Slot[] _slots = new Slot[SlotCount];
    private readonly ulong[] _occupied = new ulong[SlotCount / 64]; // a bit a slot, so that a look for the next one reads 16 words
    private long _tick;

    /// <summary>The deadline of an entry that waits for nothing.</summary>
    public const long Never = long.MaxValue;

    public TimerWheel(long now) => _tick = now / SlotMilliseconds;

    /// <summary>Sets or moves an entry's deadline; <see cref="Never"/> forgets it.</summary>
    public void Set(TimerEntry entry, long deadline)
    {
        Cancel(entry);
        entry.Deadline = deadline;
        if (deadline == Never)
        {
            return;
        }

        // Rounded up without a sum, which overflows near the largest value.
        long due = (deadline / SlotMilliseconds) + (deadline % SlotMilliseconds > 0 ? 1 : 0);
        long tick = Math.Clamp(due, _tick + 1, _tick + SlotCount - 1);
        int slot = (int)(tick % SlotCount);
        TimerEntry? head = _slots[slot].First;
        entry.Slot = slot;
        entry.Next = head;
        entry.Previous = null;
        head?.Previous = entry;
        _slots[slot].First = entry;
        _occupied[slot / 64] |= 1UL << slot;
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
            _slots[entry.Slot].First = entry.Next;
            if (entry.Next is null)
            {
                _occupied[entry.Slot / 64] &= ~(1UL << entry.Slot);
            }
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
        int first = (int)((_tick + 1) % SlotCount);
        ulong word = _occupied[first / 64] >> first << first; // without the slots before the first
        for (int i = 0; i <= _occupied.Length; i++)
        {
            if (word != 0)
            {
                int slot = ((((first / 64) + i) * 64) + BitOperations.TrailingZeroCount(word)) % SlotCount;
                long tick = _tick + 1 + ((slot - first + SlotCount) % SlotCount);
                return (int)Math.Max(0, (tick * SlotMilliseconds) - now);
            }

            word = _occupied[((first / 64) + i + 1) % _occupied.Length]; // at last the first word again, for the slots before
        }

        return -1;
    }

    /// <summary>Calls every entry whose deadline is over; an entry may set itself again while it is called.</summary>
    /// <returns>How late the latest of them was, in milliseconds; 0 when none was called.</returns>
    public long Advance(long now)
    {
        long late = 0;
        long target = now / SlotMilliseconds;
        if (target - _tick > SlotCount)
        {
            _tick = target - SlotCount; // after a long sleep of the machine one round visits every slot
        }

        while (_tick < target)
        {
            _tick++;
            while (_slots[_tick % SlotCount].First is { } entry)
            {
                Cancel(entry);
                if (entry.Deadline <= now)
                {
                    late = Math.Max(late, now - entry.Deadline);
                    entry.OnTimeout(now);
                }
                else
                {
                    Set(entry, entry.Deadline); // never into the slot at hand
                }
            }
        }

        return late;
    }

    /// <summary>
    /// A list of entries. Not the reference alone: storing into an array of an abstract class looks up the type, each time.
    /// </summary>
    private struct Slot
    {
        public TimerEntry? First;
    }
}
