using System.Text.RegularExpressions;

namespace Mapwire.Rules;

/// <summary>Things are called what they are, in the words of the standards.</summary>
public sealed partial class NameTests
{
    private static IEnumerable<SourceFile> All => ((string[])["src", "tests", "samples", "bench"]).SelectMany(Repository.Sources);

    [Fact]
    public void No_type_file_or_folder_is_named_after_nothing() =>
        Violations.None(All.SelectMany(EmptyNames), "A name says what a thing is.");

    [Theory]
    [InlineData("src/Mapwire.Media/Mp4/Box.cs", "public sealed class BoxManager { }", "BoxManager")]
    [InlineData("src/Mapwire.Media/Mp4/Box.cs", "internal static class ByteHelpers { }", "ByteHelpers")]
    [InlineData("src/Mapwire.Media/Mp4/Box.cs", "readonly record struct TimeUtil(int A);", "TimeUtil")]
    [InlineData("src/Mapwire.Media/Mp4/Box.cs", "ref struct Utils { }", "Utils")]
    [InlineData("src/Mapwire.Media/Mp4/Box.cs", "interface IPlaybackService<T> { }", "IPlaybackService")]
    [InlineData("src/Mapwire.Media/Mp4/Box.cs", "enum Common { }", "Common")]
    [InlineData("src/Mapwire.Media/Common/Box.cs", "class Box { }", "Common")]
    [InlineData("src/Mapwire.Media/Mp4/BoxHelper.Linux.cs", "class Box { }", "BoxHelper")]
    [InlineData("src/Mapwire.Contracts/A.cs", "class A { }", "Contracts")]
    public void A_name_after_nothing_is_found(string path, string text, string word) =>
        Violations.Found(EmptyNames(new SourceFile(path, text)), word);

    [Fact]
    public void Words_that_only_look_alike_are_left_alone() =>
        Assert.Empty(
            EmptyNames(
                new SourceFile("src/Mapwire.Media/Mp4/CommonEncryptionBox.cs",
                "class CommonEncryptionBox { string Helper; } // class Manager")));

    private static IEnumerable<string> EmptyNames(SourceFile source)
    {
        string file = source.Path[(source.Path.LastIndexOf('/') + 1)..].Split('.')[0];
        string[] places = [source.Project.Split('.')[^1], .. source.Folders, file];
        return places
            .Where(name => EmptyPattern().IsMatch(name))
            .Select(name => $"{source.Path}: {name}")
            .Concat(TypePattern().Matches(source.Code)
                .Where(match => EmptyPattern().IsMatch(match.Groups["name"].Value))
                .Select(match => $"{source.Path}({source.LineOf(match.Index)}): {match.Groups["name"].Value}"));
    }

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record|delegate\s+\S+)\s+(?<name>[A-Z]\w*)")]
    private static partial Regex TypePattern();

    [GeneratedRegex("(?:Manager|Helpers?|Utils?|Utility|Utilities|Common|Contracts|Misc|Services?)$")]
    private static partial Regex EmptyPattern();
}
