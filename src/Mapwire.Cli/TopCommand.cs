using System.CommandLine;
using System.Globalization;
using Mapwire.Server;
using Mapwire.Server.Statistics;
using Spectre.Console;

namespace Mapwire.Cli;

/// <summary><c>mapwire top [NAME]</c>: what servers of this user do, read from their shared memory.</summary>
internal static class TopCommand
{
    private const double LongestInterval = 3600;

    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
        Argument<string?> name =
            new("NAME") { Description = "The server of this name; all when left out.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> once = new("--once") { Description = "Print once and end; so it is too where there is no terminal." };
        Option<bool> json = new("--json") { Description = "Print JSON once: an object with servers, each with its titles and players." };
        Option<string?> folder =
            new("--folder") { Description = "Where servers were told to publish with --statistics-folder.", HelpName = "DIR" };
        Option<double> interval = OptionFactory.Seconds("--interval", "How often to look.", 1);
        Command command =
            new("top", "Shows servers, their titles and players, be the server stuck or dead.") { name, once, json, folder, interval };
        command.SetAction(parsed =>
        {
            double seconds = parsed.GetValue(interval);
            if (seconds is not (>= 0.1 and <= LongestInterval))
            {
                return ExitCode.Misuse(
                    string.Create(CultureInfo.InvariantCulture, $"--interval must be from 0.1 to 3,600 seconds (was {seconds})"));
            }

            if (parsed.GetValue(folder) is { } place && !Directory.Exists(place))
            {
                return ExitCode.Misuse($"no folder {TerminalText.Clean(place)}");
            }

            using TopServers servers = new(parsed.GetValue(name), parsed.GetValue(folder));
            bool isLive = !parsed.GetValue(once) && !parsed.GetValue(json) && !Console.IsOutputRedirected && !Console.IsInputRedirected
                && AnsiConsole.Profile.Capabilities is { Ansi: true, AlternateBuffer: true }; // TERM=dumb has no second screen
            return isLive
                ? ShowLive(servers, TimeSpan.FromSeconds(seconds))
                : ShowOnce(servers, parsed.GetValue(name), parsed.GetValue(json));
        });
        return command;
    }

    private static int ShowOnce(TopServers servers, string? name, bool asJson)
    {
        List<ServerSnapshot> seen = servers.Look();
        foreach (string line in servers.Unreadable)
        {
            Output.TryWriteError(TerminalText.Clean(line));
        }

        if (asJson)
        {
            CommandJson.Print(ServersJson.From(seen), CommandJson.Indented.ServersJson);
        }
        else if (seen.Count > 0)
        {
            IAnsiConsole console = OpenConsole();
            console.Write(TopText.Draw(seen, TopSort.Rate, console.Profile.Width));
        }

        if (seen.Count > 0)
        {
            return ExitCode.Success;
        }

        if (servers.Unreadable.Count > 0)
        {
            return ExitCode.Failure;
        }

        string which = name is null ? "no server" : $"no server {TerminalText.Clean(name)}";
        return ExitCode.Misuse(
            $"{which} of this user publishes statistics here; --folder DIR shows servers, other users' too, that were started with "
            + "--statistics-folder DIR");
    }

    /// <summary>A file or a pipe has no colours, and no width to keep to.</summary>
    private static IAnsiConsole OpenConsole()
    {
        if (!Console.IsOutputRedirected)
        {
            return AnsiConsole.Console;
        }

        IAnsiConsole plain =
            AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        plain.Profile.Width = 240;
        return plain;
    }

    private static int ShowLive(TopServers servers, TimeSpan interval)
    {
        using StopSignals signals = new();
        new TopScreen(servers, interval).Run(signals.Token);
        return ExitCode.Success;
    }
}
