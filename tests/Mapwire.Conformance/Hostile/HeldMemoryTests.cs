using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
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
        await using MapwireServer server = await StartAsync();
        await using RtmpPlayer player = await RtmpPlayer.WatchAsync(server.Port, Film);
        for (int i = 0; i < 8 && await TryPlayAsync(player, $"{Film}?token={new string('x', 60_000)}"); i++)
        {
        }

        await EndsAsync(player);
        await server.Process.HearsAsync(new Regex(@"holds \d+ bytes, more than the 1048576 of --max-connection-bytes"));
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
