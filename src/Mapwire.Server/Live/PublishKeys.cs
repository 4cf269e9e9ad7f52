using System.Security.Cryptography;
using System.Text;

namespace Mapwire.Server.Live;

/// <summary>Who may publish: whoever knows the key of the stream, or the one of all streams.</summary>
/// <remarks>
/// Keys are compared as hashes, in a time that says nothing of them. They are kept as they are, too: an encoder that proves that it knows
/// one sends a hash of that and of other things (<see cref="PublisherChallenges"/>).
/// </remarks>
internal sealed class PublishKeys
{
    private readonly byte[][] _texts; // each once, whatever it opens
    private readonly byte[][] _ofAll;
    private readonly Dictionary<string, byte[][]> _ofStreams;

    /// <param name="keys">Each a key of all streams, or <c>NAME=KEY</c>.</param>
    public PublishKeys(IEnumerable<PublishKey> keys)
    {
        PublishKey[] all = [.. keys];
        _texts = [.. all.Select(static key => key.Key).Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)];
        ILookup<string, byte[]> byStream =
            all.ToLookup(static key => key.Stream ?? "", static key => HashOf(Encoding.UTF8.GetBytes(key.Key)));
        _ofAll = [.. byStream[""]];
        _ofStreams = byStream.Where(static group => group.Key.Length > 0)
            .ToDictionary(static group => group.Key, static group => group.ToArray(), StringComparer.Ordinal);
    }

    private PublishKeys() : this([]) => IsOpen = true;

    /// <summary>Everybody may publish.</summary>
    public static PublishKeys Open { get; } = new();

    /// <summary>Whether everybody may publish.</summary>
    public bool IsOpen { get; }

    /// <summary>Whether nobody may: there is no key.</summary>
    public bool IsClosed => !IsOpen && _ofAll.Length == 0 && _ofStreams.Count == 0;

    /// <summary>Whether a key is right for a stream. A stream that has a key of its own is not opened by the one of all.</summary>
    /// <param name="stream">Its name.</param>
    /// <param name="key">As sent; null for none.</param>
    /// <param name="proven">The one that was proven at connect (<see cref="FindProven"/>); null for none.</param>
    public bool Allows(string stream, string? key, byte[]? proven = null) =>
        IsOpen
        || (IsOf(stream, HashOf(Encoding.UTF8.GetBytes(key ?? ""))) && key is { Length: > 0 })
        || (proven is not null && IsOf(stream, proven));

    /// <summary>The key that a client proves to know. Each is tried, also behind the one that is found.</summary>
    /// <param name="proves">Whether the client proves to know a key.</param>
    /// <returns>What <see cref="Allows"/> takes, which is not the key; null where it is none of them.</returns>
    public byte[]? FindProven(Predicate<byte[]> proves)
    {
        byte[]? found = null;
        foreach (byte[] text in _texts)
        {
            found = proves(text) ? HashOf(text) : found;
        }

        return found;
    }

    private bool IsOf(string stream, byte[] hash)
    {
        bool isRight = false;
        foreach (byte[] known in _ofStreams.GetValueOrDefault(stream, _ofAll))
        {
            isRight |= CryptographicOperations.FixedTimeEquals(hash, known);
        }

        return isRight;
    }

    private static byte[] HashOf(byte[] key) => SHA256.HashData(key);
}

/// <summary>A key that lets publish.</summary>
/// <param name="Stream">The stream that it is of; null for all that have none of their own.</param>
/// <param name="Key">The key.</param>
public sealed record PublishKey(string? Stream, string Key)
{
    /// <inheritdoc/>
    public override string ToString() => Stream ?? "all streams"; // never the key
}
