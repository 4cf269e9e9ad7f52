using System.ComponentModel;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native;

namespace Mapwire.Memory.Arenas;

/// <summary>Marks a structure that is stored in arenas or durable cells, or shared as the value of a
/// <see cref="Sharing.SharedCell{T}"/>. The package's source generator registers its
/// fields, so that its layout is known without reflection: also in trimmed and Native AOT programs.</summary>
/// <remarks>The structure, and every type of a field, must be accessible to its whole assembly: not private, not of one file. Structures
/// inside it need no attribute if they are of the same assembly. Numbers, enumerations, <see cref="Guid"/>, times and the like need
/// none.</remarks>
[AttributeUsage(AttributeTargets.Struct, Inherited = false)]
public sealed class ArenaTypeAttribute : Attribute
{
    /// <summary>Registers the fields of a structure: called by generated code when its assembly is loaded.</summary>
    /// <typeparam name="T">The structure.</typeparam>
    /// <param name="fields">Its fields in the order of their declaration.</param>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public static void Register<T>(ArenaField[] fields) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(fields);
        FieldRegistry.Add(typeof(T), new StoredStructure(RawMemory.SizeOf<T>(),
            [.. fields.Select(field => new StoredField(field.Offset, field.Type, field.Size, field.Count))]));
    }
}

/// <summary>A field of a structure that is stored in arenas: made by generated code.</summary>
/// <param name="Offset">Bytes from the beginning of the structure, as this runtime lays it out.</param>
/// <param name="Type">The type of the field, or of an element.</param>
/// <param name="Size">Bytes of it.</param>
/// <param name="Count">The number of elements, side by side; 1 for a plain field.</param>
[EditorBrowsable(EditorBrowsableState.Never)]
public readonly record struct ArenaField(int Offset, Type Type, int Size, int Count)
{
    /// <summary>Measures where a field is.</summary>
    /// <typeparam name="T">The structure.</typeparam>
    /// <typeparam name="TField">The field.</typeparam>
    /// <param name="value">A value of the structure.</param>
    /// <param name="field">Its field, or the first element of it.</param>
    /// <param name="count">The number of elements.</param>
    public static ArenaField Measure<T, TField>(ref T value, ref TField field, int count)
        where T : unmanaged where TField : unmanaged =>
        new(RawMemory.OffsetOf(ref value, ref field), typeof(TField), RawMemory.SizeOf<TField>(), count);
}
