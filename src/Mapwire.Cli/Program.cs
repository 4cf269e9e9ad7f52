using System.CommandLine;
using Mapwire.Cli;

StandardStreams.Check();
FileSizeLimit.Heed();
RootCommand root = new("Serves recorded MP4 and FLV files by RTMP and HTTP (HLS, DASH, FLV).")
{
    ServeCommand.Create(),
    ProbeCommand.Create(),
    BenchCommand.Create(),
    PagesCommand.Create(),
    TopCommand.Create(),
    ArenaCommand.Create(),
    CertificateCommand.Create(),
};

// A name that begins with '@' is a file, and no file of arguments.
ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0)
{
    string commands = string.Join(", ", root.Subcommands.Select(static command => command.Name));
    return ExitCode.Misuse(
        parsed.CommandResult.Command != root || args is ["--", ..] ? parsed.Errors[0].Message
        : args.Length == 0 ? $"no command; there are {commands} (mapwire --help)"
        : $"no command '{args[0]}'; there are {commands} (mapwire --help)");
}

try
{
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (OutOfMemoryException exception) // of the system: a thread that it does not start, memory that it does not give
{
    return ExitCode.Fail($"{exception.Message.TrimEnd('.')}: {ThreadRoom.Advice}");
}
catch (Exception exception) when (Output.IsWriteFault(exception)) // such as a report into a full disk
{
    return ExitCode.Fail(Output.ReasonOf(exception));
}
