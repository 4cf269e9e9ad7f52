using System.Collections.Concurrent;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Films;

/// <summary>Makes films with ffmpeg, from its own test sources, once a run each.</summary>
internal static class FilmFactory
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Made = new(StringComparer.Ordinal);

    /// <summary>The folder that all films lie in; it goes with the process.</summary>
    public static string Folder { get; } = TemporaryFolder.Create("films");

    /// <summary>The path of a film of <see cref="FilmRecipes"/> or <see cref="MatrixFilms"/>, made if it is not there yet.</summary>
    public static Task<string> GetAsync(string name) =>
        Made.GetOrAdd(name, key => new Lazy<Task<string>>(() => MakeAsync(key))).Value;

    private static async Task<string> MakeAsync(string name)
    {
        string path = Path.Combine(Folder, name);
        // Made beside the folder that is served and moved into it: no server ever sees half a film.
        string draft = Path.Combine(TemporaryFolder.Create("draft"), name);
        await (FilmRecipes.All.GetValueOrDefault(name) ?? MatrixFilms.All[name])(draft);
        File.Move(draft, path);
        return path;
    }

    /// <summary>Runs ffmpeg quietly with these words, split at blanks, writing to a path.</summary>
    public static Task EncodeAsync(string words, string path) =>
        Tool.SucceedAsync("ffmpeg",
        ["-hide_banner", "-loglevel", "error", "-nostdin", "-y", .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries), path]);
}
