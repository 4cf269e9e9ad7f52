using System.Buffers;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Memory;
using Mapwire.Server.Files;

namespace Mapwire.Server.Http;

/// <summary>What a path leads to, open: bytes of known length behind an entity tag.</summary>
/// <param name="File">Held; whoever takes the resource releases it.</param>
/// <param name="Whole">All of it, as pieces of the file and bytes that were made.</param>
/// <param name="Representation">Its length and what tells its versions apart.</param>
/// <param name="ContentType">The media type.</param>
/// <param name="CacheControl">How long others may keep it.</param>
internal sealed record Resource(
    MediaFile File, PieceList Whole, Representation Representation, string ContentType, string CacheControl)
{
    /// <summary>
    /// How long ago a file must have been written for its time to stand for its bytes: times of HTTP are whole seconds, and file systems
    /// may have no finer ones.
    /// </summary>
    private static readonly TimeSpan SettledTime = TimeSpan.FromSeconds(2);

    /// <summary>A file as it lies on the disk.</summary>
    /// <param name="file">Held for the resource.</param>
    public static Resource OfFile(MediaFile file)
    {
        FileIdentity identity = file.Identity;
        return new Resource(
            file, new PieceList.Builder().Add(0, identity.Length).Build(), Represent(identity, identity.Length, ""),
            ContentTypes.FromName(file.Name), "no-cache");
    }

    /// <summary>The parts that a request is answered with, and the delimiters between them.</summary>
    public PieceList[] Cut(BodyPlan plan)
    {
        if (!plan.IsMultipart)
        {
            ByteRange only = plan.Parts[0];
            return [Whole.Slice(only.Offset, only.Offset + only.Length)];
        }

        PieceList.Builder body = new();
        for (int i = 0; i <= plan.Parts.Length; i++)
        {
            ArrayBufferWriter<byte> delimiter = new();
            plan.WriteDelimiter(i, delimiter);
            body.Add(delimiter.WrittenMemory);
            if (i < plan.Parts.Length)
            {
                ByteRange part = plan.Parts[i];
                foreach (Piece piece in Whole.Slice(part.Offset, part.Offset + part.Length))
                {
                    if (piece.IsFileRange)
                    {
                        body.Add(piece.Offset, piece.Length);
                    }
                    else
                    {
                        body.Add(piece.Bytes);
                    }
                }
            }
        }

        return [body.Build()];
    }

    /// <summary>What tells the versions of something apart that was made of a file.</summary>
    /// <param name="identity">The file's.</param>
    /// <param name="length">Of the resource.</param>
    /// <param name="variant">What tells it from others of the same file and length; visible ASCII.</param>
    private static Representation Represent(FileIdentity identity, long length, string variant)
    {
        DateTimeOffset written = new(Math.Clamp(identity.LastWriteTicks, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
        return new Representation(length, new EntityTag($"{identity.LastWriteTicks:x}-{identity.Length:x}{variant}"), written)
        {
            IsLastModifiedWeak = DateTimeOffset.UtcNow - written < SettledTime,
        };
    }
}
