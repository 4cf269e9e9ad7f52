using System.CommandLine;
using Mapwire.Memory.Arenas;

namespace Mapwire.Cli;

/// <summary><c>mapwire arena FILE</c>: what is in an arena, and whether it is sound. Nothing in the file is changed.</summary>
internal static class ArenaCommand
{
    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "A file that a program keeps an arena in." };
        Option<bool> json = new("--json") { Description = "Print JSON." };
        Option<bool> verify = new("--verify") { Description = "Say only whether it is sound, and what is wrong." };
        Command command = new("arena", "Shows what is in an arena file, and checks every block of it.") { file, json, verify };
        command.SetAction(parsed => Run(parsed.GetValue(file)!, parsed.GetValue(json), parsed.GetValue(verify)));
        return command;
    }

    private static int Run(string file, bool asJson, bool verdictOnly)
    {
        if (!File.Exists(file))
        {
            return ExitCode.Misuse($"no file {file}");
        }

        try
        {
            using Arena arena = Open(file);
            using Arena.Scope scope = arena.EnterScope(); // programs that share it wait: report and blocks are of one state
            ArenaReport report = arena.Inspect();
            IReadOnlyList<UnreachableBlock> unreachable = report.IsSound && !verdictOnly ? arena.FindUnreachable() : [];
            if (asJson)
            {
                CommandJson.Print(ArenaJson.From(report, unreachable), CommandJson.Lines.ArenaJson);
            }
            else if (verdictOnly)
            {
                ArenaText.WriteVerdict(Console.Out, report);
            }
            else
            {
                ArenaText.Write(Console.Out, report, unreachable);
            }

            return report.IsSound ? ExitCode.Success : ExitCode.Failure;
        }
        catch (Exception exception) when (exception is ArenaFormatException or IOException or UnauthorizedAccessException
            or PlatformNotSupportedException)
        {
            return ExitCode.Fail(Output.ReasonOf(exception));
        }
    }

    /// <summary>Opens an arena to look at it: alone, or beside programs that share it and write.</summary>
    private static Arena Open(string file)
    {
        try
        {
            return Arena.Open(file, new ArenaOptions { ReadOnly = true, AnyLayout = true });
        }
        catch (IOException exception) when (exception is not FileNotFoundException)
        {
            try
            {
                return Arena.Open(file, new ArenaOptions { ReadOnly = true, Shared = true, AnyLayout = true });
            }
            catch (Exception again) when (again is IOException or UnauthorizedAccessException)
            {
                throw exception; // the first reason is the one to tell
            }
        }
    }
}
