using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Hosting;

/// <summary>What is spoken at some end points.</summary>
/// <param name="Scheme">Of the addresses there, such as <c>rtmp</c>.</param>
/// <param name="EndPoints">Where; port 0 picks a free one.</param>
/// <param name="Converse">Begins the conversation of a connection, on its worker.</param>
internal sealed record Protocol(string Scheme, IReadOnlyList<IPEndPoint> EndPoints, Func<Connection, IConversation> Converse)
{
    /// <summary>How each connection is encrypted; null for those that are not.</summary>
    public Func<SslServerAuthenticationOptions>? Encryption { get; init; }

    /// <summary>Wraps the stream of each connection; null for none.</summary>
    public Func<Stream, CancellationToken, ValueTask<Stream>>? Wrap { get; init; }

    /// <summary>Whether the server goes on without it, with a warning, where it cannot listen.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Whether who connects is a player at once; else that is known with what it asks for.</summary>
    public bool IsOfPlayers { get; init; }

    /// <summary>
    /// Takes the socket of a connection that is one too many, to tell it so, and whether it is the server that is full or the address that
    /// has too many; false where the socket is to be closed without a word. Null: every one is.
    /// </summary>
    public Func<Socket, bool, bool>? TurnAway { get; init; }
}
