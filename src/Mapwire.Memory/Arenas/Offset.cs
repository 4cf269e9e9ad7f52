using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>Where a value is in an arena, counted from the arena's base: what a pointer would be, but true at every address and in
/// every process. It may be stored in the arena itself.</summary>
/// <typeparam name="T">What is there: a type without references, pointers or automatic layout.</typeparam>
/// <remarks>It is followed by <see cref="Arena.Get{T}(Offset{T})"/> and its relatives, which check that the value is inside the arena.
/// That it is a <typeparamref name="T"/> and still allocated is the program's to know, as with any pointer; a wrong one gives wrong
/// bytes of the arena and never touches memory beside it.</remarks>
/// <param name="Value">Bytes from the base; 0 is null.</param>
[StoredAs(typeof(long), 1)]
public readonly record struct Offset<T>(long Value) where T : unmanaged
{
    /// <summary>Whether it leads nowhere.</summary>
    public bool IsNull => Value == 0;

    /// <summary>The offset of a value that lies some values further on, as in an array.</summary>
    /// <param name="index">How many values.</param>
    public Offset<T> Plus(long index) => new(Value + (index * Native.Arenas.ArenaMemory.SizeOf<T>()));

    /// <inheritdoc/>
    public override string ToString() => IsNull ? "null" : $"0x{Value:x}";
}
