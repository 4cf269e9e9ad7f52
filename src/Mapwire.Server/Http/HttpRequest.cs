using Mapwire.Http;
using Mapwire.Http.Heads;
using Mapwire.Http.Targets;

namespace Mapwire.Server.Http;

/// <summary>A request that is being answered: its head is kept until what it asks for is open.</summary>
/// <param name="Method">The method.</param>
/// <param name="Target">What it asks for.</param>
/// <param name="Route">What of a title that is.</param>
/// <param name="StaysOpen">Whether the connection stays after the answer.</param>
/// <param name="Bytes">The head as it came, for its conditions; empty where it is answered while that is at hand.</param>
internal sealed record HttpRequest(RequestMethod Method, RequestTarget Target, Route Route, bool StaysOpen, byte[] Bytes)
{
    /// <summary>Whether the answer has a body.</summary>
    public bool HasBody => Method != RequestMethod.Head;

    /// <summary>
    /// Whether a body of unknown length is sent in chunks: who reads HTTP/1.1 takes them. What Kestrel has read it frames itself, in the
    /// way of the version that its client speaks.
    /// </summary>
    public bool TakesChunks { get; init; }

    /// <summary>The head, read once more: it was understood before.</summary>
    public RequestHead ReadHead()
    {
        RequestHeadReader reader = new();
        reader.Read(Bytes, out RequestHead head);
        return head;
    }
}
