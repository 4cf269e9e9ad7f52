using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>The processes that have a segment open. Each takes a slot and holds a file lock as long as it lives; the system releases
/// the lock when it dies. The owner of anything is named by a token: slot and generation of the slot.</summary>
/// <remarks>
/// Neither a process id nor a lease would do: ids are given out again, and a stopped process is alive although its lease runs out.
/// Slots are claimed under the segment's creation lock. The generation goes up before the lock is taken: what a dead user of the slot
/// had held is a dead token's from then on, even if the new one is stopped in between. A generation has 30 bits: at ten thousand
/// openings a second of one slot it is given out again after more than a day.
/// </remarks>
internal sealed class ProcessSlots(MappedFile file, MappedRegion region)
{
    public const int Count = 512;

    /// <summary>Bits of a token's lower half: slot + 1, never 0. The other bits of that half are the owner words' own flags.</summary>
    public const uint SlotMask = (1u << 10) - 1;

    public const uint GenerationMask = (1u << 30) - 1;

    /// <summary>A token's bits in an owner word.</summary>
    public const ulong TokenMask = (ulong)GenerationMask << 32 | SlotMask;

    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromMilliseconds(100);

    private RangeLock? _life;

    /// <summary>The token of this opening of the segment; 0 if it is for reading only.</summary>
    public ulong Token { get; private set; }

    /// <summary>How many slots were ever used: no owner is beyond.</summary>
    public int Used => (int)Math.Min(Volatile.Read(ref UsedSlots), Count);

    public static ulong PackToken(int slot, uint generation) => (ulong)generation << 32 | (uint)slot + 1;

    /// <summary>Index of a token's slot; -1 for none.</summary>
    public static int SlotOf(ulong token) => (int)((uint)token & SlotMask) - 1;

    public static uint GenerationOf(ulong token) => (uint)(token >> 32) & GenerationMask;

    /// <summary>Waits for the lock under which a segment is created, opened, grown and removed, and objects in it are created.</summary>
    public static RangeLock? TryCreationLock(MappedFile file, TimeSpan timeout) =>
        RangeLock.TryAcquire(file, LockBytes.SegmentCreation, 1, RangeLockMode.Exclusive, timeout, out RangeLock? held) ? held : null;

    /// <summary>Whether any living process has the segment open for writing, whatever its header says.</summary>
    public static bool IsInUse(MappedFile file) => IsLocked(file, LockBytes.SegmentSlots, Count);

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
                generation = 1;
            }

            Volatile.Write(ref Generation(slot), generation);
            Volatile.Write(ref Process(slot), (uint)Environment.ProcessId);
            if (Volatile.Read(ref UsedSlots) <= slot)
            {
                Volatile.Write(ref UsedSlots, (uint)slot + 1);
            }

            FaultPoints.Reach(FaultPoint.SlotNumbered);
            // Another process may just be probing the slot, which on some systems takes a shared lock for a moment.
            if (!RangeLock.TryAcquire(file, LockByte(slot), 1, RangeLockMode.Exclusive, ProbeTimeout, out _life))
            {
                continue;
            }

            Token = PackToken(slot, generation);
            return;
        }

        throw new IOException($"Cannot open the shared memory: {Count} processes have it open, which is the limit.");
    }

    /// <summary>Whether the process that a token names lives, stopped or not. Bits of the word beside the token do not matter.</summary>
    public bool IsAlive(ulong token)
    {
        token &= TokenMask;
        if (token == Token)
        {
            return Token != 0 && _life is not null;
        }

        int slot = SlotOf(token);
        if ((uint)slot >= Count || Volatile.Read(ref Generation(slot)) != GenerationOf(token))
        {
            return false;
        }

        // The lock is asked for first and the generation again after it: a slot that changed hands meanwhile is not the token's.
        return IsHeld(slot) && Volatile.Read(ref Generation(slot)) == GenerationOf(token);
    }

    /// <summary>Whether no living process has a slot.</summary>
    public bool IsVacant(int slot) => !IsHeld(slot);

    /// <summary>The ids of the living processes.</summary>
    public List<int> GetUsers()
    {
        List<int> users = new();
        for (int slot = 0; slot < Used; slot++)
        {
            if (IsMine(slot) || IsHeld(slot))
            {
                users.Add((int)Volatile.Read(ref Process(slot)));
            }
        }

        return users;
    }

    /// <summary>Whether any process is there.</summary>
    public bool IsInUse() => _life is not null || IsInUse(file);

    /// <summary>Leaves. What is still held under the token is a dead owner's from now on.</summary>
    public void Leave()
    {
        if (Interlocked.Exchange(ref _life, null) is not RangeLock life)
        {
            return;
        }

        Volatile.Write(ref Process(SlotOf(Token)), 0);
        life.Dispose();
    }

    private ref uint UsedSlots => ref SharedWord.UInt32(region.DangerousAddress + SegmentHeader.UsedSlotsAt);

    private ref uint Generation(int slot) => ref SharedWord.UInt32(region.DangerousAddress + SegmentHeader.SlotsAt + slot * 8);

    private ref uint Process(int slot) => ref SharedWord.UInt32(region.DangerousAddress + SegmentHeader.SlotsAt + slot * 8 + 4);

    private static long LockByte(int slot) => LockBytes.SegmentSlots + slot;

    private bool IsMine(int slot) => _life is not null && slot == SlotOf(Token);

    private bool IsHeld(int slot) => Volatile.Read(ref Process(slot)) != 0 && IsLocked(file, LockByte(slot), 1);

    private static bool IsLocked(MappedFile file, long offset, long length)
    {
        if (LockQuery.TryAsk(file.Handle, offset, length, out bool locked))
        {
            return locked;
        }

        if (!RangeLock.TryAcquire(file, offset, length, RangeLockMode.Shared, out RangeLock? probe))
        {
            return true;
        }

        probe.Dispose();
        return false;
    }
}
