using System.Net.Sockets;

namespace Mapwire.Server.Sending;

/// <summary>A socket option that .NET has no name for, of Linux alone (tcp(7), socket(7)).</summary>
/// <param name="Level">IPPROTO_TCP or SOL_SOCKET.</param>
/// <param name="Name">The option's number.</param>
internal readonly record struct TcpOption(int Level, int Name)
{
    /// <summary>TCP_QUICKACK: acknowledge without delay, for a moment.</summary>
    public static TcpOption QuickAcknowledge { get; } = new(6, 12);

    /// <summary>
    /// TCP_USER_TIMEOUT: milliseconds that sent bytes may stay without an acknowledgement before the connection is given up.
    /// </summary>
    public static TcpOption UserTimeout { get; } = new(6, 18);

    /// <summary>TCP_NOTSENT_LOWAT: bytes not sent yet from which on the socket counts as full.</summary>
    public static TcpOption UnsentLimit { get; } = new(6, 25);

    /// <summary>SO_MAX_PACING_RATE: bytes a second.</summary>
    public static TcpOption MaxPacingRate { get; } = new(1, 47);

    /// <summary>
    /// Has the end of a connection be a reset, SO_LINGER with a time of 0 (socket(7)): what was not sent by then never is.
    /// </summary>
    /// <returns>False where the socket is gone.</returns>
    public static bool TryBreakAtClose(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Sets it.</summary>
    /// <returns>False where the system has no such option, or the socket is gone.</returns>
    public bool TrySet(Socket socket, int value)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(bytes, value);
        try
        {
            socket.SetRawSocketOption(Level, Name, bytes);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
