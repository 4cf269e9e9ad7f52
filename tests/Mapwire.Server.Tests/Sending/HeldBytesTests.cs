using System.Net;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

public sealed class HeldBytesTests
{
    private const int Max = 1_000_000;

    private readonly HeldBytes _held = new(Max, "MaxHeldBytes");

    [Fact]
    public void What_each_of_many_holds_a_little_of_closes_nobody()
    {
        for (int i = 0; i < 10_000; i++)
        {
            int counted = 0;
            Assert.Null(_held.Count(Host(1, i), ref counted, HeldBytes.Free));
            Assert.Equal(0, counted);
        }
    }

    [Fact]
    public void One_address_may_have_half_and_no_other_pays_for_it()
    {
        int[] counted = new int[8];
        for (int i = 0; i < 5; i++)
        {
            Assert.Null(_held.Count(Host(1, i), ref counted[i], 100_000));
        }

        Assert.Equal("the connections of its address hold 600000 bytes, more than half of the 1000000 of MaxHeldBytes",
            _held.Count(Host(1, 5), ref counted[5], 100_000));
        Assert.NotNull(_held.Count(new IPEndPoint(IPAddress.Parse("::ffff:10.0.0.2"), 1), ref counted[6], 20_000)); // the same host
        Assert.Null(_held.Count(Host(2, 1), ref counted[7], 300_000));
        Assert.Null(_held.Count(Host(1, 6), ref counted[6], 0));
        Assert.Null(_held.Count(Host(1, 5), ref counted[5], 0)); // it was closed
        Assert.NotNull(_held.Count(Host(1, 4), ref counted[4], 100_001)); // whichever asks for more
    }

    [Fact]
    public void All_together_may_have_so_much_and_who_holds_less_than_before_stays()
    {
        int[] counted = new int[6];
        for (int i = 0; i < 5; i++)
        {
            Assert.Null(_held.Count(Host(i, 1), ref counted[i], 200_000));
        }

        Assert.Equal("all connections hold 1020000 bytes, more than the 1000000 of MaxHeldBytes",
            _held.Count(Host(5, 1), ref counted[5], 20_000));
        Assert.Null(_held.Count(Host(0, 1), ref counted[0], 199_999));
        Assert.Null(_held.Count(Host(0, 1), ref counted[0], 199_999)); // the same again
        Assert.Null(_held.Count(Host(0, 1), ref counted[0], HeldBytes.Free));
        Assert.Null(_held.Count(Host(1, 1), ref counted[1], 300_000));
    }

    [Fact]
    public void A_client_without_an_address_counts_for_the_server()
    {
        int counted = 0;
        Assert.Null(_held.Count(null, ref counted, Max));
        Assert.NotNull(_held.Count(null, ref counted, Max + 1));
    }

    [Fact]
    public void Whatever_many_threads_hold_and_let_go_nothing_stays_counted()
    {
        Parallel.For(0, 8, thread =>
        {
            Random random = new(thread);
            int[] counted = new int[10];
            for (int i = 0; i < 20_000; i++)
            {
                int one = random.Next(counted.Length);
                _held.Count(Host(one, thread), ref counted[one], random.Next(40_000));
            }

            for (int one = 0; one < counted.Length; one++)
            {
                _held.Count(Host(one, thread), ref counted[one], 0);
                Assert.Equal(0, counted[one]);
            }
        });
        for (int host = 0; host < 10; host++)
        {
            int counted = 0;
            Assert.Null(_held.Count(Host(host, 1), ref counted, Max / 2)); // no more would be let
            Assert.Null(_held.Count(Host(host, 1), ref counted, 0));
        }
    }

    private static IPEndPoint Host(int host, int port) => new(IPAddress.Parse($"10.0.0.{host + 1}"), port + 1);
}
