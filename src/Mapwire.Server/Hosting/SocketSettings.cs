using System.Net.Sockets;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Hosting;

/// <summary>What the options say of the system's side of each connection.</summary>
internal static class SocketSettings
{
    /// <summary>
    /// Silence after which the system asks a peer whether it is still there; a phone that lost its network is gone within minutes.
    /// </summary>
    private const int KeepAliveSeconds = 60;

    /// <summary>Makes a new socket what connections need.</summary>
    /// <returns>False when it is gone already.</returns>
    public static bool TryApply(Socket socket, MediaServerOptions options)
    {
        try
        {
            socket.Blocking = OperatingSystem.IsLinux(); // there each call says that it does not wait, and .NET keeps 200 bytes fewer
            socket.NoDelay = true; // a message is sent whole: waiting for more of it would only delay the first frame
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); // a paused player may be gone for good
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            if (options.SendBuffer is { } sendBuffer)
            {
                socket.SendBufferSize = sendBuffer;
            }

            if (options.ReceiveBuffer is { } receiveBuffer)
            {
                socket.ReceiveBufferSize = receiveBuffer;
            }
        }
        catch (SocketException)
        {
            return false;
        }

        TcpOption.UserTimeout.TrySet(socket, (int)Math.Min(options.AcknowledgeTimeout.TotalMilliseconds, int.MaxValue));
        if (options.MaxPacingRate is { } rate)
        {
            TcpOption.MaxPacingRate.TrySet(socket, (int)Math.Min(rate, int.MaxValue));
        }

        return true;
    }
}
