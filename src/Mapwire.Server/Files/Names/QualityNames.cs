using System.Globalization;

namespace Mapwire.Server.Files.Names;

/// <summary>The names of a film's qualities that lie beside each other: <c>film.360p.mp4</c> and <c>film.720p.mp4</c> for <c>film.mp4</c>.
/// </summary>
internal static class QualityNames
{
    /// <summary>The heights of pictures that names of qualities have.</summary>
    private static readonly int[] Heights = [144, 240, 360, 480, 540, 576, 720, 1080, 1440, 2160, 4320];

    /// <summary>The film whose quality a file of this name is; null where the name says nothing of that.</summary>
    /// <param name="name">The path of a file below the served folder.</param>
    public static string? FilmOf(string name)
    {
        string extension = Path.GetExtension(name);
        ReadOnlySpan<char> stem = name.AsSpan(0, name.Length - extension.Length);
        int dot = stem.LastIndexOf('.');
        return dot > 0 && stem[^1] == 'p'
            && int.TryParse(stem[(dot + 1)..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int height)
            && Heights.Contains(height) && stem[dot + 1] != '0'
            ? string.Concat(stem[..dot], extension)
            : null;
    }

    /// <summary>The names that qualities of a film may have, the smallest pictures first.</summary>
    /// <param name="name">The path of the film below the served folder, with its extension.</param>
    public static IEnumerable<PlayName> Of(string name)
    {
        string extension = Path.GetExtension(name);
        return Heights.Select(height => PlayName.Exactly(string.Create(
            CultureInfo.InvariantCulture, $"{name[..^extension.Length]}.{height}p{extension}")));
    }
}
