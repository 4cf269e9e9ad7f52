using System.Buffers;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Http.Viewers;

namespace Mapwire.Server.Http;

/// <summary>What a path leads to, open: bytes of known length behind an entity tag.</summary>
/// <param name="File">Held; whoever takes the resource releases it.</param>
/// <param name="Body">All of it.</param>
/// <param name="Representation">Its length and what tells its versions apart.</param>
/// <param name="ContentType">The media type.</param>
/// <param name="CacheControl">How long others may keep it.</param>
internal sealed record Resource(
    MediaFile File, MadeBody Body, Representation Representation, string ContentType, string CacheControl)
{
    /// <summary>
    /// How long ago a file must have been written for its time to stand for its bytes: times of HTTP are whole seconds, and file systems
    /// may have no finer ones.
    /// </summary>
    private static readonly TimeSpan SettledTime = TimeSpan.FromSeconds(2);

    /// <summary>Whether more of it is being written, so that its length is that of the moment.</summary>
    public bool IsGrowing { get; init; }

    /// <summary>The name of the coding that it is compressed by; null for none.</summary>
    public string? Coding { get; init; }

    /// <summary>What of it a viewer watches; null where nobody who asks for it does.</summary>
    public WatchedPart? Watched { get; init; }

    /// <summary>A file as it lies on the disk.</summary>
    /// <param name="file">Held for the resource.</param>
    public static Resource OfFile(MediaFile file)
    {
        FileIdentity identity = file.Identity;
        DateTimeOffset written = new(Math.Clamp(identity.LastWriteTicks, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
        Representation representation = new(
            identity.Length, new EntityTag($"{identity.LastWriteTicks:x}-{identity.Length:x}"), written)
        {
            IsLastModifiedWeak = DateTimeOffset.UtcNow - written < SettledTime,
        };
        MadeBody whole = new(new PieceList.Builder().Add(0, identity.Length).Build());
        return new Resource(file, whole, representation, ContentTypes.FromName(file.Name), "no-cache");
    }

    /// <summary>The parts that a request is answered with, and the delimiters between them; each is made when it is sent.</summary>
    public IEnumerable<PieceList> Cut(BodyPlan plan)
    {
        for (int i = 0; i < plan.Parts.Length; i++)
        {
            if (plan.IsMultipart)
            {
                yield return Delimit(plan, i);
            }

            ByteRange part = plan.Parts[i];
            foreach (PieceList pieces in Body.Slice(part.Offset, part.Offset + part.Length))
            {
                yield return pieces;
            }
        }

        if (plan.IsMultipart)
        {
            yield return Delimit(plan, plan.Parts.Length);
        }
    }

    private static PieceList Delimit(BodyPlan plan, int index)
    {
        ArrayBufferWriter<byte> delimiter = new();
        plan.WriteDelimiter(index, delimiter);
        return new PieceList.Builder().Add(delimiter.WrittenMemory).Build();
    }
}

/// <summary>
/// A body whose bytes were made, or are ranges of the file: in one, or as the parts of a file that is made while it is sent.
/// </summary>
internal sealed class MadeBody : IDerived
{
    /// <summary>What a piece takes in memory, in bytes.</summary>
    private const int BytesPerPiece = 48;

    private readonly PieceList? _whole;
    private readonly FragmentedFile? _parts;
    private MadeBody? _gzip;
    private MadeBody? _brotli;

    /// <param name="whole">All of it.</param>
    public MadeBody(PieceList whole)
    {
        _whole = whole;
        Length = whole.Length;
        ByteSize = 256 + ((long)BytesPerPiece * whole.Count);
        foreach (Piece piece in whole)
        {
            ByteSize += piece.Bytes.Length;
        }
    }

    /// <param name="parts">Each is made when it is sent.</param>
    public MadeBody(FragmentedFile parts)
    {
        _parts = parts;
        Length = parts.Length;
        ByteSize = 4096 + (sizeof(long) * (long)parts.Count);
    }

    /// <param name="bytes">All of it; made once and never changed.</param>
    public MadeBody(byte[] bytes)
        : this(new PieceList.Builder().Add(bytes).Build())
    {
        Tag = Crc32C.Of(bytes);
        Bytes = bytes;
        ByteSize += bytes.Length / 2; // for what it is compressed to
    }

    /// <summary>All of it, where it was made at once; empty where the file has a part in it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>A checksum of bytes that were made; null where the file has a part in it.</summary>
    public uint? Tag { get; }

    /// <summary>Of a file that is made while it is sent: the bytes before its first segment.</summary>
    public long HeadLength => _parts?.GetOffset(Math.Min(1, _parts.Count)) ?? 0;

    /// <summary>All of its bytes.</summary>
    public long Length { get; }

    /// <inheritdoc/>
    public long ByteSize { get; }

    /// <summary>What it was compressed to; null where it was not yet. Any thread may ask.</summary>
    public MadeBody? FindCoded(ContentCoding coding) => Volatile.Read(ref Place(coding));

    /// <summary>Keeps what it was compressed to, unless another thread was faster.</summary>
    /// <returns>What is to be used.</returns>
    public MadeBody AddCoded(ContentCoding coding, MadeBody coded) => Interlocked.CompareExchange(ref Place(coding), coded, null) ?? coded;

    private ref MadeBody? Place(ContentCoding coding) => ref coding == ContentCoding.Brotli ? ref _brotli : ref _gzip;

    /// <summary>The bytes from one to another.</summary>
    public IEnumerable<PieceList> Slice(long from, long to)
    {
        if (_whole is not null)
        {
            yield return _whole.Slice(from, to);
            yield break;
        }

        for (int part = _parts!.IndexAt(from); part < _parts.Count && _parts.GetOffset(part) < to; part++)
        {
            long start = _parts.GetOffset(part);
            PieceList pieces = _parts.CreatePart(part);
            yield return pieces.Slice(Math.Max(0, from - start), Math.Min(pieces.Length, to - start));
        }
    }
}
