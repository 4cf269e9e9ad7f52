using System.Net;
using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>Cuts of one address, of which there is one at a time.</summary>
public sealed class CutTurnTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Other = IPAddress.Parse("192.0.2.2");

    [Fact]
    public async Task Another_cut_of_an_address_waits_and_the_same_one_and_others_do_not()
    {
        CancellationToken none = TestContext.Current.CancellationToken;
        AddressTurns turns = new(1);
        CutTurn first = await CutTurn.EnterAsync(turns, One, "film?start=1", none);
        Task<CutTurn> second = CutTurn.EnterAsync(turns, One, "film?start=2", none);
        Task<CutTurn> same = CutTurn.EnterAsync(turns, One, "film?start=1", none);
        Assert.True(same.IsCompleted);
        Assert.True(CutTurn.EnterAsync(turns, Other, "film?start=2", none) is { IsCompleted: true });
        await Task.Delay(50, none); // so that there is a pause
        Assert.False(second.IsCompleted);
        first.Dispose();
        Assert.False(second.IsCompleted);
        (await same).Dispose();
        Assert.False(second.IsCompleted); // behind the pause
        (await second.WaitAsync(TimeSpan.FromSeconds(60), none)).Dispose();
    }

    [Fact]
    public async Task A_wait_for_a_turn_ends_with_its_client()
    {
        AddressTurns turns = new(1);
        using CutTurn first = await CutTurn.EnterAsync(turns, One, "a", TestContext.Current.CancellationToken);
        using CancellationTokenSource client = new();
        Task<CutTurn> second = CutTurn.EnterAsync(turns, One, "b", client.Token);
        client.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
    }
}
