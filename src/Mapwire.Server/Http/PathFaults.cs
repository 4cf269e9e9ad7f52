using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Http;

/// <summary>Why a path leads to nothing, in words that say which one would, or where it leads with a '/' behind it.</summary>
internal static class PathFaults
{
    /// <summary>What a title has below its own path, for people.</summary>
    private const string Resources = "index.m3u8, manifest.mpd, stream.mp4, stream.flv and clip.mp4";

    /// <summary>Refuses a path without a route.</summary>
    /// <param name="context">What is served.</param>
    /// <param name="target">What was asked for.</param>
    public static Refusal Of(HttpContext context, RequestTarget target)
    {
        string application = $"/{context.Application}";
        return target.Path == application && context.ListsTitles
            ? Refusal.Of(ElsewhereException.Inside(context.Application, target.Query))
            : target.Path == application ? new Refusal(404, OfFolder(context, ""))
            : target.Path.StartsWith($"{application}/", StringComparison.Ordinal)
            ? new Refusal(
                404, $"nothing is served here: below a title are {Resources}, and its page is at its own path with a '/' behind it")
            : new Refusal(404, $"nothing is served here: titles are at {application}/NAME");
    }

    /// <summary>Why the titles of a folder are not listed.</summary>
    /// <param name="context">What is served.</param>
    /// <param name="folder">The folder's path below the served one; empty for itself.</param>
    public static string OfFolder(HttpContext context, string folder) => folder.Length == 0
        ? $"titles are listed by serve --list alone: ask for /{context.Application}/NAME"
        : $"no live stream {TerminalText.Clean(folder)} is published now, and folders are listed by serve --list alone";

    /// <summary>What to tell who asked for a file that is none: a live stream's page and a folder's titles are at the same path with a '/'
    /// behind it.</summary>
    /// <param name="context">What is served.</param>
    /// <param name="title">The path below the served folder.</param>
    /// <param name="parameters">Of the request.</param>
    /// <param name="refusal">Why it is no file.</param>
    /// <returns>A redirect, or a refusal.</returns>
    public static async Task<Exception> OfFileAsync(
        HttpContext context, string title, QueryParameters parameters, TitleException refusal)
    {
        if (context.IsLive(title) || (context.ListsTitles && await IsFolderAsync(context, title).ConfigureAwait(false)))
        {
            return ElsewhereException.Inside(title, parameters);
        }

        int slash = title.LastIndexOf('/');
        string stream = slash > 0 && Route.IsResource(title[(slash + 1)..]) ? title[..slash] : title;
        return TitleName.HasTitleExtension(stream) || TitleName.IsOtherMedia(stream)
            ? refusal
            : new TitleException(
                refusal.Error, $"{refusal.Message}, and no live stream {TerminalText.Clean(stream)} is published now", refusal);
    }

    private static async Task<bool> IsFolderAsync(HttpContext context, string folder)
    {
        try
        {
            await context.Titles.Files.ListAsync(folder).ConfigureAwait(false);
            return true;
        }
        catch (TitleException)
        {
            return false;
        }
    }
}
