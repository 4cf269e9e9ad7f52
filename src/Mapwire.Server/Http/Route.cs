using System.Diagnostics.CodeAnalysis;
using Mapwire.Http.Targets;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Http;

/// <summary>What of a title a path asks for.</summary>
internal enum ResourceKind
{
    /// <summary>The file itself, byte for byte.</summary>
    File,

    /// <summary>All of it as one FLV stream, by HTTP or WebSocket.</summary>
    Flv,
}

/// <summary>What a path asks for.</summary>
/// <param name="Kind">What of the title.</param>
/// <param name="Title">The title's path below the served folder; whether there is one is not known yet.</param>
internal sealed record Route(ResourceKind Kind, string Title)
{
    /// <summary>Behind a title; a file of that name in another folder is served as it is.</summary>
    private const string FlvName = "/stream.flv";

    /// <summary>Finds what a path asks for: <c>/APPLICATION/TITLE</c>, or a resource of that title below it.</summary>
    /// <param name="target">The target.</param>
    /// <param name="application">The first segment of every path.</param>
    /// <param name="route">The route.</param>
    /// <returns>Whether such a path can lead to anything.</returns>
    public static bool TryFind(RequestTarget target, string application, [NotNullWhen(true)] out Route? route)
    {
        route = null;
        ReadOnlySpan<char> path = target.Path.AsSpan(1);
        if (!path.StartsWith(application, StringComparison.Ordinal) || path.Length < application.Length + 2
            || path[application.Length] != '/')
        {
            return false;
        }

        ReadOnlySpan<char> rest = path[(application.Length + 1)..];
        route = rest.EndsWith(FlvName, StringComparison.Ordinal) && TitleName.HasTitleExtension(rest[..^FlvName.Length].ToString())
            ? new Route(ResourceKind.Flv, rest[..^FlvName.Length].ToString())
            : new Route(ResourceKind.File, rest.ToString());
        return true;
    }
}
