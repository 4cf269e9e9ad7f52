using System.Text.Json;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Command;

/// <summary>The command as README has it published: minutes of compilation, so by night, or when this class is named.</summary>
public sealed class PublishTests
{
    [Fact]
    public async Task Publishing_gives_an_executable_that_serves()
    {
        string output = TemporaryFolder.Create("published");
        string project = Path.Combine(MapwireServer.Root, "src", "Mapwire.Cli");
        ToolResult published = await Tool.RunAsync("dotnet", ["publish", "-c", "Release", project, "-o", output], TimeSpan.FromMinutes(8));
        Assert.True(published.ExitCode == 0, published.ToString());
        if (OperatingSystem.IsLinux() && File.Exists("/usr/include/zlib.h")
            && (File.Exists("/usr/bin/clang") || File.Exists("/usr/bin/gcc")))
        {
            Assert.Contains("One native file (Native AOT): ", published.Output, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(output, "*.dll"));
            Assert.InRange(new FileInfo(Path.Combine(output, "mapwire")).Length, 1 << 20, 30 << 20); // with the runtime it has 70 MB
        }

        ServerProcess process =
            ServerProcess.Start(Path.Combine(output, OperatingSystem.IsWindows() ? "mapwire.exe" : "mapwire"),
            ["serve", "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        await using (process)
        {
            Match line = await process.HearsAsync(
                new Regex(@"Listening on rtmp://127\.0\.0\.1:\d+/vod\r?\nListening on (http://127\.0\.0\.1:\d+/vod)\r?\n1 titles? in "));
            using HttpClient client = new();
            Assert.Equal(
                await File.ReadAllBytesAsync(Path.Combine(MapwireServer.Root, "samples", "clips", "sample.mp4")),
                await client.GetByteArrayAsync(line.Groups[1].Value + "/sample.mp4"));
            await process.SignalAsync("TERM");
            Assert.Equal(0, await process.EndsAsync(MapwireServer.EndPatience));
        }
    }

    [Theory]
    [InlineData(true, null, "One native file (Native AOT): ", "true", "")]
    [InlineData(false, null, "One file with the .NET runtime in it (ReadyToRun): ", "", "true")]
    [InlineData(true, "win-x64", "One file with the .NET runtime in it (ReadyToRun): ", "", "true")]
    public async Task Publishing_says_what_it_makes_and_does_without_a_linker(
        bool hasLinker, string? system, string told, string aot, string single)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere it never makes a native file.");
        string project = Path.Combine(MapwireServer.Root, "src", "Mapwire.Cli");
        string[] words =
        [
            "msbuild", project, "-nologo", "-p:Configuration=Release", "-p:_IsPublishing=true",
            $"-p:HasNativeLinker={(hasLinker ? "true" : "")}",
            .. system is null ? (string[])[] : [$"-p:RuntimeIdentifier={system}"],
        ];
        ToolResult said = await Tool.SucceedAsync("dotnet", [.. words, "-t:TellHowPublished"], TimeSpan.FromMinutes(2));
        Assert.Contains(told, said.Output, StringComparison.Ordinal);
        Assert.Equal(!hasLinker, said.Output.Contains("needs a linker and zlib's headers: sudo apt-get install", StringComparison.Ordinal));
        ToolResult made = await Tool.SucceedAsync(
            "dotnet", [.. words, "-getProperty:PublishAot", "-getProperty:PublishSingleFile", "-getProperty:SelfContained"],
            TimeSpan.FromMinutes(2));
        using JsonDocument properties = JsonDocument.Parse(made.Output);
        JsonElement values = properties.RootElement.GetProperty("Properties");
        Assert.Equal((aot, single), (values.GetProperty("PublishAot").GetString(), values.GetProperty("PublishSingleFile").GetString()));
    }
}
