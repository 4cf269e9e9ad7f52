using Xunit;

namespace Mapwire.Server.Tests;

public sealed class LogTextTests
{
    [Theory]
    [InlineData("film.mp4", "film.mp4")]
    [InlineData("a\nb\u001b[31m", "a\\u000ab\\u001b[31m")]
    public void A_clients_words_stay_on_one_line(string text, string expected) => Assert.Equal(expected, LogText.Clean(text));

    [Fact]
    public void Long_words_are_cut() => Assert.Equal(203, LogText.Clean(new string('x', 5000)).Length);
}
