using System.Globalization;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Limits;

/// <summary>A paused player waits for nothing but its viewer.</summary>
public sealed class PausedTests
{
    [Fact]
    public async Task Paused_players_do_not_wake_their_worker()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Waits are counted in /proc.");
        string folder = TemporaryFolder.Create("paused");
        File.Copy(await FilmFactory.GetAsync("twelve-seconds.mp4"), Path.Combine(folder, "film.mp4"));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--workers", "1");
        List<RtmpPlayer> players = [];
        for (int i = 0; i < 20; i++)
        {
            RtmpPlayer player = await RtmpPlayer.WatchAsync(server.Port, "film.mp4", TimeSpan.FromSeconds(1));
            players.Add(player);
            await player.UntilAsync(static message => message.Packet is not null);
            await player.PauseAsync(true, 0);
            await player.StatusAsync("NetStream.Pause.Notify");
        }

        // It wakes once a second for its sign of life, and by chance for a moment's work of others.
        long before = Waits(server.Process.Id);
        await Task.Delay(TimeSpan.FromSeconds(2));
        Assert.InRange(Waits(server.Process.Id) - before, 0, 40);
        await players[0].PauseAsync(false, 0);
        await players[0].UntilAsync(static message => message.Packet is not null);
        foreach (RtmpPlayer player in players)
        {
            await player.DisposeAsync();
        }
    }

    /// <summary>How often the worker's thread has waited (proc(5), voluntary_ctxt_switches).</summary>
    private static long Waits(int process)
    {
        string worker = Directory.GetDirectories($"/proc/{process}/task")
            .Single(static thread => File.ReadAllText(Path.Combine(thread, "comm")).StartsWith("mapwire worker", StringComparison.Ordinal));
        string line =
            File.ReadLines(Path.Combine(worker, "status"))
                .Single(static line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1], CultureInfo.InvariantCulture);
    }
}
