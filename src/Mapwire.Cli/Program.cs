using System.CommandLine;
using System.CommandLine.Parsing;
using Mapwire.Cli;

RootCommand root = new("Serves recorded MP4s over RTMP.")
{
    ServeCommand.Create(),
    ProbeCommand.Create(),
    BenchCommand.Create(),
    PagesCommand.Create(),
    TopCommand.Create(),
    ArenaCommand.Create(),
};

ParseResult parsed = root.Parse(args);
foreach (ParseError error in parsed.Errors)
{
    return ExitCode.Misuse(error.Message);
}

try
{
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (IOException exception) when (exception is not FileNotFoundException) // such as a report into a full disk
{
    Output.TryWriteError(exception.Message);
    return ExitCode.Failure;
}
