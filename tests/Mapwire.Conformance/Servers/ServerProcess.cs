using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Servers;

/// <summary>A server program: what it says is kept line by line, and it never outlives the test.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>Where servers keep what they keep between runs: shared by the run's servers, gone with it.</summary>
    private static readonly string Cache = TemporaryFolder.Create("cache");

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly SemaphoreSlim _said = new(0);

    private ServerProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public long WorkingSet
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>Both streams, for a test's message.</summary>
    public string Said => $"{Output}\n{Errors}";

    public static ServerProcess Start(
        string program, IEnumerable<string> arguments, string? workingDirectory = null,
        params ReadOnlySpan<(string Name, string Value)> environment)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = workingDirectory ?? "",
        };
        start.Environment["XDG_CACHE_HOME"] = Cache;
        start.Environment["XDG_STATE_HOME"] = Path.Combine(Cache, "state");
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        ServerProcess server = new(new Process { StartInfo = start, EnableRaisingEvents = true });
        server._process.OutputDataReceived += (_, line) => server.Hear(server._output, line.Data);
        server._process.ErrorDataReceived += (_, line) => server.Hear(server._errors, line.Data);
        server._process.Exited += (_, _) => server._said.Release();
        Assert.True(server._process.Start());
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    /// <summary>Waits until the pattern is in what was said.</summary>
    public async Task<Match> HearsAsync(Regex pattern, TimeSpan? patience = null)
    {
        using CancellationTokenSource timeout = new(patience ?? TimeSpan.FromSeconds(20));
        while (true)
        {
            if (pattern.Match(Said) is { Success: true } match)
            {
                return match;
            }

            Assert.False(HasExited, $"ended before it said {pattern}: {Said}");
            try
            {
                await _said.WaitAsync(TimeSpan.FromMilliseconds(200), timeout.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"never said {pattern}: {Said}");
            }
        }
    }

    /// <summary>Waits for the end and gives the exit code.</summary>
    public async Task<int> EndsAsync(TimeSpan patience)
    {
        using CancellationTokenSource timeout = new(patience);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"still runs after {patience.TotalSeconds} s: {Said}");
        }

        return _process.ExitCode;
    }

    /// <summary>Types keys.</summary>
    public async Task TypeAsync(string keys)
    {
        await _process.StandardInput.WriteAsync(keys);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Sends a signal by its name, such as <c>TERM</c>.</summary>
    public async Task SignalAsync(string name) => await Tool.SucceedAsync("kill", ["-s", name, $"{_process.Id}"]);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _said.Dispose();
    }

    private void Hear(StringBuilder stream, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (stream)
        {
            stream.AppendLine(line);
        }

        _said.Release();
    }
}
