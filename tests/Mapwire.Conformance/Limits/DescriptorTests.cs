using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Limits;

/// <summary>More players than the process may have descriptors: what is too much is refused, and those that are there play on.</summary>
public sealed partial class DescriptorTests
{
    private const int Limit = 256;
    private const int Clients = 400;

    [Fact]
    public async Task More_clients_than_descriptors_are_refused_and_the_others_play()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ulimit is a shell's.");
        string folder = TemporaryFolder.Create("descriptors");
        File.Copy(await FilmFactory.GetAsync("twelve-seconds.mp4"), Path.Combine(folder, "film.mp4"));
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(folder, "other.mp4"));
        string[] limitedShell = ["/bin/sh", "-c", $"ulimit -n {Limit}; exec \"$0\" \"$@\"", MapwireServer.Program];
        await using MapwireServer server = await MapwireServer.StartWithAsync(limitedShell, folder, "--idle-timeout", "60");
        Match limited = await server.Process.HearsAsync(LimitedPattern());
        Assert.Equal(Limit, int.Parse(limited.Groups["limit"].Value, System.Globalization.CultureInfo.InvariantCulture));
        int room = int.Parse(limited.Groups["room"].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(room, 60, Limit - 32);

        List<RtmpPlayer> players = [];
        int refused = 0;
        try
        {
            for (int i = 0; i < Clients; i++)
            {
                try
                {
                    players.Add(await RtmpPlayer.WatchAsync(server.Port, "film.mp4", TimeSpan.FromSeconds(1)));
                }
                catch (Exception exception) when (exception is IOException or EndOfStreamException or System.Net.Sockets.SocketException
                    or Xunit.Sdk.XunitException)
                {
                    refused++;
                }
            }

            // Some 20 descriptors are the server's own beside what it had at the start: titles, threads that begin.
            Assert.InRange(players.Count, room - 24, room);
            Assert.Equal(Clients, players.Count + refused);
            await server.Process.HearsAsync(new Regex("connections refused"));

            // Threads begin and end meanwhile: a title that is opened anew needs one.
            await players[^1].PlayAsync("other.mp4");
            await players[^1].StatusAsync("NetStream.Play.Start", TimeSpan.FromSeconds(30));
            foreach (RtmpPlayer player in players.Take(20))
            {
                await player.ToTheEndAsync(TimeSpan.FromSeconds(60));
                Assert.Equal(300, player.Film.Packets.Count(static packet => packet.Kind == "video"));
            }

            Assert.False(server.Process.HasExited);
            Assert.True(CountLines(server.Process.Said, "connections refused") <= 5, "a line for each refused connection");
        }
        finally
        {
            foreach (RtmpPlayer player in players)
            {
                await player.DisposeAsync();
            }
        }

        // Who leaves makes room.
        await using RtmpPlayer late = await ConnectedAsync(server.Port);
        await late.PlayAsync("other.mp4");
        await late.StatusAsync("NetStream.Play.Start");
    }

    [Fact]
    public async Task A_limit_that_may_be_raised_is_raised()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ulimit is a shell's.");
        string folder = TemporaryFolder.Create("soft-limit");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(folder, "film.mp4"));
        string[] limitedShell = ["/bin/sh", "-c", "ulimit -S -n 256; ulimit -H -n 2000; exec \"$0\" \"$@\"", MapwireServer.Program];
        await using MapwireServer server = await MapwireServer.StartWithAsync(limitedShell, folder);
        Match limited = await server.Process.HearsAsync(LimitedPattern());
        Assert.Equal("2000", limited.Groups["limit"].Value);
    }

    [Fact]
    public async Task A_load_of_more_players_than_descriptors_is_refused_before_it_begins()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ulimit is a shell's.");
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(Path.GetDirectoryName(film)!);
        ToolResult refused = await Tool.RunAsync(
            "/bin/sh",
            [
                "-c", "ulimit -n 100; exec \"$0\" \"$@\"", MapwireServer.Program,
                "bench", server.Address("moov-first.mp4"), "--players", "2000",
            ]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Matches(
            @"^mapwire: --players must be at most \d+: this process may have 100 descriptors; raise the limit \(.*\) \(was 2000\)$",
            refused.Errors.Trim());
    }

    private static async Task<RtmpPlayer> ConnectedAsync(int port)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return await RtmpPlayer.ConnectAsync(port);
            }
            catch (Exception exception) when (attempt < 50 && exception is IOException or EndOfStreamException or Xunit.Sdk.XunitException)
            {
                await Task.Delay(100);
            }
        }
    }

    private static int CountLines(string text, string words) =>
        text.Split('\n').Count(line => line.Contains(words, StringComparison.Ordinal));

    [GeneratedRegex(@"at most (?<room>\d+) connections instead of 16384 \(--max-connections\): "
        + @"this process may have (?<limit>\d+) descriptors")]
    private static partial Regex LimitedPattern();
}
