using System.Security.Cryptography;
using System.Text;

namespace Mapwire.Server.Live;

/// <summary>Who may publish: whoever knows the key of the stream, or the one of all streams.</summary>
/// <remarks>Keys are kept as hashes, and compared in a time that says nothing of them.</remarks>
internal sealed class PublishKeys
{
    private readonly byte[][] _ofAll;
    private readonly Dictionary<string, byte[][]> _ofStreams;

    /// <param name="keys">Each a key of all streams, or <c>NAME=KEY</c>.</param>
    public PublishKeys(IEnumerable<PublishKey> keys)
    {
        ILookup<string, byte[]> byStream = keys.ToLookup(static key => key.Stream ?? "", static key => HashOf(key.Key));
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
    public bool Allows(string stream, string? key)
    {
        if (IsOpen)
        {
            return true;
        }

        byte[] sent = HashOf(key ?? "");
        bool isRight = false;
        foreach (byte[] known in _ofStreams.GetValueOrDefault(stream, _ofAll))
        {
            isRight |= CryptographicOperations.FixedTimeEquals(sent, known);
        }

        return isRight && key is { Length: > 0 };
    }

    private static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}

/// <summary>A key that lets publish.</summary>
/// <param name="Stream">The stream that it is of; null for all that have none of their own.</param>
/// <param name="Key">The key.</param>
public sealed record PublishKey(string? Stream, string Key)
{
    /// <inheritdoc/>
    public override string ToString() => Stream ?? "all streams"; // never the key
}
