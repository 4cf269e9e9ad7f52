using Mapwire.Http.Targets;

namespace Mapwire.Server.Http;

/// <summary>What a path asks for is at another path: the client is told where.</summary>
internal sealed class ElsewhereException : Exception
{
    private ElsewhereException(string location)
        : base("it is at another path") => Location = location;

    /// <summary>A relative reference to the other path, with the request's query.</summary>
    public string Location { get; }

    /// <summary>At a path below that of the request.</summary>
    /// <param name="title">The last part of it counts.</param>
    /// <param name="below">What follows it, percent-encoded.</param>
    /// <param name="parameters">Of the request.</param>
    public static ElsewhereException Below(string title, string below, QueryParameters parameters)
    {
        string name = title[(title.LastIndexOf('/') + 1)..];
        string query = string.Join('&', parameters.Select(static pair =>
            pair.Value.Length == 0
                ? Uri.EscapeDataString(pair.Key) : $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));
        return PercentEncoding.TryEncodeSegment(name, out string? segment)
            ? new ElsewhereException(segment + below + (query.Length == 0 ? "" : "?" + query))
            : throw new InvalidOperationException("a path that was asked for can be encoded");
    }
}
