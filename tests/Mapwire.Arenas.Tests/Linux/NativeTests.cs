using System.Diagnostics;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Linux;

/// <summary>A program with structures in an arena, published as Native AOT and trimmed: without a warning, and the same output.</summary>
public sealed class NativeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("PublishAot")]
    [InlineData("PublishTrimmed")]
    public void A_program_with_structures_in_an_arena_is_the_same_published_without_a_warning(string way)
    {
        string project = Repository("samples/Bookshelf/Bookshelf.csproj");
        (int exit, string said) = Run("dotnet",
            "publish", project, "-c", "Release", "--nologo", "-v", "quiet", "-clp:NoSummary", $"-p:{way}=true", "--self-contained",
            "--use-current-runtime",
            "-p:TreatWarningsAsErrors=false", "-p:TrimmerSingleWarn=false", "--artifacts-path", _folder["built"], "-o", _folder["out"]);
        Assert.True(exit == 0, said);
        Assert.DoesNotContain("warning", said, StringComparison.OrdinalIgnoreCase);
        string native = _folder["native"], managed = _folder["managed"];
        for (int run = 0; run < 3; run++)
        {
            (int code, string output, string error) = BuiltProgram.Run("samples/Bookshelf", "Bookshelf", managed);
            Assert.Equal((0, ""), (code, error));
            Assert.Equal((0, output), Run(_folder["out/Bookshelf"], native));
            Assert.Equal(run + 2, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }

        // one file for both
        Assert.Equal(5,
            BuiltProgram.Run("samples/Bookshelf", "Bookshelf", native).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private static string Repository(string path)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Mapwire.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(folder!, path);
    }

    private static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(10)));
        return (process.ExitCode, output.ReplaceLineEndings("\n"));
    }
}
