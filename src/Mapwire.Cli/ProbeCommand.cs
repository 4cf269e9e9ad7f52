using System.CommandLine;
using Mapwire.Media.Mp4;
using Mapwire.Server;
using Mapwire.Server.Files;
using Mapwire.Server.Http;
using Mapwire.Server.Reports;

namespace Mapwire.Cli;

/// <summary><c>mapwire probe FILE...</c>: what the server would make of files.</summary>
internal static class ProbeCommand
{
    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
        Argument<string[]> files = new("FILE")
        {
            Description = "Recordings and playlists; of a folder all of them, subfolders included.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<bool> json = new("--json") { Description = "Print JSON: one object, of several files or a folder an array of them." };
        Option<bool> boxes = new("--boxes") { Description = "Print the box tree with offsets and sizes." };
        Command command =
            new("probe", "Says what the server would make of files, and whether and why they are refused.") { files, json, boxes };
        LimitOptions limits = new();
        limits.AddTo(command);
        command.SetAction((parsed, _) =>
        {
            try
            {
                return ProbeAsync(parsed.GetValue(files)!, limits.Read(parsed), parsed.GetValue(json), parsed.GetValue(boxes));
            }
            catch (ArgumentException exception)
            {
                return Task.FromResult(ExitCode.Misuse(OptionFactory.Translate(exception, parsed, limits.Find)));
            }
        });
        return command;
    }

    private static async Task<int> ProbeAsync(string[] named, TitleLimits limits, bool asJson, bool withBoxes)
    {
        if (Array.Find(named, static path => !File.Exists(path) && !Directory.Exists(path) && !QualitiesReport.Covers(path)) is { } missing)
        {
            return ExitCode.Misuse($"no file or folder {TerminalText.Clean(missing)}{FolderReport.ExplainName(missing)}");
        }

        List<object> documents = [];
        int refused = 0;
        int unread = 0;
        foreach ((string path, string? served) in named.SelectMany(Walk))
        {
            bool isPlayable;
            bool isQualities = QualitiesReport.Covers(path);
            if (isQualities || PlaylistReport.IsPlaylist(path))
            {
                PlaylistReport list = isQualities
                    ? await QualitiesReport.OfAsync(path, limits, served).ConfigureAwait(false)
                    : await PlaylistReport.OfAsync(path, limits, served).ConfigureAwait(false);
                documents.Add(ProbedList.From(path, list));
                Tell(output => ProbeText.Write(output, path, list));
                isPlayable = list.Refusal is null;
            }
            else
            {
                TitleReport report = TitleReport.Of(path, limits);
                IReadOnlyList<BoxNode>? boxes = withBoxes ? ReadBoxes(path) : null;
                documents.Add(ProbedFile.From(path, report, boxes));
                Tell(output => ProbeText.Write(output, path, report, boxes));
                isPlayable = report.Refusal is null;
            }

            refused += isPlayable ? 0 : 1;
        }

        bool isSingle = named.Length == 1 && !Directory.Exists(named[0]);
        if (asJson && isSingle)
        {
            CommandJson.Print(documents[0], CommandJson.Indented.Object);
        }
        else if (asJson)
        {
            CommandJson.Print(documents, CommandJson.Indented.IReadOnlyListObject);
        }
        else if (!isSingle)
        {
            Console.WriteLine(
                $"{documents.Count} {(documents.Count == 1 ? "file" : "files")}: {documents.Count - refused} playable, {refused} refused");
        }

        return refused + unread == 0 ? ExitCode.Success : ExitCode.Failure;

        IEnumerable<(string Path, string? Served)> Walk(string name)
        {
            if (!Directory.Exists(name))
            {
                return [(name, null)];
            }

            FolderReport folder = FolderReport.Of(name);
            foreach (string fault in folder.Faults)
            {
                unread++;
                Output.TryWriteError(fault);
            }

            return folder.Titles.Concat(folder.Qualities).Order(StringComparer.Ordinal).Select(title => (title, (string?)name));
        }

        void Tell(Action<TextWriter> write)
        {
            if (!asJson)
            {
                write(Console.Out);
            }
        }
    }

    private static IReadOnlyList<BoxNode> ReadBoxes(string path)
    {
        try
        {
            return BoxListing.Read(path);
        }
        catch (TitleException)
        {
            return []; // the report has the reason
        }
    }
}
