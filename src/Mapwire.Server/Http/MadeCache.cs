using Mapwire.Server.Files;

namespace Mapwire.Server.Http;

/// <summary>
/// What was made of media files for HTTP: plans of segments, playlists, and the headers of segments, each once for all who ask. Within a
/// budget of bytes: what was used longest ago goes first, and is made again. What is being sent stays with whoever sends it. Any thread may
/// call it.
/// </summary>
/// <param name="maxBytes">What all of it may take.</param>
internal sealed class MadeCache(long maxBytes)
{
    private readonly Dictionary<MadeKey, LinkedListNode<Entry>> _entries = [];
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
            if (!_entries.TryGetValue(key, out LinkedListNode<Entry>? node))
            {
                return null;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return (T)node.Value.Made;
        }
    }

    /// <summary>Keeps what was made, unless another thread was faster or it alone is more than a quarter of the budget.</summary>
    /// <returns>What is to be used: the one that was there before.</returns>
    public T Add<T>(MadeKey key, T made)
        where T : class, IDerived
    {
        long size = made.ByteSize;
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out LinkedListNode<Entry>? there))
            {
                return (T)there.Value.Made;
            }

            if (size > maxBytes / 4)
            {
                return made;
            }

            _entries.Add(key, _byUse.AddFirst(new Entry(key, made, size)));
            _bytes += size;
            while (_bytes > maxBytes && _byUse.Last is { } oldest)
            {
                _byUse.RemoveLast();
                _entries.Remove(oldest.Value.Key);
                _bytes -= oldest.Value.Size;
            }
        }

        return made;
    }

    private sealed record Entry(MadeKey Key, IDerived Made, long Size);
}

/// <summary>What tells one thing that was made from another.</summary>
/// <param name="Content">What the file held: another object where it was opened anew or has grown.</param>
/// <param name="What">What was made of it.</param>
internal readonly record struct MadeKey(FileContent Content, string What)
{
    /// <summary>The same file at the same moment, and the same of it.</summary>
    public bool Equals(MadeKey other) => ReferenceEquals(Content, other.Content) && What == other.What;

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(Content), What);
}
