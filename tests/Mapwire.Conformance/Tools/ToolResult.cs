namespace Mapwire.Conformance.Tools;

/// <summary>How a program ended and what it said.</summary>
internal sealed record ToolResult(string Program, string[] Arguments, int ExitCode, string Output, string Errors)
{
    public override string ToString() =>
        $"{Program} {string.Join(' ', Arguments)}\nexit code {ExitCode}\n{Tool.Shorten(Errors)}\n{Tool.Shorten(Output)}";
}
