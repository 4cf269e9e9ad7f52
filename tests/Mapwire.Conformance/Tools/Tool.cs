using System.Diagnostics;
using System.Text;

namespace Mapwire.Conformance.Tools;

/// <summary>A program of the system, found on PATH and run to its end within a bound.</summary>
internal static class Tool
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The full path of a program. Where it is missing the test says so: a failure under CI, set aside elsewhere.</summary>
    public static string Path(string program)
    {
        if (System.IO.Path.IsPathFullyQualified(program))
        {
            return program;
        }

        string path = Environment.GetEnvironmentVariable("PATH") + System.IO.Path.PathSeparator + "/usr/sbin";
        foreach (string folder in path.Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            string candidate = System.IO.Path.Combine(folder, program);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        string missing = $"{program} is not on PATH; ./test.sh says how to get it";
        if (Environment.GetEnvironmentVariable("CI") != "true")
        {
            Assert.Skip(missing);
        }

        throw new FileNotFoundException(missing, program);
    }

    /// <summary>Runs a program and gives what it said; whatever its exit code.</summary>
    /// <exception cref="TimeoutException">It did not end in time; it was killed.</exception>
    public static async Task<ToolResult> RunAsync(string program, IEnumerable<string> arguments, TimeSpan? patience = null,
        string? workingDirectory = null)
    {
        ProcessStartInfo start = new(Path(program), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = workingDirectory ?? "",
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment["GST_REGISTRY_FORK"] = "no";

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource timeout = new(patience ?? Patience);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(
                $"{program} {string.Join(' ', start.ArgumentList)} did not end within {(patience ?? Patience).TotalSeconds} "
                + $"s:\n{await errors}\n{Shorten(await output)}");
        }

        return new ToolResult(program, [.. start.ArgumentList], process.ExitCode, await output, await errors);
    }

    /// <summary>Runs a program that must succeed.</summary>
    public static async Task<ToolResult> SucceedAsync(string program, IEnumerable<string> arguments, TimeSpan? patience = null,
        string? workingDirectory = null)
    {
        ToolResult result = await RunAsync(program, arguments, patience, workingDirectory);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }

    internal static string Shorten(string text) =>
        text.Length <= 4000 ? text : string.Concat(text.AsSpan(0, 2000), "\n...\n", text.AsSpan(text.Length - 2000));
}
