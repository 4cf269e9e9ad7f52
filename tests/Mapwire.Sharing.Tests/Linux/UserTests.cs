using System.Diagnostics;
using System.Runtime.Versioning;
using Mapwire.Memory;
using Mapwire.Memory.Sharing;
using Mapwire.Memory.Tests.Support;
using Mapwire.Sharing.Tests.Processes;
using Xunit;

namespace Mapwire.Sharing.Tests.Linux;

/// <summary>Segments of several users. The tests run as root and start processes of others (setpriv).</summary>
[SupportedOSPlatform("linux")]
public sealed class UserTests : IDisposable
{
    private const int One = 61001, Two = 61002, Group = 61000;

    private static readonly int Kills = Rounds.Of("MAPWIRE_KILL_ROUNDS", usual: 5);

    private readonly string _name = $"users-{Guid.NewGuid():n}";
    private readonly string _folder = Directory.CreateTempSubdirectory("mapwire-users-").FullName;
    private readonly Random _random = new();

    private string Path => $"/dev/shm/mapwire-segment-{_name}";

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        File.Delete(Path);
    }

    [Fact]
    public void Links_pipes_and_files_of_strangers_are_refused_and_left_alone()
    {
        SharedMemoryOptions owner = new() { Folder = _folder }, everyone = new() { Folder = _folder, Access = SharedMemoryAccess.Everyone };
        SharedMemoryOptions group = new() { Folder = _folder, Access = SharedMemoryAccess.Group };
        string victim = System.IO.Path.Combine(_folder, "victim"), segment = System.IO.Path.Combine(_folder, "segment-x");
        File.WriteAllText(victim, "");
        File.SetUnixFileMode(victim, (UnixFileMode)0x1b6);
        File.CreateSymbolicLink(segment, victim);
        Refused(everyone, "symbolic link");
        File.Delete(segment);
        Run("ln", victim, segment);
        Refused(everyone, "2 hard links");
        File.Delete(segment);
        Run("mkfifo", segment);
        Refused(everyone, "not a regular file");
        File.Delete(segment);
        Assert.Equal(0, new FileInfo(victim).Length);

        File.WriteAllText(segment, "");
        File.SetUnixFileMode(segment, (UnixFileMode)0x1b6);
        Refused(owner, "all users may open it (mode 666)");
        Refused(group, "all users may open it (mode 666)");
        File.SetUnixFileMode(segment, (UnixFileMode)0x1b0);
        Refused(owner, "its group may open it (mode 660)");
        Run("chown", $"{One}:{Group}", segment);
        Refused(group, $"it belongs to user {One} and group {Group}");
        File.SetUnixFileMode(segment, (UnixFileMode)0x180);
        Refused(owner, $"it belongs to user {One}");
        Assert.Equal(0, new FileInfo(segment).Length);

        void Refused(SharedMemoryOptions options, string reason)
        {
            Assert.Contains(reason,
                Assert.Throws<UnauthorizedAccessException>(() => SharedMemory.CreateOrOpen("x", 4096, options)).Message,
                StringComparison.Ordinal);
            Assert.Throws<UnauthorizedAccessException>(() => SharedMemory.Open("x", options));
            Assert.Empty(SharedMemory.RemoveAbandoned(options));
            Assert.NotNull(Assert.Single(SharedMemory.List(options)).Damage);
        }
    }

    [Fact]
    public void A_folder_of_a_stranger_is_refused()
    {
        string folder = "/dev/shm/mapwire-61003";
        Directory.CreateDirectory(folder);
        Run("chown", $"{One}:{Group}", folder);
        File.SetUnixFileMode(folder, (UnixFileMode)0x1ff);
        try
        {
            using ChildProcess child = AsUser(61003, 61003, "-", "create", "1");
            Assert.True(child.WaitForExit(30_000));
            Assert.NotEqual(0, child.ExitCode);
            Assert.Empty(Directory.GetFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void What_a_killed_user_left_is_taken_over_and_disposed_of_by_another_user()
    {
        using (ChildProcess first = Member(One, place: _name, party: 1))
        {
            Assert.Equal("ready created", first.ReadLine());
            Assert.Equal("660", Mode());
            first.Kill();
        }

        Assert.True(new FileInfo(Path).Length > Arena.Size);
        using (ChildProcess second = Member(Two, place: _name, party: 2))
        {
            Assert.Equal("ready created", second.ReadLine()); // made anew in the other's file, which it cannot unlink
            second.CloseInput();
            Assert.Equal("nothing lost", second.ReadLine());
            Assert.True(second.WaitForExit(30_000));
            Assert.Equal(0, second.ExitCode); // Dispose did not throw
        }

        Assert.True(Blocks() <= 16, "the segment that nobody uses takes memory");
        using (ChildProcess third = Member(Two, place: _name, party: 3))
        {
            Assert.Equal("ready created", third.ReadLine());
            using ChildProcess fourth = Member(One, place: _name, party: 4);
            Assert.Equal("ready", fourth.ReadLine());
            third.Kill();
            fourth.CloseInput();
            Assert.Equal("nothing lost", fourth.ReadLine());
            Assert.True(fourth.WaitForExit(30_000));
            Assert.Equal(0, fourth.ExitCode);
        }

        Assert.False(File.Exists(Path)); // its owner was the last one to leave
    }

    [Fact]
    public void Two_users_in_two_mount_namespaces_lose_nothing_when_processes_are_killed()
    {
        Run("chown", $"{One}:{Group}", _folder);
        File.SetUnixFileMode(_folder, (UnixFileMode)0x1f8 | UnixFileMode.StickyBit);
        using ChildProcess consumer = Member(One, _folder, 0), survivor = Member(Two, _folder, 1, ownNamespace: true);
        Assert.StartsWith("ready", consumer.ReadLine(), StringComparison.Ordinal);
        Assert.StartsWith("ready", survivor.ReadLine(), StringComparison.Ordinal);
        for (int round = 0; round < Kills; round++)
        {
            using ChildProcess child = Member(round % 2 == 0 ? One : Two, _folder, 2 + round % 60, ownNamespace: round % 3 == 0);
            Assert.Equal("ready", child.ReadLine());
            Thread.Sleep(_random.Next(20));
            child.Kill();
        }

        consumer.CloseInput();
        survivor.CloseInput();
        Assert.Equal(("nothing lost", "nothing lost"), (consumer.ReadLine(), survivor.ReadLine()));
        Assert.True(consumer.WaitForExit(60_000) && survivor.WaitForExit(60_000));
        Assert.Equal((0, 0), (consumer.ExitCode, survivor.ExitCode));
    }

    private static ChildProcess AsUser(int user, int group, params string[] arguments) =>
        new(["setpriv", $"--reuid={user}", $"--regid={group}", "--clear-groups"], arguments);

    private static ChildProcess Member(int user, string place, int party, bool ownNamespace = false)
    {
        string[] through = ["setpriv", $"--reuid={user}", $"--regid={Group}", "--clear-groups"];
        return new ChildProcess(
            ownNamespace ? ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /dev/shm && exec \"$@\"", "sh", .. through] : through,
            [place, "member", party.ToString()]);
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private string Mode() => Convert.ToString((int)File.GetUnixFileMode(Path), 8);

    private long Blocks()
    {
        using Process stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%b", Path]) { RedirectStandardOutput = true })!;
        return long.Parse(stat.StandardOutput.ReadToEnd());
    }
}
