using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Live.Segments;

namespace Mapwire.Server.Http;

/// <summary>What a path leads to, open: bytes of known length behind an entity tag.</summary>
/// <param name="Files">Those that it has ranges of, held; whoever takes the resource releases it.</param>
/// <param name="Body">All of it.</param>
/// <param name="Representation">Its length and what tells its versions apart.</param>
/// <param name="ContentType">The media type.</param>
/// <param name="CacheControl">How long others may keep it.</param>
internal sealed record Resource(
    ImmutableArray<MediaFile> Files, MadeBody Body, Representation Representation, string ContentType, string CacheControl)
{
    /// <summary>
    /// How long ago a file must have been written for its time to stand for its bytes: times of HTTP are whole seconds, and file systems
    /// may have no finer ones.
    /// </summary>
    private static readonly TimeSpan SettledTime = TimeSpan.FromSeconds(2);

    /// <summary>The name of the coding that it is compressed by; null for none.</summary>
    public string? Coding { get; init; }

    /// <summary>What a browser may do with it (Content-Security-Policy); null for what is no page.</summary>
    public string? Policy { get; init; }

    /// <summary>Whether more of it is being written, so that its length is that of the moment.</summary>
    public bool IsGrowing { get; init; }

    /// <summary>Whether it begins again when it is over, so that it has no length; see <see cref="LoopingStream"/>.</summary>
    public bool IsEndless { get; init; }

    /// <summary>Keeps the live pages that its ranges are of, in place of files; null where it has none.</summary>
    public LiveHold? Hold { get; init; }

    /// <summary>Makes the body of one that is endless, of a live stream; it is called on any thread when there is more.</summary>
    public Func<Action, IBody>? CreateBody { get; init; }

    /// <summary>What of it a viewer watches; null where nobody who asks for it does.</summary>
    public WatchedPart? Watched { get; init; }

    /// <summary>A file as it lies on the disk.</summary>
    /// <param name="file">Held for the resource.</param>
    public static Resource OfFile(MediaFile file)
    {
        FileIdentity identity = file.Identity;
        DateTimeOffset now = DateTimeOffset.UtcNow;

        // No answer says that it was modified after it was given (RFC 9110, section 8.8.2.1), whatever the file says.
        DateTimeOffset written = new(Math.Clamp(identity.LastWriteTicks, 0, now.Ticks), TimeSpan.Zero);
        Representation representation = new(
            identity.Length, new EntityTag($"{identity.LastWriteTicks:x}-{identity.Length:x}"), written)
        {
            IsLastModifiedWeak = now - written < SettledTime,
        };
        MadeBody whole = new(new PieceList.Builder().Add(0, identity.Length).Build());
        return new Resource([file], whole, representation, ContentTypes.FromName(file.Name), "no-cache");
    }

    /// <summary>Bytes that were made of no file, or of files that nobody has to hold any more.</summary>
    /// <param name="bytes">All of it; never changed.</param>
    /// <param name="contentType">The media type.</param>
    /// <param name="cacheControl">How long others may keep it.</param>
    public static Resource OfBytes(byte[] bytes, string contentType, string cacheControl)
    {
        return OfBody(new MadeBody(bytes), contentType, cacheControl);
    }

    /// <summary>The same, where the body is kept for all who ask.</summary>
    /// <param name="body">Made of bytes.</param>
    /// <param name="contentType">The media type.</param>
    /// <param name="cacheControl">How long others may keep it.</param>
    public static Resource OfBody(MadeBody body, string contentType, string cacheControl) => new(
        [], body, new Representation(body.Length, new EntityTag($"{body.Tag:x8}-{body.Length:x}")), contentType, cacheControl);

    /// <summary>The same for one viewer, whose id it has where there was the placeholder.</summary>
    public Resource For(string viewer)
    {
        MadeBody body = Body.For(viewer);
        return this with
        {
            Body = body,
            Representation = body == Body ? Representation : new Representation(body.Length, new EntityTag($"{Body.Tag:x8}-{viewer}")),
            Watched = Watched is null ? null : Watched with { Id = viewer },
        };
    }

    /// <summary>Ends the hold of all files.</summary>
    public void Release()
    {
        foreach (MediaFile file in Files)
        {
            file.Release();
        }

        Hold?.Release();
    }

    /// <summary>The parts that a request is answered with, and the delimiters between them; each is made when it is sent.</summary>
    public IEnumerable<BodyPart> Cut(BodyPlan plan)
    {
        for (int i = 0; i < plan.Parts.Length; i++)
        {
            if (plan.IsMultipart)
            {
                yield return Delimit(plan, i);
            }

            ByteRange part = plan.Parts[i];
            foreach (BodyPart cut in Cut(part.Offset, part.Offset + part.Length))
            {
                yield return cut;
            }
        }

        if (plan.IsMultipart)
        {
            yield return Delimit(plan, plan.Parts.Length);
        }
    }

    /// <summary>The parts that have the bytes from one to another; each is made when it is sent.</summary>
    public IEnumerable<BodyPart> Cut(long from, long to)
    {
        foreach ((int file, PieceList pieces) in Body.Slice(from, to))
        {
            yield return new BodyPart(file < Files.Length ? Files[file] : null, pieces);
        }
    }

    private BodyPart Delimit(BodyPlan plan, int index)
    {
        ArrayBufferWriter<byte> delimiter = new();
        plan.WriteDelimiter(index, delimiter);
        return new BodyPart(Files.FirstOrDefault(), new PieceList.Builder().Add(delimiter.WrittenMemory).Build());
    }
}

/// <summary>A part of a body, sent as one.</summary>
/// <param name="File">That its ranges are of; null where all of it was made of none.</param>
/// <param name="Pieces">Bytes that were made, and ranges of the file.</param>
internal readonly record struct BodyPart(MediaFile? File, PieceList Pieces);

/// <summary>
/// A body whose bytes were made, or are ranges of files: in one, or as the parts of a file that is made while it is sent.
/// </summary>
internal sealed class MadeBody : IDerived
{
    /// <summary>What a piece takes in memory, in bytes.</summary>
    private const int BytesPerPiece = 48;

    /// <summary>No bytes.</summary>
    public static MadeBody Empty { get; } = new(PieceList.Empty);

    private readonly PieceList? _whole;
    private readonly FragmentedFile? _parts;
    private readonly List<int> _viewers = []; // where the placeholder of a viewer's id begins
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
    /// <param name="namesViewer">Whether the placeholder of a viewer's id stands for that: in texts whose addresses have it.</param>
    public MadeBody(byte[] bytes, bool namesViewer = false)
        : this(new PieceList.Builder().Add(bytes).Build())
    {
        Tag = Crc32C.Of(bytes);
        Bytes = bytes;
        ReadOnlySpan<byte> placeholder = Encoding.ASCII.GetBytes(ViewerIds.Placeholder);
        for (int at = 0, found; namesViewer && (found = bytes.AsSpan(at).IndexOf(placeholder)) >= 0; at += found + placeholder.Length)
        {
            _viewers.Add(at + found);
        }

        ByteSize += (bytes.Length / 2) + (sizeof(int) * _viewers.Count); // for what it is compressed to
    }

    private MadeBody(byte[] bytes, uint? tag)
        : this(new PieceList.Builder().Add(bytes).Build())
    {
        (Bytes, Tag) = (bytes, tag);
    }

    /// <summary>All of it, where it was made at once; empty where the file has a part in it.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>A checksum of bytes that were made; null where the file has a part in it.</summary>
    public uint? Tag { get; }

    /// <summary>Whether its parts are made when they are sent, each anew for who asks for it.</summary>
    public bool IsMadeWhileSent => _parts is not null;

    /// <summary>What of it was made for one request alone, in bytes.</summary>
    public int OwnBytes { get; private init; }

    /// <summary>Of a file that is made while it is sent: how many parts it has, the one before its first segment, too.</summary>
    public int PartCount => _parts?.Count ?? 0;

    /// <summary>
    /// Whether what was sent can be the beginning of it: of a file that is made while it is sent, parts end where they ended.
    /// </summary>
    /// <param name="headLength">The bytes that were before the first segment.</param>
    /// <param name="parts">How many parts there were.</param>
    /// <param name="length">Their bytes.</param>
    public bool Continues(long headLength, int parts, long length) => length <= Length && (_parts is null
        || (HeadLength == headLength && parts <= _parts.Count && _parts.GetOffset(parts) == length));

    /// <summary>Of a file that is made while it is sent: the bytes before its first segment.</summary>
    public long HeadLength => _parts?.GetOffset(Math.Min(1, _parts.Count)) ?? 0;

    /// <summary>Of a file that is made while it is sent: how long it is presented until it can begin again.</summary>
    public TimeSpan LoopDuration => _parts?.LoopDuration ?? TimeSpan.Zero;

    /// <summary>A file that is made while it is sent, again and again.</summary>
    /// <exception cref="InvalidOperationException">It is no such file.</exception>
    public IEnumerable<(TimeSpan Time, int File, PieceList Pieces)> Loop() =>
        _parts?.Loop() ?? throw new InvalidOperationException("Only a file that is made while it is sent begins again.");

    /// <summary>All of its bytes.</summary>
    public long Length { get; }

    /// <inheritdoc/>
    public long ByteSize { get; }

    /// <summary>The same with a viewer's id where there was the placeholder; itself where there was none.</summary>
    public MadeBody For(string viewer)
    {
        if (_viewers.Count == 0)
        {
            return this;
        }

        int length = ViewerIds.Placeholder.Length;
        ReadOnlySpan<byte> from = Bytes.Span;
        byte[] bytes = new byte[from.Length + (_viewers.Count * (viewer.Length - length))];
        int read = 0;
        int written = 0;
        foreach (int place in _viewers)
        {
            from[read..place].CopyTo(bytes.AsSpan(written));
            written += place - read;
            written += Encoding.ASCII.GetBytes(viewer, bytes.AsSpan(written));
            read = place + length;
        }

        from[read..].CopyTo(bytes.AsSpan(written));
        return new MadeBody(bytes, Tag) { OwnBytes = bytes.Length };
    }

    /// <summary>Other bytes of the same worth: whoever this was made for, they are made for.</summary>
    public MadeBody WithBytes(byte[] bytes) => new(bytes) { OwnBytes = OwnBytes > 0 ? bytes.Length : 0 };

    /// <summary>What it was compressed to; null where it was not yet. Any thread may ask.</summary>
    public MadeBody? FindCoded(ContentCoding coding) => Volatile.Read(ref Place(coding));

    /// <summary>Keeps what it was compressed to, unless another thread was faster.</summary>
    /// <returns>What is to be used.</returns>
    public MadeBody AddCoded(ContentCoding coding, MadeBody coded) => Interlocked.CompareExchange(ref Place(coding), coded, null) ?? coded;

    private ref MadeBody? Place(ContentCoding coding) => ref coding == ContentCoding.Brotli ? ref _brotli : ref _gzip;

    /// <summary>The bytes from one to another, each part with the number of the file that its ranges are of.</summary>
    public IEnumerable<(int File, PieceList Pieces)> Slice(long from, long to)
    {
        if (_whole is not null)
        {
            yield return (0, _whole.Slice(from, to));
            yield break;
        }

        for (int part = _parts!.IndexAt(from); part < _parts.Count && _parts.GetOffset(part) < to; part++)
        {
            long start = _parts.GetOffset(part);
            PieceList pieces = _parts.CreatePart(part);
            yield return (_parts.RenditionOf(part), pieces.Slice(Math.Max(0, from - start), Math.Min(pieces.Length, to - start)));
        }
    }
}
