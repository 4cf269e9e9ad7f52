using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Who is there. A process that opens a segment takes a slot and holds a file lock as long as it lives; the system
/// releases the lock when it dies. A holder of anything is named by a token: slot and generation of the slot.</summary>
/// <remarks>
/// Neither a process id nor a lease would do: ids are given out again, and a stopped process is alive although its lease runs out.
/// Slots are claimed under the segment's creation lock. The generation goes up before the lock is taken: whatever a dead user of
/// the slot had held is a dead token's from then on, even if the new one is stopped in between.
/// </remarks>
internal sealed class ProcessSlots(MappedFile file, MappedRegion region)
{
    public const int Count = 512;

    /// <summary>Bits of a token: 10 for the slot, 20 for the generation. The upper two are the words' own.</summary>
    public const uint TokenMask = (1u << (SlotBits + GenerationBits)) - 1;

    /// <summary>Where the lock bytes are: far behind any segment's end.</summary>
    private const long LocksAt = 1L << 61;

    private const int SlotBits = 10;
    private const int GenerationBits = 20;
    private const uint GenerationMask = (1u << GenerationBits) - 1;
    private static readonly TimeSpan LookersPatience = TimeSpan.FromMilliseconds(100);

    private RangeLock? _life;

    /// <summary>The token of this opening of the segment; 0 if it is for reading only.</summary>
    public uint Token { get; private set; }

    /// <summary>Waits for the lock under which a segment is made, opened, grown and removed.</summary>
    public static RangeLock? TryCreationLock(MappedFile file, TimeSpan timeout) =>
        RangeLock.TryAcquire(file, LocksAt, 1, RangeLockMode.Exclusive, timeout, out RangeLock? held) ? held : null;

    /// <summary>Takes a slot. The caller holds the creation lock.</summary>
    /// <exception cref="IOException">All are taken.</exception>
    public void Claim()
    {
        for (int slot = 0; slot < Count; slot++)
        {
            if (IsHeld(slot))
            {
                continue;
            }

            uint generation = Volatile.Read(ref Generation(slot)) + 1 & GenerationMask;
            if (generation == 0)
            {
                generation = 1; // a token is never 0
            }

            Volatile.Write(ref Generation(slot), generation);
            Volatile.Write(ref Process(slot), (uint)Environment.ProcessId);
            if (Volatile.Read(ref UsedSlots) <= slot)
            {
                Volatile.Write(ref UsedSlots, (uint)slot + 1);
            }

            FaultPoints.Reach(FaultPoint.SlotNumbered);
            // Somebody may just be looking whether the slot is held, which takes a shared lock for a moment.
            if (!RangeLock.TryAcquire(file, LockByte(slot), 1, RangeLockMode.Exclusive, LookersPatience, out _life))
            {
                continue;
            }

            Token = generation << SlotBits | (uint)slot + 1;
            return;
        }

        throw new IOException($"{Count} processes have this shared memory open; there is no room for more.");
    }

    /// <summary>Whether the process that a token names lives, stopped or not.</summary>
    public bool IsAlive(uint token)
    {
        if (token == Token)
        {
            return Token != 0;
        }

        int slot = (int)(token & (1u << SlotBits) - 1) - 1;
        if ((uint)slot >= Count || Volatile.Read(ref Generation(slot)) != token >> SlotBits)
        {
            return false;
        }
        // The lock is asked for first and the generation again after it: a slot that changed hands meanwhile is not the token's.
        return IsHeld(slot) && Volatile.Read(ref Generation(slot)) == token >> SlotBits;
    }

    /// <summary>Index of a token's slot.</summary>
    public static int SlotOf(uint token) => (int)(token & (1u << SlotBits) - 1) - 1;

    /// <summary>How many slots were ever used: no holder is beyond.</summary>
    public int Used => (int)Math.Min(Volatile.Read(ref UsedSlots), Count);

    /// <summary>The ids of the living processes.</summary>
    public List<int> Users()
    {
        List<int> users = new();
        for (int slot = 0; slot < Used; slot++)
        {
            if ((_life is not null && slot == SlotOf(Token)) || IsHeld(slot))
            {
                users.Add((int)Volatile.Read(ref Process(slot)));
            }
        }

        return users;
    }

    /// <summary>Whether anybody is there.</summary>
    public bool IsInUse()
    {
        for (int slot = 0; slot < Used; slot++)
        {
            if ((_life is not null && slot == SlotOf(Token)) || IsHeld(slot))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Leaves. What is still held under the token is a dead holder's from now on.</summary>
    public void Leave()
    {
        if (Interlocked.Exchange(ref _life, null) is not RangeLock life)
        {
            return;
        }

        int slot = SlotOf(Token);
        Volatile.Write(ref Process(slot), 0);
        life.Dispose();
    }

    private ref uint UsedSlots => ref SharedWord.UInt32(region.DangerousAddress + SegmentHeader.UsedSlotsAt);

    private ref uint Generation(int slot) => ref SharedWord.UInt32(region.DangerousAddress + SegmentHeader.SlotsAt + slot * 8);

    private ref uint Process(int slot) => ref SharedWord.UInt32(region.DangerousAddress + SegmentHeader.SlotsAt + slot * 8 + 4);

    private static long LockByte(int slot) => LocksAt + 1 + slot;

    private bool IsHeld(int slot)
    {
        if (Volatile.Read(ref Process(slot)) == 0)
        {
            return false;
        }

        if (!RangeLock.TryAcquire(file, LockByte(slot), 1, RangeLockMode.Shared, out RangeLock? look))
        {
            return true;
        }

        look.Dispose();
        return false;
    }
}
