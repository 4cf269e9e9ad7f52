namespace Mapwire.Server.Transport;

/// <summary>What a poller saw on one registered socket.</summary>
/// <param name="Key">The key given at registration.</param>
/// <param name="Readable">Bytes, an end of stream or an error can be read.</param>
/// <param name="Writable">The socket takes bytes again.</param>
internal readonly record struct PollEvent(long Key, bool Readable, bool Writable);
