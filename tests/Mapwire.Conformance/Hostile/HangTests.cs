using System.Diagnostics;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Native;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Refusals;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Hostile;

/// <summary>A file that hangs whoever opens it, in the kernel, as on a network file system whose server is gone.</summary>
public sealed class HangTests
{
    private const int Players = 20;

    /// <summary>What an opening may take: long enough that a busy machine serves others meanwhile.</summary>
    private const int OpeningSeconds = 8;

    [Fact]
    public async Task A_file_that_hangs_is_refused_in_time_and_hurts_nobody_else()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Leases are Linux's.");
        string folder = TemporaryFolder.Create("hang");
        string hung = Path.Combine(folder, "hung.mp4");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), hung);
        File.Copy(hung, Path.Combine(folder, "good.mp4"));
        await File.WriteAllTextAsync(Path.Combine(folder, "list.m3u8"), "good.mp4\nhung.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--limit-opening-time", $"{OpeningSeconds}");
        using (new FileLease(hung))
        {
            Stopwatch clock = Stopwatch.StartNew();
            Task[] refused = [.. Enumerable.Range(0, Players).Select(i => RefusedAsync(server, i % 5 == 0 ? "list.m3u8" : "hung.mp4"))];
            await using RtmpPlayer other = await RtmpPlayer.ConnectAsync(server.Port);
            await other.PlayAsync("good.mp4");
            await other.UntilAsync(message => message.Packet is not null);
            Assert.All(refused, task => Assert.False(task.IsCompleted, $"another title took {clock.Elapsed}"));
            await Task.WhenAll(refused);
            Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(OpeningSeconds - 0.1), TimeSpan.FromSeconds(OpeningSeconds * 3));
            await server.Process.HearsAsync(
                new Regex(@"opening took more than the limit of 8 s \(--limit-opening-time\): the file system does not answer"));
            Assert.InRange(Threads(server, "mapwire opening"), 1, 2 + Environment.ProcessorCount);

            // It hangs still, so nobody waits for it once more, and no thread is lost to it.
            clock.Restart();
            await RefusedAsync(server, "hung.mp4?audio=none");
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(OpeningSeconds - 0.1), $"the second refusal took {clock.Elapsed}");
            Assert.InRange(Threads(server, "mapwire opening"), 1, 2 + Environment.ProcessorCount);
        }

        // It came back: what was opened for nobody is closed, and the next player has the film.
        for (Stopwatch clock = Stopwatch.StartNew(); OpenFiles(server, hung) > 0; await Task.Delay(50))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "the file stays open");
        }

        // The opening that hung may still be on its way back, which counts as hanging.
        for (Stopwatch clock = Stopwatch.StartNew(); await IsRefusedAsync(server, "list.m3u8"); await Task.Delay(50))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "what came back is still refused");
        }

        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.PlayAsync("list.m3u8");
        await player.StatusAsync("NetStream.Play.Start");
        await player.UntilAsync(message => message.Packet is not null);
        Assert.Equal(1, OpenFiles(server, hung));
    }

    private static async Task RefusedAsync(MapwireServer server, string name)
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.PlayAsync(name);
        Assert.Equal("NetStream.Play.Failed", (await RefusalTests.RefusedAsync(player)).StatusCode);
    }

    private static async Task<bool> IsRefusedAsync(MapwireServer server, string name)
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.PlayAsync(name);
        return (await player.UntilAsync(static message => message.StatusCode is "NetStream.Play.Start" or "NetStream.Play.Failed"))
            .StatusCode == "NetStream.Play.Failed";
    }

    private static int Threads(MapwireServer server, string name) =>
        Directory.GetDirectories($"/proc/{server.Process.Id}/task")
            .Count(thread => File.ReadAllText(Path.Combine(thread, "comm")).TrimEnd() == name);

    private static int OpenFiles(MapwireServer server, string path) =>
        Directory.GetFiles($"/proc/{server.Process.Id}/fd").Count(file => new FileInfo(file).LinkTarget == path);
}
