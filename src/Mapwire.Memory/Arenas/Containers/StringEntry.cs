using System.Text;

namespace Mapwire.Memory.Arenas;

/// <summary>An entry of a <see cref="MappedStringDictionary{TValue}"/>. Its key is looked at in place.</summary>
/// <typeparam name="TValue">The value.</typeparam>
public readonly ref struct StringEntry<TValue> where TValue : unmanaged
{
    internal StringEntry(ReadOnlySpan<byte> key, TValue value)
    {
        Utf8Key = key;
        Value = value;
    }

    /// <summary>The key in UTF-8.</summary>
    public ReadOnlySpan<byte> Utf8Key { get; }

    /// <summary>The value.</summary>
    public TValue Value { get; }

    /// <summary>The key as a new string.</summary>
    public string Key => Encoding.UTF8.GetString(Utf8Key);
}
