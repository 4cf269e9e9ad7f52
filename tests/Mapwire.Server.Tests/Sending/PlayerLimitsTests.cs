using System.Net;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

/// <summary>How many players there may be.</summary>
public sealed class PlayerLimitsTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Two = IPAddress.Parse("192.0.2.2");

    private readonly PlayerLimits _limits = new(4, 2, "--max", "--max-address");

    [Fact]
    public void An_address_with_all_its_players_is_refused_and_others_are_not()
    {
        Assert.Null(_limits.TryEnter(One));
        Assert.Null(_limits.TryEnter(IPAddress.Parse("::ffff:192.0.2.1")));
        Assert.Equal("its address has 2 of the 2 players that an address may have (--max-address)", _limits.TryEnter(One));
        Assert.NotNull(_limits.FindRefusal(One));
        Assert.Null(_limits.TryEnter(Two));
        Assert.Equal(3, _limits.Count);
        _limits.Leave(One);
        Assert.Null(_limits.TryEnter(One));
    }

    [Fact]
    public void A_server_with_all_its_players_refuses_everyone_and_what_was_refused_is_not_counted()
    {
        _limits.Enter(One);
        _limits.Enter(One);
        _limits.Enter(One); // as a connection that was let in
        Assert.Null(_limits.TryEnter(null));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("there are 4 of the 4 players that this server has (--max)", _limits.TryEnter(Two));
        }

        Assert.Equal("there are 4 of the 4 players that this server has (--max)", _limits.FindRefusal(null));
        _limits.Leave(null);
        Assert.Null(_limits.FindRefusal(Two));
        Assert.Null(_limits.TryEnter(Two));
    }

    [Fact]
    public void Without_limits_nobody_is_refused()
    {
        for (int i = 0; i < 100; i++)
        {
            Assert.Null(PlayerLimits.None.TryEnter(One));
        }
    }
}
