using System.Net.Sockets;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

/// <summary>Options of sockets, of those that are gone, too.</summary>
public sealed class TcpOptionTests
{
    [Fact]
    public void An_option_that_was_set_is_told_and_one_of_a_socket_that_is_gone_was_not()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Equal(OperatingSystem.IsLinux(), TcpOption.UnsentLimit.TrySet(socket, 16_384));
        Assert.True(TcpOption.TryBreakAtClose(socket));
        Assert.Equal(0, socket.LingerState!.LingerTime);
        socket.Dispose();
        Assert.False(TcpOption.UnsentLimit.TrySet(socket, 16_384));
        Assert.False(TcpOption.TryBreakAtClose(socket));
    }
}
