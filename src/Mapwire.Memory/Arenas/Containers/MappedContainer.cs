using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Arenas;

namespace Mapwire.Memory.Arenas;

/// <summary>A container whose header and contents are in an arena. The object itself is only a view, made anew by every run and process
/// from the header's offset; any number of views of one container work side by side.</summary>
/// <remarks>Changes take the arena's lock and are whole or not made. Reads take none: beside writers, hold the arena
/// (<see cref="Arena.EnterScope"/>). A member may throw <see cref="ArenaFormatException"/> where the arena's bytes make no sense.</remarks>
public abstract class MappedContainer
{
    private readonly BlockKind _kind;
    private readonly nint _address; // of the header, which never moves

    private protected MappedContainer(Arena arena, long header, BlockKind kind, int headerBytes)
    {
        ArgumentNullException.ThrowIfNull(arena);
        arena.ThrowIfDisposed();
        Arena = arena;
        Header = header;
        _kind = kind;
        Space = arena.Space;
        _address = Space.Base + (nint)header;
        if (!arena.Transactions.Reaches(header, headerBytes) || arena.Transactions.Heap.PayloadOf(header, kind) < headerBytes)
        {
            arena.ThrowIfDisposed();
            throw new ArenaFormatException(ArenaError.Damaged, arena.Name, header, $"there is no {kind} here");
        }
    }

    /// <summary>The arena.</summary>
    public Arena Arena { get; }

    private protected long Header { get; }

    private protected ArenaSpace Space { get; }

    private protected UndoLog Undo => Arena.Undo;

    /// <summary>Takes memory for a header that is all zero but for its first fields.</summary>
    private protected static long Make(Arena arena, BlockKind kind, int bytes, ReadOnlySpan<ulong> first)
    {
        ArgumentNullException.ThrowIfNull(arena);
        using ArenaChange change = arena.BeginChange();
        long header = arena.Transactions.Heap.Allocate(bytes, SizeClass.Unit, kind);
        arena.Transactions.Clear(header, bytes);
        for (int i = 0; i < first.Length; i++)
        {
            arena.Space.Word(header + (i * 8)) = first[i];
        }

        change.Complete();
        return header;
    }

    /// <summary>A word of the header.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected ref ulong Field(int field)
    {
        if (Space.Length == 0)
        {
            ThrowDisposed();
        }

        return ref ArenaMemory.At<ulong>(_address + field);
    }

    /// <summary>A word of the header just behind a look at another one, which has seen that the pages are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected ref ulong NextField(int field) => ref ArenaMemory.At<ulong>(_address + field);

    private protected void RequireLayout(int field, ulong layout, Type type)
    {
        if (Field(field) != layout)
        {
            Arena.ThrowIfDisposed();
            throw new ArenaFormatException(ArenaError.OtherLayout, Arena.Name, Header + field,
                $"what is in the {_kind} is not laid out like {type}");
        }
    }

    /// <summary>Gives back what a field refers to and then the header, when the change is complete.</summary>
    private protected void ReleaseAll(params ReadOnlySpan<int> fields)
    {
        foreach (int field in fields)
        {
            if (Field(field) != 0)
            {
                Arena.Transactions.Release((long)Field(field), BlockKind.Contents);
            }
        }

        Arena.Transactions.Release(Header, _kind);
    }

    /// <summary>Checks that a range that the header tells of is in the arena.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void RequireInside(long offset, long bytes)
    {
        if (!Space.Contains(offset, bytes) && !Arena.Transactions.Reaches(offset, bytes))
        {
            ThrowDamaged();
        }
    }

    /// <summary>As <see cref="RequireInside(long, long)"/>, for one value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void RequireInside<T>(long offset) where T : unmanaged
    {
        if (!Space.Contains<T>(offset) && !Arena.Transactions.Reaches(offset, RawMemory.SizeOf<T>()))
        {
            ThrowDamaged();
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowDisposed() => throw new ObjectDisposedException(typeof(Arena).FullName);

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected void ThrowDamaged()
    {
        Arena.ThrowIfDisposed(); // beside Dispose a read may find empty pages
        throw new ArenaFormatException(ArenaError.Damaged, Arena.Name, Header, $"the {_kind} here is damaged");
    }
}
