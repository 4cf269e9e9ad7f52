using System.Diagnostics;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Linux.Packaging;

/// <summary>Starts one program in one folder, as often as a script wants.</summary>
internal sealed class ProgramRun(string executable, string folder)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public string this[string file] => Path.Combine(folder, file);

    /// <summary>Runs it to its end, which has to be a good one without a word to standard error; returns what it printed.</summary>
    public string Play(params string[] arguments)
    {
        using Process process = Start(arguments);
        return End(process);
    }

    public Process Start(params string[] arguments) => PatientStart.Of(new ProcessStartInfo(executable, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        RedirectStandardInput = true,
        WorkingDirectory = folder,
    });

    /// <summary>Waits for one that was started; returns what it printed and was not yet read.</summary>
    public string End(Process process)
    {
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{Path.GetFileName(executable)} did not end within {Patience}");
        }

        Assert.Equal((executable, 0, ""), (executable, process.ExitCode, error.Result));
        return output.Result;
    }
}
