using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Statistics;
using Xunit;

namespace Mapwire.Server.Tests.Http.Viewers;

/// <summary>Ids of viewers in addresses.</summary>
public sealed class ViewerIdsTests
{
    private readonly ViewerIds _ids = new();

    [Theory]
    [InlineData(PlayerProtocol.Hls)]
    [InlineData(PlayerProtocol.Dash)]
    public void An_id_that_was_given_is_known_with_its_protocol_and_no_other_has_its_number(PlayerProtocol protocol)
    {
        HashSet<ulong> numbers = [];
        for (int i = 0; i < 1000; i++)
        {
            string id = _ids.Create(protocol);
            Assert.All(id, static c => Assert.True(char.IsAsciiLetterOrDigit(c)));
            Assert.True(_ids.TryRead(id, out ulong number, out PlayerProtocol read));
            Assert.Equal(protocol, read);
            Assert.True(numbers.Add(number));
        }
    }

    [Fact]
    public void An_id_with_any_other_digit_is_unknown()
    {
        string id = _ids.Create(PlayerProtocol.Hls);
        for (int i = 0; i < id.Length; i++)
        {
            char[] other = id.ToCharArray();
            other[i] = other[i] == '0' ? '1' : '0';
            Assert.False(_ids.TryRead(new string(other), out _, out _));
        }
    }

    [Fact]
    public void Ids_of_another_server_and_words_that_are_none_are_unknown()
    {
        string id = _ids.Create(PlayerProtocol.Hls);
        Assert.False(new ViewerIds().TryRead(id, out _, out _));
        foreach (string? word in (string?[])[null, "", "1", id[..^1], id[..^2], id + "00", "zz" + id[2..], new string('0', id.Length)])
        {
            Assert.False(_ids.TryRead(word, out _, out _));
        }
    }
}
