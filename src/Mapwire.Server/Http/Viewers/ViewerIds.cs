using System.Buffers.Binary;
using System.Security.Cryptography;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http.Viewers;

/// <summary>
/// Ids of viewers, as they stand in addresses: a number by chance, and a proof that this server gave it out. So nothing has to be kept of
/// an id before it is used, and one that was made up is known as such. Any thread may call it.
/// </summary>
internal sealed class ViewerIds
{
    /// <summary>
    /// Bytes of the number: among 16,384 viewers two have the same with a chance of one in two million, and are then seen as one.
    /// </summary>
    private const int NumberLength = 6;

    /// <summary>Bytes of the proof. Who guesses one has what every playlist gives.</summary>
    private const int ProofLength = 6;

    /// <summary>
    /// What stands for an id in playlists and MPDs that are made once for all viewers: no id, and of a character that their addresses have
    /// nowhere else, since names of files are percent-encoded there (RFC 3986, section 3.3, has no '[' in a path).
    /// </summary>
    public static string Placeholder { get; } = new('[', 2 * (NumberLength + ProofLength));

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    /// <summary>An id that nobody has yet.</summary>
    /// <param name="protocol">HLS or DASH: the addresses of their segments are the same.</param>
    public string Create(PlayerProtocol protocol)
    {
        Span<byte> id = stackalloc byte[NumberLength + ProofLength];
        RandomNumberGenerator.Fill(id[..NumberLength]);
        id[0] = (byte)((id[0] & ~1) | (protocol == PlayerProtocol.Dash ? 1 : 0));
        Prove(id[..NumberLength], id[NumberLength..]);
        return Convert.ToHexStringLower(id);
    }

    /// <summary>Reads an id.</summary>
    /// <param name="text">As it stands in an address; null for none.</param>
    /// <param name="number">Which viewer it is.</param>
    /// <param name="protocol">HLS or DASH.</param>
    /// <returns>Whether it was given out here, since the server was started.</returns>
    public bool TryRead(string? text, out ulong number, out PlayerProtocol protocol)
    {
        number = 0;
        protocol = PlayerProtocol.Hls;
        Span<byte> id = stackalloc byte[sizeof(ulong) + ProofLength];
        Span<byte> proof = stackalloc byte[ProofLength];
        if (text is null || text.Length != 2 * (NumberLength + ProofLength)
            || Convert.FromHexString(text, id, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        Prove(id[..NumberLength], proof);
        if (!CryptographicOperations.FixedTimeEquals(proof, id.Slice(NumberLength, ProofLength)))
        {
            return false;
        }

        protocol = (id[0] & 1) == 1 ? PlayerProtocol.Dash : PlayerProtocol.Hls;
        number = BinaryPrimitives.ReadUInt64LittleEndian(id) & ((1UL << (8 * NumberLength)) - 1);
        return true;
    }

    private void Prove(ReadOnlySpan<byte> number, Span<byte> proof)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, number, hash);
        hash[..ProofLength].CopyTo(proof);
    }
}
