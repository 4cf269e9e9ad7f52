using Mapwire.Memory.Native.Linux;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Linux;

/// <summary>What is asked of the kernel and the file system, and not assumed.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class KernelTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_kernel_without_advice_says_so_and_populates_by_the_mapping()
    {
        string[] said = Traced("inject=madvise:error=EINVAL");
        foreach (string capability in new[] { "AdviseCold", "AdvisePageOut", "AdvisePopulateRead", "AdvisePopulateWrite",
            "TransparentHugePages" })
        {
            Assert.Contains(said, line => line.StartsWith(capability + ": This kernel", StringComparison.Ordinal));
        }

        Assert.Contains("populated: 256 of 256", said);
        Assert.Equal("done", said[^1]);
    }

    [Fact]
    public void A_filter_that_forbids_guarded_access_is_known_beforehand()
    {
        string[] said = Traced("inject=process_vm_readv:error=ENOSYS");
        Assert.Contains(said, line => line.StartsWith("GuardedAccess: Guarded access needs process_vm_readv", StringComparison.Ordinal));
    }

    [Fact]
    public void A_filter_gives_long_guarded_copies_the_exception_of_short_ones()
    {
        string[] said = [.. new[] { "4096", "33554432" }.Select(bytes => PreallocationTests.Start("strace", "-f", "-qq", "-o", "/dev/null",
            "-e", "trace=process_vm_readv", "-e", "inject=process_vm_readv:error=ENOSYS", PreallocationTests.ActorPath, "copy", bytes)[0])];
        Assert.StartsWith("PlatformNotSupportedException", said[0]);
        Assert.Equal(said[0], said[1]);
    }

    [Fact]
    public void Regions_disposed_of_where_all_memory_is_locked_keep_none()
    {
        string said = PreallocationTests.Run("locked", $"{32 << 20}")[0];
        Assert.True(int.Parse(said.Split(' ')[0]) < 32, said);
    }

    [Fact]
    public void This_kernel_has_it_all()
    {
        string[] said = PreallocationTests.Run("capabilities", _folder.Write("f", 100_000));
        Assert.DoesNotContain(said, line => line.Contains("This kernel, or a filter", StringComparison.Ordinal));
        Assert.Contains("populated: 256 of 256", said);
    }

    [Fact]
    public void Residency_is_told_to_owners_and_writers_and_refused_to_others()
    {
        string path = _folder.Write("f", 64 * 4096);
        using (MappedFile file = MappedFile.Open(path))
        {
            file.Evict();
        }

        foreach (string folder in new[] { _folder.Root, path })
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0x1ed); // 0755: all may read, the owner alone may write
        }

        Assert.Equal(["0 of 64", "done"], PreallocationTests.Run("residency", path));
        Assert.Equal(["UnauthorizedAccessException"], AsNobody(path).Select(line => line.Split(':')[0]));
        File.SetUnixFileMode(path, (UnixFileMode)0x1b6); // 0666: nobody may write now
        Assert.Equal(["0 of 64", "done"], AsNobody(path));
    }

    [Fact]
    public void Reads_go_to_the_file_only_where_its_pages_are_the_same_bytes()
    {
        using MappedFile onDisk = MappedFile.Open(_folder.Write("f", 100));
        Assert.True(LinuxFileSystem.HasOneCache(onDisk.Handle));
        using MappedFile elsewhere = MappedFile.Open("/proc/self/maps"); // as FUSE, 9p and CIFS: none that is known
        Assert.False(LinuxFileSystem.HasOneCache(elsewhere.Handle));
    }

    [Fact]
    public void An_open_file_is_asked_for_by_an_empty_path_since_kernels_before_6_11_refuse_none()
    {
        string calls = _folder["calls"];
        PreallocationTests.Start("strace", "-f", "-qq", "-o", calls, "-e", "trace=statx", PreallocationTests.ActorPath, "residency",
            _folder.Write("f", 100_000));
        string[] ofHandles = [.. File.ReadLines(calls).Where(line => line.Contains("AT_EMPTY_PATH", StringComparison.Ordinal))];
        Assert.NotEmpty(ofHandles);
        Assert.All(ofHandles, call => Assert.Contains(", \"\", ", call, StringComparison.Ordinal));
    }

    private string[] Traced(string injection) => PreallocationTests.Start("strace", "-f", "-qq", "-o", "/dev/null", "-e",
        "trace=madvise,process_vm_readv", "-e", injection, PreallocationTests.ActorPath, "capabilities", _folder.Write("f", 100_000));

    private static string[] AsNobody(string path) => PreallocationTests.Start(
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", PreallocationTests.ActorPath, "residency", path);
}
