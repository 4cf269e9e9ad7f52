using System.Diagnostics;

namespace Mapwire.Memory.Tests.Support;

/// <summary>A sample, run as a process.</summary>
internal static class SampleProgram
{
    public static (int ExitCode, string Output, string Error) Run(string name, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(PathOf(name), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromSeconds(60)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{name} did not end.");
        }

        return (process.ExitCode, output.ReplaceLineEndings("\n"), error.Result.ReplaceLineEndings("\n"));
    }

    /// <summary>Beside the tests where they were published together, else where the build of the same configuration left it.</summary>
    private static string PathOf(string name)
    {
        string file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        string beside = Path.Combine(AppContext.BaseDirectory, file);
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, name + ".dll"))) // the starter alone comes with any reference
            return beside;
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        DirectoryInfo configuration = framework.Parent!;
        DirectoryInfo root = configuration.Parent!.Parent!.Parent!.Parent!; // bin, project, tests, root
        return Path.Combine(root.FullName, "samples", name, "bin", configuration.Name, framework.Name, file);
    }
}
