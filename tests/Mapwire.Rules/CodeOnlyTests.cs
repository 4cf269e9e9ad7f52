using System.Text.RegularExpressions;

namespace Mapwire.Rules;

/// <summary>The scanner that the other rules stand on.</summary>
public sealed class CodeOnlyTests
{
    [Theory]
    [InlineData("a // unsafe\nb", "a \nb")]
    [InlineData("a /* x\ny */ b", "a \n b")]
    [InlineData("x = \"unsafe \\\" y\"; z", "x = ; z")]
    [InlineData("x = '\"'; unsafe", "x = ; unsafe")]
    [InlineData("x = '\\''; unsafe", "x = ; unsafe")]
    [InlineData("x = @\"a\"\"b\\\"; unsafe", "x = ; unsafe")]
    [InlineData("x = $\"a{f(\"}\")}b\"; unsafe", "x = ; unsafe")]
    [InlineData("x = $\"{{\"; unsafe", "x = ; unsafe")]
    [InlineData("x = $@\"a{b}\"; unsafe", "x = ; unsafe")]
    [InlineData("x = \"\"\"a \"b\" \"\"\"; unsafe", "x = ; unsafe")]
    [InlineData("x = \"\"; unsafe", "x = ; unsafe")]
    [InlineData("@class = \"\"u8; y", "@class = u8; y")]
    [InlineData("\"never closed", " ")]
    public void Comments_and_literals_are_blanked_in_place(string text, string collapsed)
    {
        string code = CodeOnly.Of(text);
        Assert.Equal(text.Length, code.Length);
        Assert.Equal(collapsed, Regex.Replace(code, " +", " "));
    }

    [Fact]
    public void Every_file_keeps_its_length_and_lines()
    {
        IReadOnlyList<SourceFile> sources = [.. Repository.Sources("src"), .. Repository.Sources("tests")];
        Assert.NotEmpty(sources);
        Assert.All(sources, source =>
        {
            Assert.Equal(source.Text.Length, source.Code.Length);
            Assert.Equal(source.Text.Count(c => c == '\n'), source.Code.Count(c => c == '\n'));
        });
    }
}
