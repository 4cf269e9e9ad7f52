namespace Mapwire.Server.Loop;

/// <summary>What a poller saw on one registered socket.</summary>
/// <param name="Key">The key given at registration.</param>
/// <param name="Readable">Bytes, an end of stream or an error can be read.</param>
/// <param name="Writable">The socket takes bytes again.</param>
/// <param name="Ended">The peer has ended its half or all of the connection, or it broke.</param>
internal readonly record struct PollEvent(long Key, bool Readable, bool Writable, bool Ended);
