using System.Diagnostics;
using System.Numerics;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>The async waits of one opening of a segment, any number on one thread.</summary>
/// <remarks>
/// <para>No system tells a thread pool of a word in shared memory, and none lets a thread sleep on a thousand of them. So each process
/// slot has a wake word in the segment's header, and a bit that says whether its process has async waits. A process that wakes the
/// waiters of an object also moves the wake words of those processes, whose thread then tries all its waits.</para>
/// <para>A wait is not tried while its word has the value at which it is blocked, except in the looks below: of a thousand waits a wake is
/// for one, as a rule.</para>
/// <para>The bit is set before a wait is announced in its object, and a waker looks at the bits after its store to the object: one of
/// the two sees the other. For wakers that die in between, and for owners that die, the thread looks four times a second.</para>
/// </remarks>
internal sealed class AsyncWaits(SharedMemory memory)
{
    private const int Slice = 250; // ms
    private const int ReadOnlySlice = 5; // ms; a process without a slot has no wake word
    private const int Linger = 1000; // ms without a wait until the thread ends

    private readonly Lock _gate = new();
    private readonly List<PendingWait> _waits = [];
    private bool _running;
    private bool _closed;
    private long _wakesAt = long.MaxValue;

    private nint Header => memory.Base - SegmentHeader.UserAt;

    /// <summary>Moves the wake words of all processes with async waits. The caller has stored what it wakes them for.</summary>
    public void WakeAll()
    {
        for (int part = 0; part < ProcessSlots.Count / 64; part++)
        {
            for (ulong left = Volatile.Read(ref Waiting(part)); left != 0; left &= left - 1)
            {
                Wake(part * 64 + BitOperations.TrailingZeroCount(left));
            }
        }
    }

    public void Add(PendingWait wait)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, memory);
            _waits.Add(wait);
            if (!_running)
            {
                _running = true;
                SetWaiting(true);
                new Thread(Run) { IsBackground = true, Name = "Mapwire.Memory waits" }.Start();
            }
            else if (wait.Deadline < Volatile.Read(ref _wakesAt) || memory.Token == 0)
            {
                WakeMyself();
            }
        }

        WaitLook look = new(memory.Slots);
        look.Begin(sleeps: true, looksForDead: false); // announced now: from here on it is woken for
        wait.Try(ref look);
    }

    /// <summary>The segment is disposed: ends all waits.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            if (!_running)
            {
                return;
            }

            WakeMyself();
        }
    }

    private ref ulong Waiting(int part) => ref SharedWord.UInt64(Header + SegmentHeader.AsyncSlotsAt + part * 8);

    private void Wake(int slot)
    {
        nint word = Header + SegmentHeader.WakeWordsAt + slot * 4;
        Interlocked.Increment(ref SharedWord.UInt32(word));
        memory.Waiting.Wake(word, word - memory.Base, 1);
    }

    private void WakeMyself()
    {
        if (memory.Token != 0)
        {
            Wake(ProcessSlots.SlotOf(memory.Token));
        }
    }

    private void SetWaiting(bool waiting)
    {
        if (memory.Token == 0)
        {
            return;
        }

        int slot = ProcessSlots.SlotOf(memory.Token);
        if (waiting)
        {
            Interlocked.Or(ref Waiting(slot / 64), 1ul << slot % 64);
        }
        else
        {
            Interlocked.And(ref Waiting(slot / 64), ~(1ul << slot % 64));
        }
    }

    private void Run()
    {
        List<PendingWait> waits = new();
        long lookAt = 0, idleSince = Stopwatch.GetTimestamp();
        int slot = ProcessSlots.SlotOf(memory.Token);
        nint word = Header + SegmentHeader.WakeWordsAt + slot * 4;
        while (true)
        {
            uint seen = slot < 0 ? 0 : Volatile.Read(ref SharedWord.UInt32(word)); // before the tries: a wake during them ends the sleep
            long now = Stopwatch.GetTimestamp();
            lock (_gate)
            {
                _waits.RemoveAll(static wait => wait.IsOver);
                if (_waits.Count > 0)
                {
                    idleSince = now;
                }

                if (_closed || now - idleSince > Linger * Stopwatch.Frequency / 1000)
                {
                    _running = false;
                    SetWaiting(false);
                    waits = [.. _waits];
                    _waits.Clear();
                    break;
                }

                waits.Clear();
                waits.AddRange(_waits);
                Volatile.Write(ref _wakesAt, long.MaxValue);
            }

            bool looks = now >= lookAt;
            if (looks)
            {
                lookAt = now + Slice * Stopwatch.Frequency / 1000;
                ForgetDeadProcesses(slot);
                SetWaiting(true); // or another process took this slot for vacant just before it was claimed
            }

            long wakeAt = TryAll(waits, looks, Math.Min(lookAt, now + Slice * Stopwatch.Frequency / 1000));
            Volatile.Write(ref _wakesAt, wakeAt);
            int milliseconds = (int)Math.Clamp((wakeAt - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency + 1, 1, Slice);
            if (slot < 0)
            {
                CancellationToken.None.WaitHandle.WaitOne(Math.Min(milliseconds, ReadOnlySlice));
                continue;
            }

            try
            {
                memory.Waiting.Sleep(word, word - memory.Base, seen, milliseconds);
            }
            catch (ObjectDisposedException)
            {
                // The segment is disposed, which the next round sees.
            }
        }

        foreach (PendingWait wait in waits)
        {
            wait.Fail(new ObjectDisposedException(nameof(SharedMemory)));
        }
    }

    /// <returns>When the first timeout passes, at most the time given.</returns>
    private long TryAll(List<PendingWait> waits, bool looksForDead, long latest)
    {
        WaitLook look = new(memory.Slots) { RemembersWords = true };
        look.Begin(sleeps: true, looksForDead);
        foreach (PendingWait wait in waits)
        {
            if (looksForDead || !wait.IsUnchanged)
            {
                wait.Try(ref look);
            }

            if (wait.IsOver)
            {
                continue;
            }

            if (wait.Deadline <= Stopwatch.GetTimestamp())
            {
                wait.Expire();
            }
            else
            {
                latest = Math.Min(latest, wait.Deadline);
            }
        }

        return latest;
    }

    /// <summary>Clears the bits of processes that died with async waits, so that they are not woken for ever.</summary>
    private void ForgetDeadProcesses(int mine)
    {
        if (mine < 0)
        {
            return;
        }

        for (int part = 0; part < ProcessSlots.Count / 64; part++)
        {
            for (ulong left = Volatile.Read(ref Waiting(part)); left != 0; left &= left - 1)
            {
                int slot = part * 64 + BitOperations.TrailingZeroCount(left);
                if (slot != mine && memory.Slots.IsVacant(slot))
                {
                    Interlocked.And(ref Waiting(part), ~(1ul << slot % 64));
                }
            }
        }
    }
}
