using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>A <see cref="Dictionary{TKey, TValue}"/> that lives in an arena, with keys of a fixed size that are told apart by their
/// bytes. For strings there is <see cref="MappedStringDictionary{TValue}"/>.</summary>
/// <typeparam name="TKey">A type without references, pointers, automatic layout or padding. Its own equality and hash are not used:
/// they may differ from run to run, and 0.0 and -0.0 are two keys.</typeparam>
/// <typeparam name="TValue">A number, or structure with <see cref="ArenaTypeAttribute"/>, with its key at most 8 KiB.</typeparam>
/// <remarks>All operations on one entry take constant time on average; growing takes time in proportion to the entries. The order of
/// enumeration is none. Threads and processes: see <see cref="MappedContainer"/>.</remarks>
public sealed class MappedDictionary<TKey, TValue> : MappedTable<TKey, TValue>, IReadOnlyCollection<KeyValuePair<TKey, TValue>>
    where TKey : unmanaged where TValue : unmanaged
{
    /// <summary>Opens a dictionary.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="offset">Where it is: the <see cref="Offset"/> of an earlier view.</param>
    /// <exception cref="ArenaFormatException">There is none, or one of keys or values with another layout.</exception>
    public MappedDictionary(Arena arena, Offset<DictionaryHeader<TKey, TValue>> offset)
        : base(arena, offset.Value, BlockKind.Dictionary, TableFields.Bytes) { }

    /// <summary>Creates an empty dictionary.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="capacity">Entries to make room for.</param>
    /// <exception cref="ArgumentException">A type cannot live in an arena or be a key; the message says why.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    public MappedDictionary(Arena arena, int capacity = 0)
        : this(arena, new Offset<DictionaryHeader<TKey, TValue>>(
            Make(arena, BlockKind.Dictionary, TableFields.Bytes, FirstFields(TypeLayout.OfKey<TKey>().Fingerprint)))) =>
        EnsureCapacity(capacity);

    /// <summary>The offset of the container, to be stored in the arena or as its root.</summary>
    public Offset<DictionaryHeader<TKey, TValue>> Offset => new(Header);

    /// <summary>The value of a key. Setting puts a new entry in or replaces the value.</summary>
    /// <param name="key">The key.</param>
    /// <exception cref="KeyNotFoundException">There is no such key.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    public TValue this[TKey key]
    {
        get => TryGetValue(key, out TValue value) ? value : throw new KeyNotFoundException($"There is no key {key}.");
        set => Put(key, value, replace: true);
    }

    /// <summary>Looks a key up.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <returns>False if there is no such key.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        long at = Find(key, KeyHash.MarkOf(in key, Seed));
        if (at == 0)
        {
            Arena.ThrowIfDisposed(); // beside Dispose a search may go through empty pages
            value = default;
            return false;
        }

        value = Entry(at).Value;
        return true;
    }

    /// <summary>Whether there is a key.</summary>
    /// <param name="key">The key.</param>
    public bool ContainsKey(TKey key) => Find(key, KeyHash.MarkOf(in key, Seed)) != 0;

    /// <summary>Puts a new entry in.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">There is such a key already.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    public void Add(TKey key, TValue value)
    {
        if (!TryAdd(key, value))
        {
            throw new ArgumentException($"There is a key {key} already.", nameof(key));
        }
    }

    /// <summary>Puts a new entry in.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <returns>False if there is such a key already; nothing is changed then.</returns>
    /// <exception cref="IOException">The arena is full.</exception>
    public bool TryAdd(TKey key, TValue value) => Put(key, value, replace: false);

    /// <summary>Takes an entry out.</summary>
    /// <param name="key">Its key.</param>
    /// <returns>False if there is no such key.</returns>
    public bool Remove(TKey key) => Remove(key, out _);

    /// <summary>Takes an entry out.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="value">Its value.</param>
    /// <returns>False if there is no such key.</returns>
    public bool Remove(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        using ArenaChange change = Arena.BeginChange();
        long at = Find(key, KeyHash.MarkOf(in key, Seed));
        value = at == 0 ? default : Entry(at).Value;
        if (at != 0)
        {
            RemoveAt(at);
        }

        change.Complete();
        return at != 0;
    }

    /// <summary>The value of a key in place, to write; put in as all zero if there is none. Otherwise like
    /// <see cref="Arena.Edit{T}(Offset{T})"/>; good until the next entry is put in.</summary>
    /// <param name="key">The key.</param>
    /// <param name="exists">Whether there was one.</param>
    /// <exception cref="IOException">The arena is full.</exception>
    public ref TValue GetValueRefOrAddDefault(TKey key, out bool exists)
    {
        uint mark = KeyHash.MarkOf(in key, Seed);
        using ArenaChange change = Arena.BeginChange();
        long at = Find(key, mark);
        exists = at != 0;
        if (!exists)
        {
            at = Insert(mark, key, default);
        }

        change.Complete();
        return ref Arena.Edit(ValueOf(at));
    }

    /// <summary>Frees it with its entries. No view of it may be used after that.</summary>
    public void Delete()
    {
        using ArenaChange change = Arena.BeginChange();
        ReleaseAll(TableFields.Table);
        change.Complete();
    }

    /// <summary>Goes through the entries in no order.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<KeyValuePair<TKey, TValue>> IEnumerable<KeyValuePair<TKey, TValue>>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private bool Put(TKey key, TValue value, bool replace)
    {
        uint mark = KeyHash.MarkOf(in key, Seed);
        using ArenaChange change = Arena.BeginChange();
        long at = Find(key, mark);
        if (at == 0)
        {
            Insert(mark, key, value);
        }
        else if (replace)
        {
            Replace(at, value);
        }

        change.Complete();
        return at == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long Find(in TKey key, uint mark)
    {
        long table = Table(out uint mask);
        if (table == 0)
        {
            return 0;
        }

        uint slot = mark & mask;
        for (uint steps = 0; steps <= mask; steps++)
        {
            long at = table + ((long)slot * EntrySize);
            ref TableEntry<TKey, TValue> entry = ref Entry(at);
            if (entry.Mark == mark && KeyHash.Equal(in entry.Key, in key))
            {
                return at;
            }

            if (entry.Mark == 0)
            {
                break;
            }

            slot = (slot + 1) & mask;
        }

        return 0;
    }

    /// <summary>Goes through the entries without allocating.</summary>
    public struct Enumerator : IEnumerator<KeyValuePair<TKey, TValue>>
    {
        private readonly MappedDictionary<TKey, TValue> _dictionary;
        private readonly ulong _version;
        private long _slot;

        internal Enumerator(MappedDictionary<TKey, TValue> dictionary)
        {
            _dictionary = dictionary;
            _version = dictionary.Version;
        }

        /// <summary>The entry.</summary>
        public KeyValuePair<TKey, TValue> Current { get; private set; }

        readonly object IEnumerator.Current => Current;

        /// <summary>Goes on to the next entry.</summary>
        /// <exception cref="InvalidOperationException">Entries were put in or taken out.</exception>
        public bool MoveNext()
        {
            if (_version != _dictionary.Version)
            {
                throw new InvalidOperationException("The dictionary has changed.");
            }

            long table = _dictionary.Table(out uint mask);
            while (table != 0 && _slot <= mask)
            {
                ref TableEntry<TKey, TValue> entry = ref _dictionary.Entry(table + (_slot++ * EntrySize));
                if (entry.Mark < TableFields.UsedMark)
                {
                    continue;
                }

                Current = new KeyValuePair<TKey, TValue>(entry.Key, entry.Value);
                return true;
            }

            return false;
        }

        /// <summary>Begins again.</summary>
        public void Reset() => _slot = 0;

        /// <summary>Does nothing.</summary>
        public readonly void Dispose() { }
    }
}
