using System.Runtime.CompilerServices;
using Mapwire.Server.Files;

namespace Mapwire.Server.Http;

/// <summary>
/// What was made of media files for HTTP: plans of segments, playlists, and the headers of segments, each once for all who ask. Within a
/// budget of bytes: what was used longest ago goes first, and is made again. What is being sent stays with whoever sends it; and what alone
/// is more than a quarter of the budget, such as the clip of a long film, is found again only as long as somebody is sent it. Any thread
/// may call it.
/// </summary>
/// <remarks>
/// What was made of a state of a file lives no longer than that state: plans lead to the tables of samples, which are some times as large
/// as all that is counted here, and nobody asks for those of a recording as it was before it grew, or of a film that was closed.
/// </remarks>
/// <param name="maxBytes">What all of it may take.</param>
internal sealed class MadeCache(long maxBytes)
{
    private readonly ConditionalWeakTable<FileContent, Shelf> _shelves = [];
    private readonly LinkedList<Entry> _byUse = new(); // the one used last is first
    private readonly Lock _gate = new();
    private long _bytes;

    /// <summary>What all of it takes now, in bytes.</summary>
    public long ByteSize
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>What was made; null when it was not, or is gone.</summary>
    public T? Find<T>(MadeKey key)
        where T : class, IDerived
    {
        lock (_gate)
        {
            if (!TryFind(key, out Thing thing))
            {
                return _shelves.TryGetValue(key.Content, out Shelf? shelf) ? (T?)shelf.FindLarge(key.What) : null;
            }

            _byUse.Remove(thing.Use);
            _byUse.AddFirst(thing.Use);
            Weigh(thing);
            return (T)thing.Made;
        }
    }

    /// <summary>Keeps what was made, unless another thread was faster or it alone is more than a quarter of the budget.</summary>
    /// <returns>What is to be used: the one that was there before.</returns>
    public T Add<T>(MadeKey key, T made)
        where T : class, IDerived
    {
        long size = SizeOf(key.What, made);
        lock (_gate)
        {
            if (TryFind(key, out Thing there))
            {
                return (T)there.Made;
            }

            if (!_shelves.TryGetValue(key.Content, out Shelf? shelf))
            {
                shelf = new Shelf();
                _shelves.Add(key.Content, shelf);
                ForgetStatesThatAreOver();
            }

            if (size > maxBytes / 4)
            {
                shelf.KeepLarge(key.What, made);
                return made;
            }

            shelf.Things.Add(key.What, new Thing(made, _byUse.AddFirst(new Entry(shelf.Reference, key.What, size))));
            _bytes += size;
            KeepBudget();
        }

        return made;
    }

    /// <summary>Counts what a thing takes by now: a plan has more and more made of it, such as the key pictures.</summary>
    private void Weigh(Thing thing)
    {
        long size = SizeOf(thing.Use.Value.What, thing.Made);
        _bytes += size - thing.Use.Value.Size;
        thing.Use.Value.Size = size;
        if (size > maxBytes / 4)
        {
            Forget(thing.Use);
        }

        KeepBudget();
    }

    /// <summary>A wish may be as long as what it comes to.</summary>
    private static long SizeOf(string what, IDerived made) => made.ByteSize + (sizeof(char) * (long)what.Length);

    private void KeepBudget()
    {
        while (_bytes > maxBytes && _byUse.Last is { } oldest)
        {
            Forget(oldest);
        }
    }

    private bool TryFind(MadeKey key, out Thing thing)
    {
        thing = default;
        return _shelves.TryGetValue(key.Content, out Shelf? shelf) && shelf.Things.TryGetValue(key.What, out thing);
    }

    private void ForgetStatesThatAreOver()
    {
        LinkedListNode<Entry>? next = _byUse.First;
        while (next is { } entry)
        {
            next = entry.Next;
            if (!entry.Value.Shelf.TryGetTarget(out _))
            {
                Forget(entry);
            }
        }
    }

    private void Forget(LinkedListNode<Entry> entry)
    {
        _byUse.Remove(entry);
        _bytes -= entry.Value.Size;
        if (entry.Value.Shelf.TryGetTarget(out Shelf? shelf))
        {
            shelf.Things.Remove(entry.Value.What);
        }
    }

    /// <summary>What was made of one state of a file. Held by the table as long as that state is held by others.</summary>
    private sealed class Shelf
    {
        private readonly Dictionary<string, WeakReference<IDerived>> _large = new(StringComparer.Ordinal);

        public Shelf() => Reference = new WeakReference<Shelf>(this);

        public WeakReference<Shelf> Reference { get; }

        public Dictionary<string, Thing> Things { get; } = new(StringComparer.Ordinal);

        /// <summary>What was too large to be kept, where somebody else keeps it.</summary>
        public IDerived? FindLarge(string what) =>
            _large.TryGetValue(what, out WeakReference<IDerived>? large) && large.TryGetTarget(out IDerived? made) ? made : null;

        /// <summary>Has it found as long as somebody else keeps it.</summary>
        public void KeepLarge(string what, IDerived made)
        {
            foreach ((string other, WeakReference<IDerived> reference) in _large)
            {
                if (!reference.TryGetTarget(out _))
                {
                    _large.Remove(other);
                }
            }

            _large[what] = new WeakReference<IDerived>(made);
        }
    }

    private readonly record struct Thing(IDerived Made, LinkedListNode<Entry> Use);

    private sealed class Entry(WeakReference<Shelf> shelf, string what, long size)
    {
        public WeakReference<Shelf> Shelf => shelf;

        public string What => what;

        public long Size { get; set; } = size;
    }
}

/// <summary>What tells one thing that was made from another.</summary>
/// <param name="Content">What the file held: another object where it was opened anew or has grown.</param>
/// <param name="What">What was made of it.</param>
internal readonly record struct MadeKey(FileContent Content, string What);
