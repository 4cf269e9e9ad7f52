using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Native;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Statistics;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Changes;

/// <summary>
/// A file system that answers no call any more, below the served folder. A thread in such a call cannot be ended, not even by SIGKILL, and
/// a process is there as long as a thread of it is: what has to end must not begin such a call, and what has begun one lets all else go.
/// </summary>
public sealed class HungMountTests : IAsyncLifetime
{
    private readonly string _folder = TemporaryFolder.Create("hung");
    private readonly string _statistics = TemporaryFolder.Create("statistics");
    private SlowFolder _storage = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && SlowFolder.IsPossible, "There is no /dev/fuse here that may be opened.");
        string films = TemporaryFolder.Create("films");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(films, "film.mp4"));
        _storage = await SlowFolder.MountAsync(films, Directory.CreateDirectory(Path.Combine(_folder, "slow")).FullName);
    }

    public async ValueTask DisposeAsync()
    {
        if (_storage is not null)
        {
            await _storage.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("silent")]
    [InlineData("hang")]
    public async Task Top_answers_and_ends_while_the_file_system_of_a_played_film_hangs(string word)
    {
        await using MapwireServer server = await StartAsync();
        await using RtmpPlayer player = await PlayingAsync(server);
        await _storage.SayAsync(word);
        try
        {
            Stopwatch clock = Stopwatch.StartNew();
            ToolResult shown = await Top.RunAsync(_statistics, "--once");
            Assert.True(shown.ExitCode == 0, shown.ToString());
            Assert.Contains("slow/film.mp4", shown.Output, StringComparison.Ordinal);
            JsonElement title = Assert.Single(Assert.Single(await Top.ServersAsync(_statistics)).List("titles"));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"two looks took {clock.Elapsed}"); // a second each on an idle machine
            Assert.Equal(JsonValueKind.Null, title.GetProperty("residentShare").ValueKind);
        }
        finally
        {
            await _storage.SayAsync("ok"); // a server that hangs in a call cannot end, and would be waited for
        }
    }

    [Fact]
    public async Task A_server_told_to_end_while_a_file_system_hangs_lets_players_and_ports_go_and_is_gone_when_it_answers()
    {
        await using MapwireServer server = await StartAsync();
        await using RtmpPlayer player = await PlayingAsync(server);
        await _storage.SayAsync("silent");
        try
        {
            await using RtmpPlayer asking = await RtmpPlayer.ConnectAsync(server.Port);
            await asking.PlayAsync("slow/film.mp4"); // a thread of the server hangs in the look whether the film is there
            await Task.Delay(TimeSpan.FromSeconds(1));
            await server.Process.SignalAsync("TERM");
            Stopwatch clock = Stopwatch.StartNew();
            while (await IsListeningAsync(server.Port))
            {
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(8), "its port is still taken"); // 2 s, on a machine that is busy
                await Task.Delay(50);
            }
        }
        finally
        {
            await _storage.SayAsync("ok");
        }

        Assert.Equal(0, await server.Process.EndsAsync(MapwireServer.EndPatience));
        Assert.Contains("close: ServerStopped", server.Process.Said, StringComparison.Ordinal);
        server.HasEnded();
    }

    private async Task<MapwireServer> StartAsync() =>
        await MapwireServer.StartAsync(_folder, "--statistics", "hung", "--statistics-folder", _statistics);

    private static async Task<RtmpPlayer> PlayingAsync(MapwireServer server)
    {
        RtmpPlayer player = await RtmpPlayer.WatchAsync(server.Port, "slow/film.mp4", TimeSpan.FromSeconds(1));
        await player.UntilAsync(static message => message.Packet is not null);
        return player;
    }

    private static async Task<bool> IsListeningAsync(int port)
    {
        using TcpClient client = new();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
