using System.Diagnostics;
using Mapwire.Memory.Tests.Support;

namespace Mapwire.Arenas.Tests.Linux;

/// <summary>A program of the repository, run to its end, which may take a minute.</summary>
internal static class BuiltProgram
{
    public static (int ExitCode, string Output, string Error) Run(string project, string name, params string[] arguments)
    {
        using Process process = SampleProgram.Start(project, name, arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (process.WaitForExit(TimeSpan.FromSeconds(120)))
        {
            return (process.ExitCode, output.ReplaceLineEndings("\n"), error.Result.ReplaceLineEndings("\n"));
        }

        process.Kill(entireProcessTree: true);
        throw new TimeoutException($"{name} did not end.");
    }
}
