using System.IO.Compression;
using System.Net;
using Mapwire.Http.Conditional;
using Mapwire.Server.Files;

namespace Mapwire.Server.Http;

/// <summary>
/// Compresses what is text, such as playlists and MPDs, which name thousands of segments by the same words, off the loop: once for all who
/// ask, and what has a viewer's id in it for each of them, one at a time for an address. Media is never compressed.
/// </summary>
internal static class CodedResource
{
    /// <summary>Below this length in bytes nothing is compressed: it is one packet already.</summary>
    private const int MinLength = 512;

    /// <summary>Of 0 to 11: levels above this one take several times as long, for what is asked for by few.</summary>
    private const int BrotliQuality = 4;

    private const int BrotliWindow = 18;

    /// <summary>Opens a resource in the coding that a request accepts.</summary>
    /// <param name="context">What is served.</param>
    /// <param name="opening">The resource as it is.</param>
    /// <param name="coding">What the request accepts.</param>
    /// <param name="address">The client's.</param>
    /// <param name="cancellation">Ends the wait for the address's turn.</param>
    /// <returns>The same resource, or its compressed form.</returns>
    public static Task<Resource> ApplyAsync(
        HttpContext context, Task<Resource> opening, ContentCoding coding, IPAddress? address, CancellationToken cancellation) =>
        coding == ContentCoding.Identity || (opening.IsCompletedSuccessfully && !IsCompressible(opening.Result))
            ? opening
            : CodeAsync(context, opening, coding, address, cancellation);

    /// <summary>Whether answers are other ones for those who accept other codings.</summary>
    public static bool IsCompressible(Resource resource) =>
        resource.Body.Bytes.Length >= MinLength && resource.Representation.Tag is not null;

    private static async Task<Resource> CodeAsync(
        HttpContext context, Task<Resource> opening, ContentCoding coding, IPAddress? address, CancellationToken cancellation)
    {
        Resource resource = await opening.ConfigureAwait(false);
        if (!IsCompressible(resource))
        {
            return resource;
        }

        try
        {
            string name = ContentCodings.NameOf(coding);
            string tag = resource.Representation.Tag!.ToString().Trim('"');
            MadeBody? body = resource.Body.FindCoded(coding);
            if (body is null)
            {
                string key = $"{name} {tag}";
                await context.Codings.EnterAsync(address, key, cancellation).ConfigureAwait(false);
                try
                {
                    body = await context.Titles.Files.ComputeAsync(key, () => Compress(resource.Body, coding)).ConfigureAwait(false);
                }
                finally
                {
                    context.Codings.Leave(address, key);
                }
            }

            return resource with
            {
                Body = body,
                Representation = new Representation(body.Length, new EntityTag($"{tag}-{name}")),
                Coding = name,
            };
        }
        catch
        {
            resource.Release();
            throw;
        }
    }

    private static MadeBody Compress(MadeBody body, ContentCoding coding) =>
        body.FindCoded(coding) ?? body.AddCoded(coding, body.WithBytes(Compress(body.Bytes.Span, coding)));

    private static byte[] Compress(ReadOnlySpan<byte> bytes, ContentCoding coding)
    {
        if (coding == ContentCoding.Brotli)
        {
            byte[] room = new byte[BrotliEncoder.GetMaxCompressedLength(bytes.Length)];
            return BrotliEncoder.TryCompress(bytes, room, out int length, BrotliQuality, BrotliWindow)
                ? room[..length]
                : throw new InvalidOperationException($"{bytes.Length} bytes do not fit into {room.Length}, which is their bound");
        }

        MemoryStream output = new();
        using (GZipStream gzip = new(output, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }
}
