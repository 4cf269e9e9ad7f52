using System.Text.RegularExpressions;

namespace Mapwire.Rules;

/// <summary>A C# file: its text, and the same text with comments and literals blanked so that only code is left.</summary>
internal sealed partial class SourceFile(string path, string text)
{
    private string? _code;

    /// <summary>From the root of the repository, with forward slashes.</summary>
    public string Path { get; } = path;

    public string Text { get; } = text;

    /// <summary>As long as <see cref="Text"/>, line for line.</summary>
    public string Code => _code ??= CodeOnly.Of(Text);

    public string[] Lines => Text.Split('\n');

    /// <summary>The project folder, such as <c>Mapwire.Media</c>: the second part of the path.</summary>
    public string Project => Path.Split('/') is [_, string project, _, ..] ? project : "";

    /// <summary>The folders between the project and the file.</summary>
    public string[] Folders => Path.Split('/') is [_, _, .. string[] folders, _] ? folders : [];

    public string? Namespace => NamespacePattern().Match(Code) is { Success: true } match ? match.Groups[1].Value : null;

    public int LineOf(int index) => Text.AsSpan(0, index).Count('\n') + 1;

    /// <summary>Where the pattern matches code, as <c>path(line): what</c>.</summary>
    public IEnumerable<string> Find(Regex pattern, string what) =>
        pattern.Matches(Code).Select(match => $"{Path}({LineOf(match.Index)}): {what}: {match.Value.Trim()}");

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespacePattern();
}
