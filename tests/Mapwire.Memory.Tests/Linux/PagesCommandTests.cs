using System.Diagnostics;
using System.Text.Json;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Linux;

/// <summary><c>mapwire pages</c>, run as a process.</summary>
public sealed class PagesCommandTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public PagesCommandTests()
    {
        _folder.Write("a", 100 * 4096);
        Directory.CreateDirectory(_folder["below"]);
        _folder.Write("below/b", 5000);
        _folder.Write("empty", 0);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Evicted_files_are_out_and_warmed_ones_in()
    {
        Sum evicted = Json("--evict", _folder.Root);
        Assert.Equal(new Sum(3, 100 * 4096 + 5000, 102, 0), evicted);
        Assert.Equal(evicted, Json(_folder.Root)); // looking brings nothing in

        Sum warm = Json("--warm", _folder["a"], _folder["below"]);
        Assert.Equal(new Sum(2, 100 * 4096 + 5000, 102, 102), warm);
        Assert.Equal(new Sum(1, 0, 0, 0), Json(_folder["empty"]));
    }

    [Fact]
    public void A_bar_shows_where_the_pages_are()
    {
        Json("--evict", _folder["a"]);
        using (MappedFile file = MappedFile.Open(_folder["a"]))
        using (MappedRegion region = file.Map())
        {
            region.Advise(0, region.Length, MemoryAdvice.Random); // no read-ahead
            region.Advise(0, 50 * 4096, MemoryAdvice.PopulateRead);
        }

        (int exit, string output, string error) = Run(_folder["a"]);
        Assert.Equal((0, ""), (exit, error));
        Assert.Contains("400 KiB", output);
        Assert.Contains("200 KiB", output);
        Assert.Contains("50 %", output);
        Assert.Contains("[" + new string('█', 20) + new string(' ', 20) + "]", output);
    }

    [Fact]
    public async Task Locked_files_stay_until_an_interrupt()
    {
        using Process process = SampleProgram.Start("src/Mapwire.Cli", "mapwire", "pages", "--lock", _folder["a"]);
        string said = await process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) ?? "";
        Assert.Contains("400 KiB of 1 files locked", said);
        string locked = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmLck:", StringComparison.Ordinal));
        Assert.Contains("400 kB", locked);
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
        {
            kill.WaitForExit();
        }

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task Watching_looks_again_until_an_interrupt()
    {
        using Process process = SampleProgram.Start("src/Mapwire.Cli", "mapwire", "pages", "--watch", "--json", _folder["a"]);
        Assert.Equal(100, Resident(await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30))));
        using (MappedFile file = MappedFile.Open(_folder["a"]))
        {
            file.Evict();
        }

        long resident = -1;
        for (int look = 0; look < 5 && resident != 0; look++)
        {
            resident = Resident(await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        }

        Assert.Equal(0, resident);
        using (Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
        {
            kill.WaitForExit();
        }

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, process.ExitCode);

        static long Resident(string? line) =>
            JsonDocument.Parse(line!).RootElement.GetProperty("sum").GetProperty("residentPages").GetInt64();
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void What_the_system_tells_owners_and_writers_alone_is_not_known_to_others()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root becomes another user.");
        foreach (string path in (string[])[_folder.Root, _folder["below"], _folder["a"], _folder["below/b"], _folder["empty"]])
        {
            File.SetUnixFileMode(path, (UnixFileMode)0x1ed); // 0755
        }

        Json("--evict", _folder.Root);
        (int exit, string output, string error) = RunAsNobody(_folder.Root);
        Assert.Equal((0, ""), (exit, error));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(@"/a +400 KiB +not known +-", Assert.Single(lines, static line => line.Contains("/a ", StringComparison.Ordinal)));
        Assert.Matches(@"^3 files +405 KiB +not known +-", lines[^1]);
        Assert.DoesNotContain("100 %", output, StringComparison.Ordinal);

        (exit, output, error) = RunAsNobody("--json", _folder.Root);
        Assert.Equal((0, ""), (exit, error));
        JsonElement root = JsonDocument.Parse(output).RootElement;
        Assert.Equal(JsonValueKind.Null, root.GetProperty("sum").GetProperty("residentPages").ValueKind);
        Assert.Equal(102, root.GetProperty("sum").GetProperty("pages").GetInt64());
        File.SetUnixFileMode(_folder["a"], (UnixFileMode)0x1b6); // 0666: nobody may write it now
        (_, output, _) = RunAsNobody(_folder["a"]);
        Assert.Contains(" 0 %", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Misuse_is_one_line_and_exit_code_2()
    {
        foreach (string[] arguments in new string[][] { ["none"], [], ["--warm", "--evict", _folder["a"]], ["--nonsense", _folder["a"]] })
        {
            (int exit, string output, string error) = Run(arguments);
            Assert.Equal((2, ""), (exit, output));
            Assert.StartsWith("mapwire: ", error);
            Assert.Single(error.TrimEnd('\n').Split('\n'));
        }
    }

    private static (int Exit, string Output, string Error) Run(params string[] arguments)
    {
        using Process process = SampleProgram.Start("src/Mapwire.Cli", "mapwire", ["pages", .. arguments]);
        return Read(process);
    }

    private static (int Exit, string Output, string Error) RunAsNobody(params string[] arguments)
    {
        string program;
        using (Process started = SampleProgram.Start("src/Mapwire.Cli", "mapwire", "--help"))
        {
            program = started.StartInfo.FileName;
            Read(started);
        }

        using Process process = PatientStart.Of(
            new ProcessStartInfo("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", program, "pages", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
        return Read(process);
    }

    private static (int Exit, string Output, string Error) Read(Process process)
    {
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    private static Sum Json(params string[] arguments)
    {
        (int exit, string output, string error) = Run(["--json", .. arguments]);
        Assert.Equal((0, ""), (exit, error));
        JsonElement root = JsonDocument.Parse(output).RootElement;
        Assert.Equal(4096, root.GetProperty("pageSize").GetInt32());
        JsonElement sum = root.GetProperty("sum");
        Assert.Equal(sum.GetProperty("files").GetInt32(), root.GetProperty("files").GetArrayLength());
        return new Sum(
            sum.GetProperty("files").GetInt32(), sum.GetProperty("size").GetInt64(), sum.GetProperty("pages").GetInt64(),
            sum.GetProperty("residentPages").GetInt64());
    }

    private sealed record Sum(int Files, long Size, long Pages, long ResidentPages);
}
