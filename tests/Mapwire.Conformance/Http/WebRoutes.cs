using System.Text.RegularExpressions;
using Mapwire.Conformance.Servers;

namespace Mapwire.Conformance.Http;

/// <summary>
/// What of a title the server's source knows to answer for: tests of real players are written for all of it, and each begins to count with
/// the commit that brings the answer, which then cannot be lost unnoticed.
/// </summary>
internal static partial class WebRoutes
{
    private static readonly string Folder = Path.Combine(MapwireServer.Root, "src", "Mapwire.Server", "Http");

    private static readonly Lazy<string> Source = new(static () => !Directory.Exists(Folder) ? "" : string.Concat(
        Directory.EnumerateFiles(Folder, "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText)));

    /// <summary>Whether there is an answer.</summary>
    /// <param name="resource">The last part of its path, such as <c>index.m3u8</c>; empty for the file itself.</param>
    public static bool Has(string resource) => resource.Length == 0
        ? Source.Value.Length > 0
        : Source.Value.Contains($"\"{resource}\"", StringComparison.Ordinal)
            || Source.Value.Contains($"\"/{resource}\"", StringComparison.Ordinal);

    /// <summary>Where a server has it.</summary>
    /// <param name="server">One that listens for HTTP, and has said where.</param>
    /// <param name="title">The title's path below the folder.</param>
    /// <param name="resource">As above.</param>
    public static string AddressOf(MapwireServer server, string title, string resource) =>
        $"{ListeningPattern().Match(server.Process.Output).Groups[1].Value}/{Uri.EscapeDataString(title)}"
            + (resource.Length > 0 ? "/" + resource : "");

    [GeneratedRegex(@"^Listening on (http://\S+)", RegexOptions.Multiline)]
    private static partial Regex ListeningPattern();
}
