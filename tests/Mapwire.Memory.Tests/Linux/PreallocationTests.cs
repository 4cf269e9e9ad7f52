using System.Diagnostics;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Linux;

/// <summary>A full disk and a limit on file sizes are exceptions of the call that needs the space, never a fault at a store.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PreallocationTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_created_file_has_its_blocks()
    {
        using MappedFile file = MappedFile.Create(_folder["f"], 1 << 20);
        using MappedFile holes = MappedFile.Create(_folder["h"], 1 << 20, new MappedFileOptions { Preallocate = false });
        Assert.Equal((1 << 20, 1 << 20), (file.Length, holes.Length));
        Assert.Equal((1 << 20) / 512, Blocks(_folder["f"]));
        Assert.Equal(0, Blocks(_folder["h"]));
        holes.Allocate(1 << 19);
        Assert.Equal((1 << 19) / 512, Blocks(_folder["h"]));
    }

    [Fact]
    public void Allocating_changes_neither_bytes_nor_a_longer_length()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("f", 100_000), new MappedFileOptions { Access = FileAccess.ReadWrite });
        file.Allocate(10);
        Assert.Equal(100_000, file.Length);
        file.Allocate(200_000);
        Assert.Equal(200_000, file.Length);
        byte[] bytes = TempFolder.ReadShared(_folder["f"]);
        Assert.Equal(TempFolder.Pattern(99_999), bytes[99_999]);
        Assert.Equal(0, bytes[100_000]);
        using MappedFile readOnly = MappedFile.Open(_folder["f"]);
        Assert.Throws<InvalidOperationException>(() => readOnly.Allocate(1));
    }

    [Fact]
    public void A_full_disk_is_an_exception_of_Create_and_what_it_made_is_gone()
    {
        string[] said = OnOneMebibyte("fill", "FOLDER/f", "4194304");
        Assert.StartsWith("IOException: ", said[0]);
        Assert.Contains("No space left", said[0]);
        Assert.Equal("gone", said[1]);
    }

    [Fact]
    public void A_full_disk_is_an_exception_of_Resize_and_the_region_is_as_it_was()
    {
        string[] said = OnOneMebibyte("grow", "FOLDER/f", "4194304");
        Assert.StartsWith("IOException: ", said[0]);
        Assert.Contains("No space left", said[0]);
        Assert.Equal("4096 bytes are filled, the file has 4096", said[1]);
        Assert.Equal("done", said[2]); // a hole, which was asked for
    }

    [Fact]
    public void A_limit_on_file_sizes_is_an_exception_and_no_signal()
    {
        string[] filled = Run("limited", "1000000", "fill", _folder["f"], "1000001");
        Assert.StartsWith("IOException: Cannot lengthen the file to 1000001 bytes", filled[0]);
        Assert.Contains("RLIMIT_FSIZE", filled[0]);
        Assert.Equal("gone", filled[1]);

        string[] grown = Run("limited", "1000000", "grow", _folder["g"], "2000000");
        Assert.Contains("RLIMIT_FSIZE", grown[0]);
        Assert.Equal("4096 bytes are filled, the file has 4096", grown[1]);
        Assert.Contains("RLIMIT_FSIZE", grown[2]);
    }

    [Fact]
    public void A_failed_Create_leaves_a_file_that_was_there()
    {
        string path = _folder.Write("f", 5000);
        string[] said = Run("limited", "1000000", "fill", path, "1000001");
        Assert.Contains("RLIMIT_FSIZE", said[0]);
        Assert.Equal("there: 5000", said[1]);
    }

    [Fact]
    public void A_signal_that_interrupts_setting_aside_is_no_failure()
    {
        // Kernels before 6.11 or so interrupt fallocate on tmpfs for any signal.
        string[] said = [.. Start("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fallocate", "-e",
            "inject=fallocate:error=EINTR:when=1..3", ActorPath, "fill", _folder["f"], "100000")];
        Assert.Equal(["done", "there: 100000"], said);
    }

    [Fact]
    public void A_file_system_that_sets_nothing_aside_gets_zeros()
    {
        string[] said = [.. Start("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fallocate", "-e",
            "inject=fallocate:error=EOPNOTSUPP", ActorPath, "fill", _folder["f"], "3000000")];
        Assert.Equal(["done", "there: 3000000"], said);
        Assert.True(Blocks(_folder["f"]) >= 3_000_000 / 512, "the zeros are written");
    }

    [Fact]
    public void Zeros_for_the_length_go_over_nothing_that_another_process_has_stored()
    {
        using Process slow = Process.Start("strace", ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fallocate,pwrite64",
            "-e", "inject=fallocate:error=EOPNOTSUPP", "-e", "inject=pwrite64:delay_enter=500000",
            ActorPath, "lengthen", _folder["f"], "4000000"]);
        Assert.True(SpinWait.SpinUntil(() => new FileInfo(_folder["f"]) is { Exists: true, Length: > 0 }, 20_000), "it has not begun");
        string[] said = Start("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fallocate", "-e",
            "inject=fallocate:error=EOPNOTSUPP", ActorPath, "fill", _folder["f"], "4000000");
        slow.WaitForExit();
        Assert.Equal(["done", "there: 4000000"], said);
        Assert.Equal(-1, TempFolder.ReadShared(_folder["f"]).AsSpan().IndexOfAnyExcept((byte)1));
    }

    [Fact]
    public void A_new_file_has_the_permissions_that_were_asked_for()
    {
        MappedFile.Create(_folder["f"], 10, new MappedFileOptions { UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite })
            .Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["f"]));
        MappedFile.Create(_folder["f"], 10, new MappedFileOptions { UnixCreateMode = UnixFileMode.UserRead }).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["f"])); // it was there
    }

    internal static string ActorPath => Path.Combine(AppContext.BaseDirectory, "Mapwire.Memory.Actors");

    internal static string[] Run(params string[] arguments) => Start(ActorPath, arguments);

    internal static string[] Start(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {output}");
        return output.TrimEnd('\n').Split('\n');
    }

    /// <summary>Runs an actor that sees a disk of 1 MiB where FOLDER is said; in a mount namespace of its own.</summary>
    private string[] OnOneMebibyte(params string[] arguments) => Start("unshare", ["-r", "-m", "sh", "-c",
        "mount -t tmpfs -o size=1m none \"$1\" && shift && exec \"$@\"", "sh", _folder.Root, ActorPath,
        .. arguments.Select(argument => argument.Replace("FOLDER", _folder.Root, StringComparison.Ordinal))]);

    private static long Blocks(string path) => long.Parse(Start("stat", "-c", "%b", path)[0]);
}
