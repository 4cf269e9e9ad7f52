using System.CommandLine;
using System.Text.Json;
using Mapwire.Media.Mp4;
using Mapwire.Server.Catalog;

namespace Mapwire.Cli;

/// <summary><c>mapwire probe FILE</c>: what the server would make of a file.</summary>
internal static class ProbeCommand
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "A recording." };
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Option<bool> boxes = new("--boxes") { Description = "Print the box tree with offsets and sizes." };
        Command command = new("probe", "Says what the server would make of a file, and whether and why it is refused.") { file, json, boxes };
        command.SetAction(parsed => Probe(parsed.GetValue(file)!, parsed.GetValue(json), parsed.GetValue(boxes)));
        return command;
    }

    private static int Probe(string path, bool asJson, bool withBoxes)
    {
        if (!File.Exists(path))
        {
            return ExitCode.Misuse($"no file {path}");
        }

        TitleReport report = TitleReport.Of(path);
        IReadOnlyList<BoxNode> boxes = [];
        try
        {
            boxes = withBoxes ? BoxListing.Read(path) : boxes;
        }
        catch (TitleException unreadable)
        {
            return ExitCode.Misuse(unreadable.Message);
        }

        if (asJson)
        {
            using Utf8JsonWriter writer = new(Console.OpenStandardOutput(), Indented);
            ProbeJson.Write(writer, path, report, withBoxes ? boxes : null);
            writer.Flush();
            Console.WriteLine();
        }
        else
        {
            ProbeText.Write(Console.Out, path, report, boxes);
        }

        return report.Refusal is null ? ExitCode.Success : ExitCode.Failure;
    }
}
