using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Native;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Hostile;

/// <summary>Clients that make a server hold memory for them: all of it counts against one budget of the connection.</summary>
public sealed class HeldMemoryTests
{
    private const string Film = "moov-first.mp4";

    [Fact]
    public async Task Plays_lined_up_with_long_names_end_their_connection()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && SlowFolder.IsPossible, "There is no /dev/fuse here that may be opened.");
        string film = await FilmFactory.GetAsync(Film);
        string served = TemporaryFolder.Create("held");
        string films = TemporaryFolder.Create("films");
        File.Copy(film, Path.Combine(served, Film));
        File.Copy(film, Path.Combine(films, "film.mp4"));
        await using SlowFolder storage =
            await SlowFolder.MountAsync(films, Directory.CreateDirectory(Path.Combine(served, "slow")).FullName);
        await using MapwireServer server = await MapwireServer.StartAsync(served);
        await using RtmpPlayer player = await RtmpPlayer.WatchAsync(server.Port, Film);

        // Answers come in the order of the plays: none to a name, however soon it is refused, before the film whose disk says nothing.
        await storage.SayAsync("silent");
        await player.PlayAsync("slow/film.mp4", -2, -1, false);
        for (int i = 0; i < 8 && await TryPlayAsync(player, $"{Film}?token={new string('x', 60_000)}"); i++)
        {
        }

        await EndsAsync(player);
        await server.Process.HearsAsync(new Regex(@"holds \d+ bytes, more than the 1048576 of --max-connection-bytes"));
        await storage.SayAsync("ok");
    }

    [Fact]
    public async Task A_long_name_is_held_within_a_smaller_budget_or_not_at_all()
    {
        await using MapwireServer server = await StartAsync("--max-connection-bytes", "131072");
        await using RtmpPlayer greedy = await RtmpPlayer.WatchAsync(server.Port, $"{Film}?token={new string('x', 60_000)}");
        await EndsAsync(greedy);
        await server.Process.HearsAsync(new Regex(@"holds \d+ bytes, more than the 131072 of --max-connection-bytes"));

        await using RtmpPlayer usual = await RtmpPlayer.WatchAsync(server.Port, Film);
        await usual.ToTheEndAsync();
        Expectation.Same(Expectation.Of(await Ffprobe.ReadAsync(Path.Combine(FilmFactory.Folder, Film))), usual.Film, "a usual player");
    }

    [Fact]
    public async Task What_the_connections_of_an_address_hold_together_is_bounded_and_another_address_plays()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "127.0.0.0/8 is Linux's.");
        await using MapwireServer server = await StartAsync("--max-held-bytes", "1048576");
        using CancellationTokenSource timeout = new(RtmpPlayer.Patience);
        List<TcpClient> greedy = [];
        try
        {
            for (int i = 0; i < 9; i++)
            {
                TcpClient client = new(new IPEndPoint(IPAddress.Parse("127.0.6.1"), 0));
                greedy.Add(client);
                await client.ConnectAsync("127.0.0.1", server.Port, timeout.Token);
                await RtmpPlayer.ShakeHandsAsync(client.GetStream(), timeout.Token);

                // Set Chunk Size 65,536, and all of a message of 60,001 bytes but the last one.
                byte[] half =
                    [2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 1, 0, 0, 3, 0, 0, 0, 0, 0xEA, 0x61, 20, 0, 0, 0, 0, .. new byte[60_000]];
                await client.GetStream().WriteAsync(half, timeout.Token);
            }

            Match line = await server.Process.HearsAsync(new Regex(
                @"127\.0\.6\.1:(\d+) holds \d+ bytes and is closed: the connections of its address hold \d+ bytes, "
                + "more than half of the 1048576 of --max-held-bytes"));

            // The one whose bytes were counted last: mostly, and not always, the last of all.
            int port = int.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture);
            TcpClient closed = Assert.Single(greedy, client => ((IPEndPoint)client.Client.LocalEndPoint!).Port == port);
            Assert.Equal(0, await ReadAsync(closed));
            Assert.False(greedy[0].Client.Poll(0, SelectMode.SelectRead), "who came first is closed for the others");
            await using RtmpPlayer other = await RtmpPlayer.ConnectAsync(server.Port, from: "127.0.6.2");
            await other.SetBufferAsync(TimeSpan.FromSeconds(60));
            await other.PlayAsync(Film);
            await other.ToTheEndAsync();
            Recording expected = Expectation.Of(await Ffprobe.ReadAsync(Path.Combine(FilmFactory.Folder, Film)));
            Expectation.Same(expected, other.Film, "another address");
        }
        finally
        {
            greedy.ForEach(static client => client.Dispose());
        }

        async Task<int> ReadAsync(TcpClient client)
        {
            try
            {
                return await client.GetStream().ReadAsync(new byte[1], timeout.Token);
            }
            catch (IOException)
            {
                return 0; // reset: it had sent more
            }
        }
    }

    private static async Task<MapwireServer> StartAsync(params string[] options)
    {
        await FilmFactory.GetAsync(Film);
        return await MapwireServer.StartAsync(FilmFactory.Folder, options);
    }

    private static async Task<bool> TryPlayAsync(RtmpPlayer player, string name)
    {
        try
        {
            await player.PlayAsync(name, -2, -1, false);
            return true;
        }
        catch (IOException)
        {
            return false; // closed already
        }
    }

    /// <summary>Reads until the server closes, long before all that was asked for has been played.</summary>
    private static async Task EndsAsync(RtmpPlayer player)
    {
        while (await player.NextAsync() is { } message)
        {
            Assert.NotEqual("NetStream.Play.Switch", message.StatusCode);
            Assert.NotEqual("NetStream.Play.Stop", message.StatusCode);
        }
    }
}
