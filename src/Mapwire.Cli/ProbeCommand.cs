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
        Argument<string> file = new("FILE") { Description = "A recording or a playlist." };
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Option<bool> boxes = new("--boxes") { Description = "Print the box tree with offsets and sizes." };
        Command command = new("probe", "Says what the server would make of a file, and whether and why it is refused.") { file, json, boxes };
        LimitOptions limits = new();
        limits.AddTo(command);
        command.SetAction((parsed, _) => ProbeAsync(parsed.GetValue(file)!, limits.Read(parsed), parsed.GetValue(json), parsed.GetValue(boxes)));
        return command;
    }

    private static async Task<int> ProbeAsync(string path, TitleLimits limits, bool asJson, bool withBoxes)
    {
        if (!File.Exists(path))
        {
            return ExitCode.Misuse($"no file {path}");
        }

        if (PlaylistReport.IsPlaylist(path))
        {
            PlaylistReport list = await PlaylistReport.OfAsync(path, limits).ConfigureAwait(false);
            Print(asJson, json => ProbeJson.Write(json, path, list), text => ProbeText.Write(text, path, list));
            return list.Refusal is null ? ExitCode.Success : ExitCode.Failure;
        }

        TitleReport report = TitleReport.Of(path, limits);
        IReadOnlyList<BoxNode> boxes = [];
        try
        {
            boxes = withBoxes ? BoxListing.Read(path) : boxes;
        }
        catch (TitleException unreadable)
        {
            return ExitCode.Misuse(unreadable.Message);
        }

        Print(asJson, json => ProbeJson.Write(json, path, report, withBoxes ? boxes : null), text => ProbeText.Write(text, path, report, boxes));
        return report.Refusal is null ? ExitCode.Success : ExitCode.Failure;
    }

    private static void Print(bool asJson, Action<Utf8JsonWriter> writeJson, Action<TextWriter> writeText)
    {
        if (!asJson)
        {
            writeText(Console.Out);
            return;
        }

        using Utf8JsonWriter json = new(Console.OpenStandardOutput(), Indented);
        writeJson(json);
        json.Flush();
        Console.WriteLine();
    }
}
