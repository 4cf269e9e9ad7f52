using System.Runtime.Versioning;
using Mapwire.Memory.Sharing;
using Xunit;

namespace Mapwire.Sharing.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class AnonymousTests
{
    [Fact]
    public void It_has_no_name_and_a_sealed_size_and_is_opened_by_reference()
    {
        SharedMemoryOptions options = new() { Initialize = memory => SharedMutex.Create(memory, 0) };
        using SharedMemory made = SharedMemory.CreateAnonymous(5000, options);
        using SharedMemory opened = SharedMemory.OpenAnonymous(made.DescriptorPath);
        Assert.True(made.IsSealed);
        Assert.True(opened.IsSealed);
        made.At<int>(4096) = 5;
        Assert.Equal(5, opened.Read<int>(4096));
        using (FileStream file = File.OpenWrite(made.DescriptorPath))
        {
            Assert.ThrowsAny<Exception>(() => file.SetLength(100));
            Assert.ThrowsAny<Exception>(() => file.SetLength(100_000));
        }

        SharedMutex mutex = SharedMutex.Open(made, 0), other = SharedMutex.Open(opened, 0);
        Assert.Equal(LockResult.Acquired, mutex.Acquire());
        Assert.Equal(LockResult.TimedOut, other.TryAcquire());
        made.Dispose();
        Assert.Equal(LockResult.OwnerDied, other.TryAcquire(TimeSpan.FromSeconds(5)));
        Assert.Throws<FileNotFoundException>(() => SharedMemory.OpenAnonymous("/proc/self/fd/9999"));
    }

    [Fact]
    public void Files_have_the_rights_that_were_asked_for()
    {
        string folder = Directory.CreateTempSubdirectory("mapwire-rights-").FullName;
        try
        {
            foreach ((SharedMemoryAccess access, int mode) in ((SharedMemoryAccess, int)[])[
                (SharedMemoryAccess.Owner, 0b110_000_000), (SharedMemoryAccess.Group, 0b110_110_000),
                (SharedMemoryAccess.Everyone, 0b110_110_110)])
            {
                using SharedMemory memory = SharedMemory.Create("rights", 10, new SharedMemoryOptions { Folder = folder, Access = access });
                Assert.Equal((UnixFileMode)mode, File.GetUnixFileMode(Path.Combine(folder, "segment-rights")));
            }

            string name = $"test-{Guid.NewGuid():n}";
            using SharedMemory standard = SharedMemory.Create(name, 10);
            string own =
                Assert.Single(Directory.GetDirectories("/dev/shm", "mapwire-*"),
                path => File.Exists(Path.Combine(path, "segment-" + name)));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(own));
            Assert.Contains(SharedMemory.List(), info => info.Name == name && info.Users.Count == 1);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
