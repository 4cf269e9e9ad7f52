using System.Diagnostics;

namespace Mapwire.Arenas.Tests.Linux;

/// <summary>A program of the repository, run as a process, where the build of the same configuration left it.</summary>
internal static class BuiltProgram
{
    public static (int ExitCode, string Output, string Error) Run(string project, string name, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(PathOf(project, name), arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (process.WaitForExit(TimeSpan.FromSeconds(120)))
            return (process.ExitCode, output.ReplaceLineEndings("\n"), error.Result.ReplaceLineEndings("\n"));
        process.Kill(entireProcessTree: true);
        throw new TimeoutException($"{name} did not end.");
    }

    private static string PathOf(string project, string name)
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        DirectoryInfo configuration = framework.Parent!;
        DirectoryInfo root = configuration.Parent!.Parent!.Parent!.Parent!; // bin, project, tests, root
        return Path.Combine(root.FullName, project, "bin", configuration.Name, framework.Name, name);
    }
}
