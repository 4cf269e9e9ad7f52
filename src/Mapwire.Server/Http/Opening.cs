using System.Net;
using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http;

/// <summary>
/// Opens what a request asks for: at once where the file is open already, else on threads of the catalogue, in the address's turn.
/// </summary>
internal static class Opening
{
    /// <summary>Opens a resource.</summary>
    /// <param name="context">What is served.</param>
    /// <param name="route">What is asked for.</param>
    /// <param name="parameters">What of it, and how.</param>
    /// <param name="address">The client's.</param>
    /// <param name="cancellation">Ends the wait for the address's turn.</param>
    /// <returns>The resource, whose file is held for the caller.</returns>
    /// <exception cref="TitleException">There is none, or it cannot be opened.</exception>
    public static async Task<Resource> OpenAsync(
        HttpContext context, Route route, QueryParameters parameters, IPAddress? address, CancellationToken cancellation)
    {
        WebQuery? query = route.Kind == ResourceKind.File ? null : WebQuery.Parse(parameters);
        if (query is { Viewer: null } && context.HasViewerIds && route.Kind is ResourceKind.Master or ResourceKind.Manifest)
        {
            query = query with
            {
                Viewer = context.Viewers.Ids.Create(route.Kind == ResourceKind.Manifest ? PlayerProtocol.Dash : PlayerProtocol.Hls),
            };
        }

        PlayName name = PlayName.Exactly(route.Title);
        if (query is null && PlaylistFile.IsPlaylist(route.Title))
        {
            throw ElsewhereException.Below(route.Title, "/index.m3u8", parameters); // its text is never served
        }

        await context.Openings.EnterAsync(address, route.Title, cancellation).ConfigureAwait(false);
        try
        {
            if (route.Kind == ResourceKind.Listing)
            {
                return await FolderListing.OpenAsync(context, route.Title).ConfigureAwait(false);
            }

            (FoundFile found, List<FoundFile>? qualities) = await FindAsync(context, name).ConfigureAwait(false);
            if (route.Kind == ResourceKind.Page)
            {
                return PlayerPage.Open();
            }

            if (qualities is not null)
            {
                return query is null ? throw ElsewhereException.Below(route.Title, "/index.m3u8", parameters)
                    : await new QualitiesMaker(context, route.Title, query).OpenAsync(route, qualities).ConfigureAwait(false);
            }

            if (route.Quality > 0)
            {
                throw new TitleException(TitleError.NotFound, "the title has one quality");
            }

            if (PlaylistFile.IsPlaylist(found.Name))
            {
                return await new ListMaker(context, found, query!).OpenAsync(route).ConfigureAwait(false);
            }

            MediaFile file = await context.Titles.Files.OpenAsync(found).ConfigureAwait(false);
            try
            {
                return query is null
                    ? Resource.OfFile(file) with { Watched = SegmentMaker.WatchedOf(context, file) }
                    : await new SegmentMaker(context, file, found.Name, query).OpenAsync(route).ConfigureAwait(false);
            }
            catch
            {
                file.Release();
                throw;
            }
        }
        finally
        {
            context.Openings.Leave(address, route.Title);
        }
    }

    /// <summary>Finds a title's file, or the files of its qualities where they are listed or named.</summary>
    private static async Task<(FoundFile File, List<FoundFile>? Qualities)> FindAsync(HttpContext context, PlayName name)
    {
        FoundFile found;
        try
        {
            found = await context.Titles.Files.FindAsync(name).ConfigureAwait(false);
        }
        catch (TitleException refusal) when (refusal.Error == TitleError.NotFound)
        {
            List<FoundFile> qualities = await context.Titles.Files.FindQualitiesAsync(name.Path).ConfigureAwait(false);
            if (qualities.Count < 2)
            {
                throw;
            }

            return (default, qualities);
        }

        return (found, PlaylistFile.IsQualities(found.Name) ? await QualitiesMaker.ReadAsync(context, found).ConfigureAwait(false) : null);
    }
}
