using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Mapwire.Memory.Formats;

/// <summary>A field of a structure that is stored.</summary>
/// <param name="Offset">Bytes from the beginning of the structure, as this runtime lays it out.</param>
/// <param name="Type">The type of the field, or of an element.</param>
/// <param name="Size">Bytes of it.</param>
/// <param name="Count">The number of elements, side by side; 1 for a plain field.</param>
internal readonly record struct StoredField(int Offset, Type Type, int Size, int Count);

/// <summary>States that a structure of this library consists of numbers of one type; of generic structures too, which have no single
/// entry in the registry.</summary>
/// <param name="type">The type of the numbers.</param>
/// <param name="count">How many; 0 for a structure that only names a type.</param>
[AttributeUsage(AttributeTargets.Struct, Inherited = false)]
internal sealed class StoredAsAttribute(Type type, int count) : Attribute
{
    public Type Type => type;

    public int Count => count;
}

/// <summary>A structure whose fields are known.</summary>
/// <param name="Size">Its bytes.</param>
/// <param name="Fields">Each at its offset.</param>
internal sealed record StoredStructure(int Size, StoredField[] Fields);

/// <summary>The fields of structures, as code that the source generator wrote has registered them.</summary>
internal static class FieldRegistry
{
    private static readonly ConcurrentDictionary<Type, StoredStructure> Registered = new();

    public static void Add(Type type, StoredStructure structure) => Registered.TryAdd(type, structure);

    /// <summary>A registered structure, or null.</summary>
    public static StoredStructure? Find(Type type)
    {
        if (Registered.TryGetValue(type, out StoredStructure? structure))
        {
            return structure;
        }

        // An assembly of which nothing but a type argument was used so far is not initialized yet.
        RuntimeHelpers.RunModuleConstructor(type.Module.ModuleHandle);
        return Registered.GetValueOrDefault(type);
    }
}
