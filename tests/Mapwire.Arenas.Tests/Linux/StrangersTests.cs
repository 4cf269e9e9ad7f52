using System.Diagnostics;
using Mapwire.Arenas.Tests.Processes;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Linux;

/// <summary>Processes that have nothing in common but the file: two users, and two mount namespaces each with a /dev/shm of its own, all
/// of them writing, while one after the other is killed. MAPWIRE_STRANGERS_KILLS says how many are. Without root's rights they are
/// processes of one user.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class StrangersTests(ITestOutputHelper output) : IDisposable
{
    private const string OwnShm = "mount -t tmpfs none /dev/shm && exec \"$0\" \"$@\"";
    private static readonly string[][] Ways =
    [
        [],
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
        ["unshare", "-m", "sh", "-c", OwnShm],
        ["unshare", "-m", "sh", "-c", OwnShm, "setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"],
    ];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Users_and_mount_namespaces_share_an_arena_and_lose_nothing_when_killed()
    {
        const UnixFileMode all = (UnixFileMode)0x1ff;
        int kills = Rounds.Of("MAPWIRE_STRANGERS_KILLS", usual: 8);
        string path = _folder["arena"];
        File.SetUnixFileMode(_folder.Root, all);
        using Arena arena = Arena.Create(path, new ArenaOptions { Shared = true, Size = 1 << 16 });
        File.SetUnixFileMode(path, all & ~(UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute));
        Parties parties = new(arena);
        Random random = new();
        long start = Stopwatch.GetTimestamp();
        Sharer?[] sharers = new Sharer?[Ways.Length];
        try
        {
            for (int party = 0; party < Ways.Length; party++)
            {
                sharers[party] = new Sharer(party, path, _folder[$"done-{party}-0"]);
            }

            for (int kill = 1; kill <= kills; kill++)
            {
                long[] before = [.. sharers.Select(sharer => sharer!.Acknowledged)];
                int victim = random.Next(Ways.Length);
                WaitUntilStepsAreDone(sharers, before);
                sharers[victim]!.Kill();
                long acknowledged = sharers[victim]!.Acknowledged;
                Assert.InRange(parties.StepsOf(victim), acknowledged, acknowledged + 1);
                parties.Step(99);// and this process takes part
                Assert.Empty(parties.GetProblems());
                sharers[victim]!.Dispose();
                sharers[victim] = null;
                sharers[victim] = new Sharer(victim, path, _folder[$"done-{victim}-{kill}"]);
            }
        }
        finally
        {
            foreach (Sharer? sharer in sharers)
            {
                sharer?.Kill();
                sharer?.Dispose();
            }
        }

        Assert.Empty(parties.GetProblems());
        Assert.Equal(kills, parties.StepsOf(99));
        output.WriteLine($"{kills} killed in {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s; steps of each: "
            + string.Join(", ", Enumerable.Range(0, Ways.Length).Select(parties.StepsOf)));
    }

    /// <summary>Each of them goes on: none is kept waiting by a dead one.</summary>
    private static void WaitUntilStepsAreDone(Sharer?[] sharers, long[] before)
    {
        long start = Stopwatch.GetTimestamp();
        for (int party = 0; party < sharers.Length; party++)
        {
            while (sharers[party]!.Acknowledged < before[party] + 3)
            {
                if (sharers[party]!.HasExited)
                {
                    Assert.Fail($"party {party} ended by itself: {sharers[party]!.Errors}");
                }

                Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"party {party} is stuck at {before[party]}");
                Thread.Sleep(1);
            }
        }
    }

    private sealed class Sharer : IDisposable
    {
        private readonly Process _process;
        private readonly string _done;

        public Sharer(int party, string path, string done)
        {
            _done = done;
            string[] program = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
                ? [Environment.ProcessPath!, typeof(Sharer).Assembly.Location]
                : [Environment.ProcessPath!];
            string[] way = Environment.IsPrivilegedProcess ? Ways[party] : [];
            string[] all = [.. way, .. program, "child", "party", path, $"{party}", done];
            ProcessStartInfo start = new(all[0], all[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["DOTNET_TieredPGO"] = "0";
            start.Environment["DOTNET_gcServer"] = "0";
            start.Environment["HOME"] = "/tmp";
            _process = Process.Start(start)!;
            string? said = _process.StandardOutput.ReadLine();
            Assert.True(said == "ready", $"party {party}: {said} {(said is null ? Errors : "")}");
        }

        public bool HasExited => _process.HasExited;

        public string Errors => _process.StandardError.ReadToEnd();

        /// <summary>The last step that it said it had done.</summary>
        public long Acknowledged
        {
            get
            {
                byte[] bytes = File.Exists(_done) ? TempFolder.ReadShared(_done) : [];
                return bytes.Length == 8 ? BitConverter.ToInt64(bytes) : 0;
            }
        }

        public void Kill()
        {
            _process.Kill(); // exec'd by setpriv, unshare and sh: it is the program itself
            _process.WaitForExit();
        }

        public void Dispose() => _process.Dispose();
    }
}
