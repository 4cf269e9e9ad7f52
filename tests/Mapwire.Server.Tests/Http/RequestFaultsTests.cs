using Mapwire.Http.Heads;
using Mapwire.Http.Targets;
using Mapwire.Server.Http;
using Xunit;

namespace Mapwire.Server.Tests.Http;

public sealed class RequestFaultsTests
{
    /// <summary>Names of our own code mean nothing to those who sent a request.</summary>
    [Fact]
    public void Every_fault_of_a_request_has_words_of_its_own()
    {
        HasWords<TargetRefusal>(RequestFaults.Of);
        HasWords<ForeignReason>(RequestFaults.Of);
    }

    private static void HasWords<T>(Func<T, string> words)
        where T : struct, Enum
    {
        T[] values = Enum.GetValues<T>();
        string[] told = [.. values.Select(words)];
        Assert.Distinct(told);
        Assert.All(values.Zip(told), static pair =>
        {
            Assert.Contains(' ', pair.Second);
            Assert.NotEqual(pair.First.ToString(), pair.Second);
        });
    }
}
