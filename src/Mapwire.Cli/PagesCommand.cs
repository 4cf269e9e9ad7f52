using System.CommandLine;
using System.Globalization;
using Mapwire.Memory;
using Mapwire.Server;
using Mapwire.Server.Reports;
using Spectre.Console;

namespace Mapwire.Cli;

/// <summary><c>mapwire pages FILE...</c>: what of files is in memory, and more or less of it.</summary>
internal static class PagesCommand
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
        Argument<string[]> files =
            new("FILE") { Description = "Files; folders with all files below them.", Arity = ArgumentArity.OneOrMore };
        Option<bool> warm = new("--warm") { Description = "Read the files into memory first." };
        Option<bool> evict = new("--evict") { Description = "Drop the files from memory first." };
        Option<bool> keep = new("--lock") { Description = "Keep the files in memory until interrupted." };
        Option<bool> watch = new("--watch") { Description = "Look again every second until interrupted." };
        Option<bool> json = new("--json") { Description = "Print JSON, one object a look." };
        Command command =
            new("pages", "Shows what of files is in memory, and brings them in or out.") { files, warm, evict, keep, watch, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(evict) && (parsed.GetValue(warm) || parsed.GetValue(keep)))
            {
                return ExitCode.Misuse("--evict takes files out of memory, --warm and --lock bring them in: choose one");
            }

            using StopSignals signals = new();
            PagesRun run = new(parsed.GetValue(json), signals.Token);
            return run.Run(
                parsed.GetValue(files)!, parsed.GetValue(warm), parsed.GetValue(evict), parsed.GetValue(keep), parsed.GetValue(watch));
        });
        return command;
    }

    /// <summary>One run of the command.</summary>
    private sealed class PagesRun(bool asJson, CancellationToken stop)
    {
        private bool _failed;

        public int Run(string[] named, bool warm, bool evict, bool keep, bool watch)
        {
            foreach (string name in named)
            {
                if (!File.Exists(name) && !Directory.Exists(name))
                {
                    return ExitCode.Misuse($"no file or folder {TerminalText.Clean(name)}{FolderReport.ExplainName(name)}");
                }
            }

            if (!PlatformCapabilities.Supports(MemoryCapability.ResidencyOfPageCache))
            {
                Output.TryWriteError(PlatformCapabilities.GetUnsupportedReason(MemoryCapability.ResidencyOfPageCache)!);
            }

            List<string> files = [.. named.SelectMany(Walk)];
            List<MappedRegion> held = [];
            try
            {
                foreach (string file in files)
                {
                    Try(file, () =>
                    {
                        if (evict)
                        {
                            PageWarmth.Evict(file);
                            TellWhatStayed(file);
                        }

                        if (warm)
                        {
                            PageWarmth.Warm(file, stop);
                        }

                        if (keep)
                        {
                            held.Add(PageWarmth.Lock(file));
                        }
                    });
                }

                Show(files, watch);
                if (held.Count > 0 && !watch)
                {
                    Output.TryWriteError(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{PagesText.Size(held.Sum(region => region.Length))} of {held.Count} files locked in memory until interrupted"));
                    stop.WaitHandle.WaitOne();
                }
            }
            catch (OperationCanceledException)
            {
                // Interrupted: what was done is done.
            }
            finally
            {
                held.ForEach(region => region.Dispose());
            }

            return _failed ? ExitCode.Failure : ExitCode.Success;
        }

        private void Show(List<string> files, bool watch)
        {
            if (!watch || asJson || Console.IsOutputRedirected)
            {
                do
                {
                    Print(Look(files));
                }
                while (watch && !stop.WaitHandle.WaitOne(WatchInterval));
                return;
            }

            AnsiConsole.Live(PagesText.Draw(Look(files), AnsiConsole.Profile.Width)).Start(live =>
            {
                while (!stop.WaitHandle.WaitOne(WatchInterval))
                {
                    live.UpdateTarget(PagesText.Draw(Look(files), AnsiConsole.Profile.Width));
                }
            });
        }

        private List<PageReport> Look(List<string> files)
        {
            List<PageReport> reports = [];
            foreach (string file in files)
            {
                Try(file, () => reports.Add(PageReport.Of(file)));
            }

            return reports;
        }

        private void Print(List<PageReport> reports)
        {
            if (asJson)
            {
                CommandJson.Print(PagesJson.From(reports), CommandJson.Lines.PagesJson);
                return;
            }

            // A file or a pipe has no width: nothing is cut there.
            IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings());
            if (Console.IsOutputRedirected)
            {
                console.Profile.Width = int.MaxValue / 4;
            }

            console.Write(PagesText.Draw(reports, console.Profile.Width));
        }

        private void Try(string file, Action action)
        {
            try
            {
                action();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PlatformNotSupportedException
                or ArgumentException)
            {
                Output.TryWriteError($"{TerminalText.Clean(file)}: {exception.Message}{FolderReport.ExplainName(file)}");
                _failed = true;
            }
        }

        /// <summary>Pages that a process has mapped are not evicted, and the system does not say so.</summary>
        private static void TellWhatStayed(string file)
        {
            PageReport report = PageReport.Of(file);
            if (report.ResidentPages is > 0 and long stayed)
            {
                Output.TryWriteError(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{TerminalText.Clean(file)}: {stayed} of {report.Pages} pages stay in memory: a process has them mapped, "
                    + $"or they are not written yet"));
            }
        }

        /// <summary>
        /// The files below a folder, in order; links are not followed out of it, and a folder that cannot be listed is told.
        /// </summary>
        private List<string> Walk(string name)
        {
            if (!Directory.Exists(name))
            {
                return [name];
            }

            List<string> files = [];
            Stack<string> folders = new([name]);
            while (folders.TryPop(out string? folder))
            {
                Try(folder, () =>
                {
                    EnumerationOptions all =
                        new() { IgnoreInaccessible = false, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device };
                    files.AddRange(Directory.EnumerateFiles(folder, "*", all));
                    foreach (string inner in Directory.EnumerateDirectories(folder, "*", all))
                    {
                        folders.Push(inner);
                    }
                });
            }

            files.Sort(StringComparer.Ordinal);
            return files;
        }
    }
}
