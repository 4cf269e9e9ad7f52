using System.Numerics;
using Mapwire.Memory;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Live;

/// <summary>
/// The memory that all live streams lie in: one mapping, cut into segments. A message lies in one piece, and entries name it by its offset
/// in the mapping, as those of a film name it by its offset in the file.
/// </summary>
/// <remarks>
/// A segment is used again when no message in it can be found any more, every loop has ended the round in which it may have found one, and
/// nobody needs the rest of a message in it: sends go by reference to these pages. Any thread may call it.
/// </remarks>
internal sealed class LivePages : IDisposable
{
    /// <summary>Bytes of a segment: some seconds of a thin stream, and two large key pictures of a thick one.</summary>
    public const int SegmentLength = 128 * 1024;

    /// <summary>
    /// Retired runs that are looked at each time one is taken: segments keep theirs for a minute, and thousands may wait.
    /// </summary>
    private const int LookedAt = 64;

    private readonly MappedRegion _region;
    private readonly LoopPhases _phases;
    private readonly ulong[] _used; // a bit a segment
    private readonly LiveRun?[] _runs; // by segment
    private readonly Queue<(LiveRun Run, long[] Phases)> _retired = new();
    private readonly Lock _gate = new();
    private int _usedCount;
    private int _retiredCount; // of them
    private int _heldCount; // of those: given up, and needed by somebody, when they were looked at last

    /// <param name="bytes">How much memory there is; the system gives it as it is written.</param>
    /// <param name="phases">Of the loops that send from it.</param>
    /// <exception cref="IOException">Memory or address space is short.</exception>
    public LivePages(long bytes, LoopPhases phases)
    {
        SegmentCount = checked((int)(bytes / SegmentLength));
        ArgumentOutOfRangeException.ThrowIfLessThan(SegmentCount, 1);
        _region = MappedRegion.Allocate((long)SegmentCount * SegmentLength);
        _phases = phases;
        _used = new ulong[(SegmentCount + 63) / 64];
        _runs = new LiveRun?[SegmentCount];
        Address = _region.DangerousAddress;
    }

    /// <summary>How many segments there are.</summary>
    public int SegmentCount { get; }

    /// <summary>Where the pages are mapped.</summary>
    public nint Address { get; }

    /// <summary>How much of the memory is in use or waits until it can be used again, from 0 to 1.</summary>
    public double Fullness => (double)Volatile.Read(ref _usedCount) / SegmentCount;

    /// <summary>
    /// How much of the memory holds what can still be found, from 0 to 1: what waits until it can be used again is given up already, and
    /// nobody looks at it before the next segment is taken.
    /// </summary>
    public double Occupancy => (double)(Volatile.Read(ref _usedCount) - Volatile.Read(ref _retiredCount)) / SegmentCount;

    /// <summary>
    /// How much of the memory cannot be taken though it is looked at, from 0 to 1: what can still be found, and what was given up and
    /// somebody still needs.
    /// </summary>
    public double Use =>
        (double)(Volatile.Read(ref _usedCount) - Volatile.Read(ref _retiredCount) + Volatile.Read(ref _heldCount)) / SegmentCount;

    /// <summary>The bytes of all segments.</summary>
    public long Length => (long)SegmentCount * SegmentLength;

    /// <summary>Takes segments that lie beside each other.</summary>
    /// <param name="length">How many bytes are needed.</param>
    /// <returns>Null where there are not enough.</returns>
    public LiveRun? TryTake(int length)
    {
        int count = Math.Max(1, (length + SegmentLength - 1) / SegmentLength);
        lock (_gate)
        {
            Collect(LookedAt);
            int first = FindFree(count);
            if (first < 0)
            {
                Collect(_retired.Count);
                first = FindFree(count);
            }

            if (first < 0)
            {
                return null;
            }

            LiveRun run = new(first, count);
            for (int i = first; i < first + count; i++)
            {
                _used[i >> 6] |= 1UL << i;
                Volatile.Write(ref _runs[i], run);
            }

            Volatile.Write(ref _usedCount, _usedCount + count);
            return run;
        }
    }

    /// <summary>Gives a run back once nobody uses it any more: no entry in it can be found from now on.</summary>
    public void Retire(LiveRun run)
    {
        lock (_gate)
        {
            run.IsRetired = true;
            Volatile.Write(ref _retiredCount, _retiredCount + run.Count);
            _retired.Enqueue((run, _phases.Take()));
        }
    }

    /// <summary>Looks at all that was given up, and makes what nobody needs any more free.</summary>
    public void Collect()
    {
        lock (_gate)
        {
            Collect(_retired.Count);
        }
    }

    /// <summary>The run that a message lies in, asked in the round in which its entry was found.</summary>
    public LiveRun RunAt(long offset) => Volatile.Read(ref _runs[(int)(offset / SegmentLength)])!;

    /// <summary>Writes a part of a message, for the run's owner.</summary>
    public void Write(long offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_region.AsSpan(offset, bytes.Length));

    /// <summary>Reads what was written, in the round in which its entry was found.</summary>
    public ReadOnlySpan<byte> Read(long offset, int length) => _region.AsReadOnlySpan(offset, length);

    /// <inheritdoc/>
    public void Dispose() => _region.Dispose();

    /// <summary>Frees what nobody uses any more. Under the gate.</summary>
    /// <param name="most">How many runs are looked at, those that were retired first.</param>
    private void Collect(int most)
    {
        for (int count = Math.Min(most, _retired.Count); count > 0; count--)
        {
            (LiveRun Run, long[] Phases) retired = _retired.Dequeue();
            if (!_phases.ArePast(retired.Phases) || retired.Run.IsHeld)
            {
                if (retired.Run is { IsHeld: true, IsFoundHeld: false })
                {
                    retired.Run.IsFoundHeld = true;
                    Volatile.Write(ref _heldCount, _heldCount + retired.Run.Count);
                }

                _retired.Enqueue(retired);
                continue;
            }

            for (int i = retired.Run.First; i < retired.Run.First + retired.Run.Count; i++)
            {
                _used[i >> 6] &= ~(1UL << i);
            }

            Volatile.Write(ref _usedCount, _usedCount - retired.Run.Count);
            Volatile.Write(ref _retiredCount, _retiredCount - retired.Run.Count);
            Volatile.Write(ref _heldCount, _heldCount - (retired.Run.IsFoundHeld ? retired.Run.Count : 0));
        }
    }

    /// <summary>The first free segment: those used before are taken again, so that no more memory is touched than is needed.</summary>
    private int FindFree()
    {
        for (int i = 0; i < _used.Length; i++)
        {
            if (_used[i] != ulong.MaxValue)
            {
                int found = (i << 6) + BitOperations.TrailingZeroCount(~_used[i]);
                return found < SegmentCount ? found : -1;
            }
        }

        return -1;
    }

    private int FindFree(int count)
    {
        if (count == 1)
        {
            return FindFree();
        }

        int free = 0;
        for (int i = 0; i < SegmentCount; i++)
        {
            free = (_used[i >> 6] & (1UL << i)) == 0 ? free + 1 : 0;
            if (free == count)
            {
                return i - count + 1;
            }
        }

        return -1;
    }
}
