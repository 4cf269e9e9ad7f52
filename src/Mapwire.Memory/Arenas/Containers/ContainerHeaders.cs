namespace Mapwire.Memory.Arenas;

/// <summary>The target of an offset to a <see cref="MappedList{T}"/>.</summary>
/// <typeparam name="T">The items of the list.</typeparam>
public readonly struct ListHeader<T> where T : unmanaged;

/// <summary>The target of an offset to a <see cref="MappedQueue{T}"/>.</summary>
/// <typeparam name="T">The items of the queue.</typeparam>
public readonly struct QueueHeader<T> where T : unmanaged;

/// <summary>The target of an offset to a <see cref="MappedDictionary{TKey, TValue}"/>.</summary>
/// <typeparam name="TKey">The keys.</typeparam>
/// <typeparam name="TValue">The values.</typeparam>
public readonly struct DictionaryHeader<TKey, TValue> where TKey : unmanaged where TValue : unmanaged;

/// <summary>The target of an offset to a <see cref="MappedStringDictionary{TValue}"/>.</summary>
/// <typeparam name="TValue">The values.</typeparam>
public readonly struct StringDictionaryHeader<TValue> where TValue : unmanaged;

/// <summary>Which types are targets of offsets to containers.</summary>
internal static class ContainerHeaders
{
    /// <summary>Whether a generic type definition is one. What such an offset leads to is checked when the container is opened.</summary>
    public static bool IsOne(Type definition) =>
        definition == typeof(ListHeader<>) || definition == typeof(QueueHeader<>) || definition == typeof(DictionaryHeader<,>)
        || definition == typeof(StringDictionaryHeader<>);
}
