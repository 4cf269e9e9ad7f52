using System.Net;
using System.Net.Sockets;
using Mapwire.Load.Tests.Support;

namespace Mapwire.Load.Tests;

/// <summary>A load test is worth what it finds: each fault of a server that it promises to see.</summary>
public sealed class BadServerTests
{
    [Fact]
    public async Task A_server_that_falls_silent_stalls_its_players()
    {
        LoadReport report = await Play(async player =>
        {
            for (uint i = 0; i < 25; i++)
            {
                await player.SendFrameAsync(i * 40, i == 0);
            }

            await Task.Delay(Timeout.Infinite, player.Stopping);
        });
        Assert.Equal((4, 4), (report.Stalls, report.StalledPlayers));
        Assert.InRange(report.StalledSeconds, 1.0, 4 * 10.0); // where the machine is busy, players begin late and are silent for less
        Assert.Equal(0, report.Playing);
    }

    [Fact]
    public async Task A_hole_in_time_and_a_step_back_are_seen()
    {
        LoadReport report = await Play(async player =>
        {
            foreach (uint time in (uint[])[0, 40, 39, 80, 5000])
            {
                await player.SendFrameAsync(time, time == 0);
            }

            await Task.Delay(Timeout.Infinite, player.Stopping);
        });
        Assert.Equal((4, 4, 0), (report.Backwards, report.Gaps, report.Stalls));
    }

    [Fact]
    public async Task A_broken_chunk_stream_is_seen()
    {
        LoadReport report = await Play(async player =>
        {
            await player.SendFrameAsync(0, true);
            await player.SendRawAsync([0xFF, 0xFF, 0xFF, 0xFF]); // type 3 on a chunk stream that never began
            await Task.Delay(Timeout.Infinite, player.Stopping);
        });
        Assert.Equal(4, report.Lost);
        KeyValuePair<string, long> failure = Assert.Single(report.Failures);
        Assert.Equal(("protocol broken: ChunkWithoutContext", 4L), (failure.Key, failure.Value));
    }

    [Fact]
    public async Task A_server_that_hangs_up_is_seen()
    {
        LoadReport report = await Play(async player => await player.SendFrameAsync(0, true));
        Assert.Equal((4, 4, 0), (report.Plays, report.Lost, report.Ended));
        Assert.Equal(4, report.Failures.Values.Sum());
    }

    [Fact]
    public async Task Frames_cut_to_single_bytes_are_known_all_the_same()
    {
        LoadReport report = await Play(async player =>
        {
            byte[] header = [4, 0, 0, 0, 0, 0, 4, 9, 1, 0, 0, 0];
            byte[] configuration = [0x17, 0, 1, 2];
            byte[] frame = [0x17, 1, 1, 2];
            foreach (byte single in (byte[])[.. header, .. configuration, .. header, .. frame])
            {
                await player.SendRawAsync([single]);
                await Task.Delay(5, player.Stopping);
            }

            await Task.Delay(Timeout.Infinite, player.Stopping);
        });
        Assert.Empty(report.Failures);
        Assert.Equal((4, 4), (report.Plays, report.Frames));
    }

    [Fact]
    public async Task A_player_that_gets_no_answer_is_not_served()
    {
        LoadReport report = await Play(player => Task.Delay(Timeout.Infinite, player.Stopping));
        Assert.Equal((4, 0, 0), (report.Accepted.Count, report.Plays, report.ServedPlayers));
    }

    [Fact]
    public async Task Nobody_listening_is_a_failure_of_each_player()
    {
        using Socket unheard = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unheard.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // a port that nobody else can take, and nobody listens on
        LoadReport report = await Loads.RunAsync(Options((IPEndPoint)unheard.LocalEndPoint!));
        KeyValuePair<string, long> failure = Assert.Single(report.Failures);
        Assert.Equal(("cannot connect: ConnectionRefused", 4L), (failure.Key, failure.Value));
    }

    private static async Task<LoadReport> Play(Func<ScriptedServer.ScriptedConnection, Task> script)
    {
        using ScriptedServer server = new(script);
        return await Loads.RunAsync(Options(server.EndPoint));
    }

    private static LoadOptions Options(IPEndPoint server) => new()
    {
        Targets = [Loads.Target(server)],
        Players = 4,
        Duration = TimeSpan.FromSeconds(2),
        Ramp = TimeSpan.Zero,
        Rehearsal = TimeSpan.Zero,
    };
}
