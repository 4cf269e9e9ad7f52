using System.Runtime.InteropServices;

namespace Mapwire.Memory.Arenas;

/// <summary>A slot of a dictionary's table.</summary>
/// <typeparam name="TKey">The key, or where it is.</typeparam>
/// <typeparam name="TValue">The value.</typeparam>
[StructLayout(LayoutKind.Sequential)]
internal struct TableEntry<TKey, TValue> where TKey : unmanaged where TValue : unmanaged
{
    /// <summary>0, <see cref="TableFields.DeletedMark"/>, or the hash with its highest bit set. It is stored last, when the rest is
    /// there.</summary>
    public uint Mark;

    /// <summary>The key.</summary>
    public TKey Key;

    /// <summary>The value.</summary>
    public TValue Value;
}
