using System.Diagnostics;
using Mapwire.Memory.Tests.Support;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>This program again, as a child.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    public ChildProcess(params string[] arguments) : this([], arguments) { }

    /// <summary>The child below another program, such as one that changes the user.</summary>
    public ChildProcess(string[] through, string[] arguments)
    {
        string[] command = [.. through, Environment.ProcessPath!];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        // Started by `dotnet TESTS.dll` it is the host that runs.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        }

        start.ArgumentList.Add("child");
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_TC_BackgroundWorkerTimeoutMs"] = "0";
        _process = PatientStart.Of(start);
    }

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    /// <summary>Says that it may end.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>Waits for its line; false if it died before.</summary>
    public bool WaitUntilReady() => _process.StandardOutput.ReadLine() == "ready";

    /// <summary>Its next line; null if it ended.</summary>
    public string? ReadLine() => _process.StandardOutput.ReadLine();

    /// <summary>All that it says until it ends.</summary>
    public string ReadToEnd() => _process.StandardOutput.ReadToEnd();

    public bool WaitForExit(int milliseconds) => _process.WaitForExit(milliseconds);

    /// <summary>kill -9, and until the system has done it.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>kill -9.</summary>
    public void KillAtOnce() => _process.Kill();

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }
}
