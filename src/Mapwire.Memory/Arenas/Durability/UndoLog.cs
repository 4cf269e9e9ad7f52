using System.Runtime.CompilerServices;
using Mapwire.Memory.Native.Arenas;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>The one way in which anything in an arena changes: the old bytes are recorded in the arena first, so that whoever finds the
/// record of a change that was not finished can undo it.</summary>
/// <remarks>
/// <para>An entry is the old bytes, padded to 8, and a word that says where they belong (lower 48 bits) and how many they are (upper
/// 16). It counts from the moment when the state word includes it, which is before the change itself: a process may die between any
/// two stores. Undoing goes backwards and takes entries off one by one, so it may die too.</para>
/// <para>The upper half of the state word counts blocks that are to be freed. It is set by the store that finishes a change, so the
/// same store decides whether a change is undone or its frees are done. Blocks are not freed inside a change because their bytes would
/// be needed to undo it.</para>
/// <para>All members are called with the arena locked.</para>
/// </remarks>
internal sealed class UndoLog(ArenaSpace space)
{
    private const int MaxBytes = 8192; // of one entry

    /// <summary>The largest value that can be replaced in one change.</summary>
    public const int LargestValue = MaxBytes;

    /// <summary>Bytes in use: 0 if no change is under way. Also a point to go back to.</summary>
    public int Used => (int)(uint)State;

    /// <summary>Blocks of a finished change that are still to be freed.</summary>
    public int Frees => (int)(State >> 32);

    private ref ulong State => ref space.Word(ArenaHeader.StateAt);

    /// <summary>Records bytes that are about to be changed.</summary>
    /// <exception cref="InvalidOperationException">The change is too large to be recorded.</exception>
    public void Save(long offset, int length)
    {
        space.Changes?.Mark(offset, length);
        int used = Used, padded = (length + 7) & ~7;
        if (length > MaxBytes || used + padded + 8 > ArenaHeader.UndoCapacity)
        {
            throw new InvalidOperationException(
                $"This is too much for one change of arena '{space.Name}': {ArenaHeader.UndoCapacity} bytes of undo record are "
                + "all there is.");
        }

        long at = ArenaHeader.UndoAt + used;
        if (length == 8)
        {
            space.Word(at) = space.Word(offset);
        }
        else
        {
            space.Bytes(offset, length).CopyTo(space.Bytes(at, length));
        }

        space.Word(at + padded) = ((ulong)length << 48) | (ulong)offset;
        Volatile.Write(ref State, (State & ~0xffff_fffful) | (uint)(used + padded + 8));
        Volatile.WriteBarrier();
        FaultPoints.Reach(FaultPoint.ArenaSaved);
    }

    /// <summary>Records a word and replaces it.</summary>
    public void Set(long offset, ulong value)
    {
        Save(offset, 8);
        Put(offset, value);
    }

    /// <summary>Replaces a word that was recorded, or whose old value is not needed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(long offset, ulong value)
    {
        space.Word(offset) = value;
        FaultPoints.Reach(FaultPoint.ArenaStored);
    }

    /// <summary>Notes that bytes change which need no record: they were not in use before, or change in one store.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(long offset, long length)
    {
        if (space.Changes is ChangedLines changes)
        {
            changes.Mark(offset, length);
        }
    }

    /// <summary>Finishes the change: from this store on it stays, and its frees are to be done.</summary>
    /// <param name="frees">Blocks to free, newest first.</param>
    public void Finish(List<long> frees)
    {
        for (int i = 0; i < frees.Count; i++)
        {
            space.Word(ArenaHeader.FreesAt + (i * 8)) = (ulong)frees[i];
        }

        Finish(frees.Count);
    }

    /// <summary>Finishes the change of freeing one of them.</summary>
    public void FinishFree() => Finish(Frees - 1);

    /// <summary>The payload that is to be freed next.</summary>
    public long NextFree => (long)space.Word(ArenaHeader.FreesAt + ((Frees - 1) * 8));

    /// <summary>Undoes what was changed since a point.</summary>
    /// <param name="point">An earlier value of <see cref="Used"/>.</param>
    /// <exception cref="ArenaFormatException">The record is damaged.</exception>
    public void Rollback(int point)
    {
        for (int used = Used; used > point; used = Used)
        {
            ulong where = space.Word(ArenaHeader.UndoAt + used - 8);
            int length = (int)(where >> 48), padded = (length + 7) & ~7;
            long offset = (long)(where & 0xffff_ffff_ffff);
            bool inHeader = offset >= ArenaHeader.SizeAt && offset + length <= ArenaHeader.StateAt
                || offset >= ArenaHeader.BitmapAt && offset + length <= ArenaHeader.FreesAt;
            if (padded + 8 > used || length == 0 || (!inHeader && !space.Contains(offset, length)))
            {
                throw new ArenaFormatException(ArenaError.Damaged, space.Name, ArenaHeader.UndoAt + used - 8, "its undo log is damaged");
            }

            space.Changes?.Mark(offset, length);
            space.Bytes(ArenaHeader.UndoAt + used - 8 - padded, length).CopyTo(space.Bytes(offset, length));
            FaultPoints.Reach(FaultPoint.ArenaRestored);
            Volatile.Write(ref State, (State & ~0xffff_fffful) | (uint)(used - 8 - padded));
        }
    }

    private void Finish(int frees)
    {
        FaultPoints.Reach(FaultPoint.ArenaFinishing);
        Volatile.Write(ref State, (ulong)frees << 32);
        FaultPoints.Reach(FaultPoint.ArenaFinished);
    }
}
