using System.Net;
using System.Net.Sockets;

namespace Mapwire.Server.Tests.Sending;

/// <summary>Two ends of a TCP connection on this machine; the sending end does not block and holds little.</summary>
internal sealed class SocketPair : IDisposable
{
    public SocketPair(int sendBuffer = 16 * 1024)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        Sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            SendBufferSize = sendBuffer,
            NoDelay =
            true
        };
        Sender.Connect(listener.LocalEndPoint!);
        Sender.Blocking = false;
        Receiver = listener.Accept();
    }

    public Socket Sender { get; }

    public Socket Receiver { get; }

    /// <summary>Takes what has arrived, waiting a moment for the first byte.</summary>
    public void Drain(MemoryStream into)
    {
        byte[] buffer = new byte[64 * 1024];
        while (Receiver.Poll(TimeSpan.FromMilliseconds(1), SelectMode.SelectRead))
        {
            int count = Receiver.Receive(buffer);
            if (count == 0)
            {
                return;
            }

            into.Write(buffer, 0, count);
        }
    }

    public void Dispose()
    {
        Sender.Dispose();
        Receiver.Dispose();
    }
}
