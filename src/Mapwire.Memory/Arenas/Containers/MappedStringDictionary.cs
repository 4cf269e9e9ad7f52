using System.Diagnostics.CodeAnalysis;
using System.Text;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Arenas;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>A <see cref="Dictionary{TKey, TValue}"/> by strings that lives in an arena. Keys are kept in UTF-8, one behind the other, and
/// told apart by their bytes.</summary>
/// <typeparam name="TValue">A number, or structure with <see cref="ArenaTypeAttribute"/>, at most 8 KiB.</typeparam>
/// <remarks>All operations on one entry take constant time on average, and time in proportion to the key's length; growing takes time in
/// proportion to the entries. All keys together have at most 4 GiB. The order of enumeration is none. Threads and processes: see
/// <see cref="MappedContainer"/>.</remarks>
public sealed class MappedStringDictionary<TValue> : MappedTable<TextKey, TValue> where TValue : unmanaged
{
    private const int MinText = 256;
    private (long Text, ulong Room, ulong Used) _moving; // the text of a new table while it is made; 0 if keys stay where they are

    /// <summary>Opens a dictionary.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="offset">Where it is: the <see cref="Offset"/> of an earlier view.</param>
    /// <exception cref="ArenaFormatException">There is none, or one of values with another layout.</exception>
    public MappedStringDictionary(Arena arena, Offset<StringDictionaryHeader<TValue>> offset)
        : base(arena, offset.Value, BlockKind.StringDictionary, TableFields.StringBytes) { }

    /// <summary>Creates an empty dictionary.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="capacity">Entries to make room for.</param>
    /// <exception cref="ArgumentException">The type cannot live in an arena; the message says why.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    public MappedStringDictionary(Arena arena, int capacity = 0)
        : this(arena, new Offset<StringDictionaryHeader<TValue>>(
            Make(arena, BlockKind.StringDictionary, TableFields.StringBytes, FirstFields(TypeLayout.Of<TextKey>().Fingerprint)))) =>
        EnsureCapacity(capacity);

    /// <summary>The offset of the container, to be stored in the arena or as its root.</summary>
    public Offset<StringDictionaryHeader<TValue>> Offset => new(Header);

    /// <summary>The value of a key. Setting puts a new entry in or replaces the value.</summary>
    /// <param name="key">The key.</param>
    /// <exception cref="KeyNotFoundException">There is no such key.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    public TValue this[ReadOnlySpan<char> key]
    {
        get => TryGetValue(key, out TValue value) ? value : throw new KeyNotFoundException($"There is no key '{key}'.");
        set
        {
            using Utf8Text text = new(key, stackalloc byte[Utf8Text.OnStack]);
            Put(text.Bytes, value, replace: true);
        }
    }

    /// <summary>The value of a key in UTF-8; otherwise like the other indexer.</summary>
    /// <param name="key">The key.</param>
    /// <exception cref="KeyNotFoundException">There is no such key.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    public TValue this[ReadOnlySpan<byte> key]
    {
        get => TryGetValue(key, out TValue value)
            ? value
            : throw new KeyNotFoundException($"There is no key '{Encoding.UTF8.GetString(key)}'.");
        set => Put(key, value, replace: true);
    }

    /// <summary>Looks a key up.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <returns>False if there is no such key.</returns>
    public bool TryGetValue(ReadOnlySpan<char> key, [MaybeNullWhen(false)] out TValue value)
    {
        using Utf8Text text = new(key, stackalloc byte[Utf8Text.OnStack]);
        return TryGetValue(text.Bytes, out value);
    }

    /// <summary>Looks a key in UTF-8 up.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <returns>False if there is no such key.</returns>
    public bool TryGetValue(ReadOnlySpan<byte> key, [MaybeNullWhen(false)] out TValue value)
    {
        long at = Find(key, KeyHash.MarkOf(key, Seed));
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
    public bool ContainsKey(ReadOnlySpan<char> key) => TryGetValue(key, out _);

    /// <summary>Whether there is a key in UTF-8.</summary>
    /// <param name="key">The key.</param>
    public bool ContainsKey(ReadOnlySpan<byte> key) => Find(key, KeyHash.MarkOf(key, Seed)) != 0;

    /// <summary>Puts a new entry in.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">There is such a key already.</exception>
    /// <exception cref="IOException">The arena is full, or the keys have 4 GiB.</exception>
    public void Add(ReadOnlySpan<char> key, TValue value)
    {
        if (!TryAdd(key, value))
        {
            throw new ArgumentException($"There is a key '{key}' already.", nameof(key));
        }
    }

    /// <summary>Puts a new entry in.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <returns>False if there is such a key already; nothing is changed then.</returns>
    /// <exception cref="IOException">The arena is full, or the keys have 4 GiB.</exception>
    public bool TryAdd(ReadOnlySpan<char> key, TValue value)
    {
        using Utf8Text text = new(key, stackalloc byte[Utf8Text.OnStack]);
        return TryAdd(text.Bytes, value);
    }

    /// <summary>Puts a new entry in whose key is in UTF-8.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <returns>False if there is such a key already; nothing is changed then.</returns>
    /// <exception cref="IOException">The arena is full, or the keys have 4 GiB.</exception>
    public bool TryAdd(ReadOnlySpan<byte> key, TValue value) => Put(key, value, replace: false);

    /// <summary>Takes an entry out.</summary>
    /// <param name="key">Its key.</param>
    /// <returns>False if there is no such key.</returns>
    public bool Remove(ReadOnlySpan<char> key)
    {
        using Utf8Text text = new(key, stackalloc byte[Utf8Text.OnStack]);
        return Remove(text.Bytes);
    }

    /// <summary>Takes an entry out whose key is in UTF-8.</summary>
    /// <param name="key">Its key.</param>
    /// <returns>False if there is no such key.</returns>
    public bool Remove(ReadOnlySpan<byte> key)
    {
        using ArenaChange change = Arena.BeginChange();
        long at = Find(key, KeyHash.MarkOf(key, Seed));
        if (at != 0)
        {
            Undo.Set(Header + TableFields.TextLost, Field(TableFields.TextLost) + Entry(at).Key.Length);
            RemoveAt(at);
        }

        change.Complete();
        return at != 0;
    }

    /// <summary>The value of a key in UTF-8 in place, to write; put in as all zero if there is none. Otherwise like
    /// <see cref="Arena.Edit{T}(Offset{T})"/>; good until the next entry is put in.</summary>
    /// <param name="key">The key.</param>
    /// <param name="exists">Whether there was one.</param>
    /// <exception cref="IOException">The arena is full, or the keys have 4 GiB.</exception>
    public ref TValue GetValueRefOrAddDefault(ReadOnlySpan<byte> key, out bool exists)
    {
        uint mark = KeyHash.MarkOf(key, Seed);
        using ArenaChange change = Arena.BeginChange();
        long at = Find(key, mark);
        exists = at != 0;
        if (!exists)
        {
            at = Insert(mark, Append(key), default);
        }

        change.Complete();
        return ref Arena.Edit(ValueOf(at));
    }

    /// <summary>Frees it with its entries. No view of it may be used after that.</summary>
    public void Delete()
    {
        using ArenaChange change = Arena.BeginChange();
        ReleaseAll(TableFields.Table, TableFields.Text);
        change.Complete();
    }

    /// <summary>Goes through the entries in no order.</summary>
    public Enumerator GetEnumerator() => new(this);

    private protected override TextKey MoveKey(TextKey key)
    {
        if (_moving.Text == 0)
        {
            return key;
        }

        ReadOnlySpan<byte> bytes = TextOf(key);
        if (_moving.Used + key.Length > _moving.Room)
        {
            ThrowDamaged(); // keys that share bytes
        }

        bytes.CopyTo(Space.Bytes(_moving.Text + (long)_moving.Used, bytes.Length));
        TextKey moved = new((uint)_moving.Used, key.Length);
        _moving.Used += key.Length;
        return moved;
    }

    private protected override void DropContents()
    {
        base.DropContents();
        SetText(0, 0, 0);
    }

    private bool Put(ReadOnlySpan<byte> key, TValue value, bool replace)
    {
        uint mark = KeyHash.MarkOf(key, Seed);
        using ArenaChange change = Arena.BeginChange();
        long at = Find(key, mark);
        if (at == 0)
        {
            Insert(mark, Append(key), value);
        }
        else if (replace)
        {
            Replace(at, value);
        }

        change.Complete();
        return at == 0;
    }

    private long Find(ReadOnlySpan<byte> key, uint mark)
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
            ref TableEntry<TextKey, TValue> entry = ref Entry(at);
            if (entry.Mark == mark && entry.Key.Length == (uint)key.Length && TextOf(entry.Key).SequenceEqual(key))
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

    private ReadOnlySpan<byte> TextOf(TextKey key)
    {
        if (key.Length == 0)
        {
            return []; // perhaps there is no text yet
        }

        long at = (long)Field(TableFields.Text) + key.Start;
        if ((int)key.Length < 0)
        {
            ThrowDamaged();
        }

        RequireInside(at, key.Length);
        return ArenaMemory.Span<byte>(Space.Base + (nint)at, (int)key.Length);
    }

    /// <summary>Puts the bytes of a key behind the others, where no entry has bytes: texts only grow.</summary>
    private TextKey Append(ReadOnlySpan<byte> key)
    {
        ulong used = Field(TableFields.TextUsed);
        if (used + (ulong)key.Length > Field(TableFields.TextCapacity))
        {
            GrowText((ulong)key.Length);
            used = Field(TableFields.TextUsed);
        }

        long at = (long)Field(TableFields.Text) + (long)used;
        if (used > uint.MaxValue)
        {
            ThrowDamaged();
        }

        if (key.Length > 0)
        {
            RequireInside(at, key.Length);
            Undo.Touch(at, key.Length);
            key.CopyTo(Space.Bytes(at, key.Length));
            FaultPoints.Reach(FaultPoint.ArenaCopied);
            Undo.Set(Header + TableFields.TextUsed, used + (ulong)key.Length);
        }

        return new TextKey((uint)used, (uint)key.Length);
    }

    /// <summary>Moves the text to where there is more room; without the keys that are gone if they are half of it.</summary>
    private void GrowText(ulong more)
    {
        ulong used = Field(TableFields.TextUsed), lost = Field(TableFields.TextLost);
        if (lost > used)
        {
            ThrowDamaged();
        }

        bool compact = lost * 2 > used;
        ulong keeps = compact ? used - lost : used;
        ulong wanted = Math.Min(Math.Max(MinText, 2 * (keeps + more)), uint.MaxValue);
        if (keeps + more > wanted)
        {
            throw new IOException($"The keys of a dictionary of arena '{Arena.Name}' would have more than 4 GiB.");
        }

        long old = (long)Field(TableFields.Text), text = Arena.Transactions.Heap.Allocate((long)wanted, SizeClass.Unit, BlockKind.Contents);
        Undo.Touch(text, (long)keeps);
        if (compact)
        {
            _moving = (text, keeps, 0);
            try
            {
                Rehash(Count);
            }
            finally
            {
                _moving = default;
            }
        }
        else if (used > 0)
        {
            RequireInside(old, (long)used);
            ArenaMemory.Copy(Space.Base + (nint)old, Space.Base + (nint)text, (long)used);
        }

        FaultPoints.Reach(FaultPoint.ArenaCopied);
        SetText(text, wanted, keeps);
        if (!compact)
        {
            Undo.Set(Header + TableFields.TextLost, lost);
        }
    }

    private void SetText(long text, ulong capacity, ulong used)
    {
        if (Field(TableFields.Text) != 0)
        {
            Arena.Transactions.Release((long)Field(TableFields.Text), BlockKind.Contents);
        }

        Undo.Save(Header + TableFields.Text, 32);
        Undo.Put(Header + TableFields.Text, (ulong)text);
        Undo.Put(Header + TableFields.TextCapacity, capacity);
        Undo.Put(Header + TableFields.TextUsed, used);
        Undo.Put(Header + TableFields.TextLost, 0);
    }

    /// <summary>Goes through the entries without allocating.</summary>
    public ref struct Enumerator
    {
        private readonly MappedStringDictionary<TValue> _dictionary;
        private readonly ulong _version;
        private long _slot;

        internal Enumerator(MappedStringDictionary<TValue> dictionary)
        {
            _dictionary = dictionary;
            _version = dictionary.Version;
            Current = default;
        }

        /// <summary>The entry.</summary>
        public StringEntry<TValue> Current { get; private set; }

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
                ref TableEntry<TextKey, TValue> entry = ref _dictionary.Entry(table + (_slot++ * EntrySize));
                if (entry.Mark < TableFields.UsedMark)
                {
                    continue;
                }

                Current = new StringEntry<TValue>(_dictionary.TextOf(entry.Key), entry.Value);
                return true;
            }

            return false;
        }
    }
}

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

/// <summary>Where the key of an entry is in the text of a <see cref="MappedStringDictionary{TValue}"/>.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">Bytes.</param>
[StoredAs(typeof(uint), 2)]
public readonly record struct TextKey(uint Start, uint Length);
