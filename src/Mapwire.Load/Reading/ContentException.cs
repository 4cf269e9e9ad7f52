namespace Mapwire.Load.Reading;

/// <summary>What a server sent is not what it has to be. The message is short and names no position, so that equal faults count together.
/// </summary>
/// <param name="reason">What is wrong, beginning with what it is wrong of: "response", "playlist", "FLV", "segment".</param>
internal sealed class ContentException(string reason) : Exception(reason);
