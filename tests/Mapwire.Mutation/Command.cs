using System.Diagnostics;

namespace Mapwire.Mutation;

/// <summary>Runs programs.</summary>
internal static class Command
{
    /// <summary>Runs a program to its end and gives what it printed.</summary>
    public static string Read(string folder, string program, string arguments)
    {
        ProcessStartInfo start = new(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    /// <summary>Runs a test program with a mutant on.</summary>
    /// <param name="program">Its path.</param>
    /// <param name="arguments">What it is given.</param>
    /// <param name="mutant">The mutant's number; 0 for none.</param>
    /// <param name="limit">When it is ended.</param>
    public static TestOutcome Try(string program, IEnumerable<string> arguments, int mutant, TimeSpan limit)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["MAPWIRE_MUTANT"] = mutant.ToString(System.Globalization.CultureInfo.InvariantCulture);
        using Process process = Process.Start(start)!;
        string? failed = null;
        process.OutputDataReceived += (_, line) => failed ??= FailedTest(line.Data);
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return new TestOutcome(TestResult.Hung, null);
        }

        process.WaitForExit(); // for what it printed
        return process.ExitCode == 0 ? new TestOutcome(TestResult.Passed, null) : new TestOutcome(TestResult.Failed, failed);
    }

    private static string? FailedTest(string? line) =>
        line?.IndexOf(" [FAIL]", StringComparison.Ordinal) is > 0 and int end ? line[..end].Trim() : null;
}
