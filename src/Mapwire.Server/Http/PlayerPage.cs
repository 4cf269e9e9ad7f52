using System.Security.Cryptography;
using System.Text;
using Mapwire.Http;

namespace Mapwire.Server.Http;

/// <summary>The page at a title's path with a '/' behind it: a player in one file, which needs nothing from elsewhere.</summary>
internal static class PlayerPage
{
    private static readonly byte[] Bytes = Read();

    /// <summary>
    /// What the page may do (Content Security Policy Level 3): run the one script and have the one style that are in it, ask this server,
    /// and play.
    /// </summary>
    private static readonly string Policy = string.Join("; ",
        "default-src 'none'", $"script-src '{HashOf("script")}'", $"style-src '{HashOf("style")}'", "connect-src 'self'",
        "media-src 'self' blob:", "img-src data:", "base-uri 'none'", "form-action 'none'");

    private static readonly Resource Page =
        Resource.OfBytes(Bytes, ContentTypes.FromName(".html"), "no-cache") with { Policy = Policy };

    /// <summary>The page; it is the same for all titles.</summary>
    public static Resource Open() => Page; // of no file, so that nothing is released with it

    private static byte[] Read()
    {
        using Stream resource = typeof(PlayerPage).Assembly.GetManifestResourceStream("player.html")!;
        byte[] bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>What stands for the one element of a name, by the bytes between its tags.</summary>
    private static string HashOf(string element)
    {
        ReadOnlySpan<byte> page = Bytes;
        ReadOnlySpan<byte> open = Encoding.ASCII.GetBytes($"<{element}>");
        ReadOnlySpan<byte> close = Encoding.ASCII.GetBytes($"</{element}>");
        int start = page.IndexOf(open) + open.Length;
        return "sha256-" + Convert.ToBase64String(SHA256.HashData(page[start..(start + page[start..].IndexOf(close))]));
    }
}
