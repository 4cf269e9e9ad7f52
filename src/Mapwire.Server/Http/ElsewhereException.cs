using Mapwire.Http.Targets;

namespace Mapwire.Server.Http;

/// <summary>What a path asks for is at another path: the client is told where.</summary>
internal sealed class ElsewhereException : Exception
{
    private ElsewhereException(int status, string location)
        : base("it is at another path") => (Status, Location) = (status, location);

    /// <summary>307 where that may change, and 308 for a path that was written wrong.</summary>
    public int Status { get; }

    /// <summary>A relative reference to the other path, with the request's query.</summary>
    public string Location { get; }

    /// <summary>At a path below that of the request.</summary>
    /// <param name="title">The last part of it counts.</param>
    /// <param name="below">What follows it, percent-encoded.</param>
    /// <param name="parameters">Of the request.</param>
    public static ElsewhereException Below(string title, string below, QueryParameters parameters) =>
        new(307, Write(title, below, parameters));

    /// <summary>At the path of the request with a '/' behind it.</summary>
    /// <param name="title">The last part of it counts.</param>
    /// <param name="parameters">Of the request.</param>
    public static ElsewhereException Inside(string title, QueryParameters parameters) => new(308, Write(title, "/", parameters));

    /// <summary>One encoded segment comes first, in which no ':' and no '/' is left: what is written leads to no other host.</summary>
    private static string Write(string title, string below, QueryParameters parameters)
    {
        string name = title[(title.LastIndexOf('/') + 1)..];
        string query = string.Join('&', parameters.Select(static pair =>
            pair.Value.Length == 0
                ? Uri.EscapeDataString(pair.Key) : $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));
        return PercentEncoding.TryEncodeSegment(name, out string? segment)
            ? segment + below + (query.Length == 0 ? "" : "?" + query)
            : throw new InvalidOperationException("a path that was asked for can be encoded");
    }
}
