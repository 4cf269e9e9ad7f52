using System.Diagnostics;

namespace Mapwire.Memory.Tests.Support;

/// <summary>A program of the repository, run as a process.</summary>
internal static class SampleProgram
{
    public static (int ExitCode, string Output, string Error) Run(string name, params string[] arguments)
    {
        using Process process = Start(Path.Combine("samples", name), name, arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromSeconds(60)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{name} did not end.");
        }

        return (process.ExitCode, output.ReplaceLineEndings("\n"), error.Result.ReplaceLineEndings("\n"));
    }

    /// <summary>Starts a program with its output and errors to be read.</summary>
    /// <param name="project">The folder of its project from the root of the repository.</param>
    /// <param name="name">The name of its executable.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Process Start(string project, string name, params string[] arguments) =>
        PatientStart.Of(new ProcessStartInfo(PathOf(project, name), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });

    /// <summary>Beside the tests where they were published together, else where the build of the same configuration left it.</summary>
    private static string PathOf(string project, string name)
    {
        string file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        string beside = Path.Combine(AppContext.BaseDirectory, file);
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, name + ".dll"))) // the starter alone comes with any reference
        {
            return beside;
        }

        DirectoryInfo framework = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        DirectoryInfo configuration = framework.Parent!;
        DirectoryInfo root = configuration.Parent!.Parent!.Parent!.Parent!; // bin, project, tests, root
        return Path.Combine(root.FullName, project, "bin", configuration.Name, framework.Name, file);
    }
}
