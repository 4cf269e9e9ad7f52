using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Live;

/// <summary>OBS publishes, by its own librtmp. By night, or when this class is named: OBS is not installed by day.</summary>
public sealed class ObsTests
{
    /// <summary>Both sides count whole milliseconds, from moments of their own.</summary>
    private const double Tolerance = 0.002 + 1e-5;

    private readonly string _folder = TemporaryFolder.Create("watched");

    [Fact]
    public async Task What_obs_publishes_comes_as_its_encoders_made_it()
    {
        string film = await FilmFactory.GetAsync("twelve-seconds.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(
            FilmFactory.Folder, "--publish-key", "long-and-secret", "--live-play-wait", "120");
        string watched = Path.Combine(_folder, "watched.flv");
        Task<ToolResult> watching = Tool.RunAsync(
            "ffmpeg", ["-v", "error", "-nostdin", "-i", server.Address("cam"), "-c", "copy", "-t", "6", watched], TimeSpan.FromMinutes(2));
        await using Obs obs = await Obs.StartAsync(server.Address("").TrimEnd('/'), "cam?key=long-and-secret", film);
        ToolResult result = await watching;
        Assert.True(result.ExitCode == 0, $"{result}\n{Tool.Shorten(server.Process.Said)}\n{Tool.Shorten(obs.Said)}");
        await obs.EndAsync();
        Recording recorded = await Ffprobe.ReadAsync(Assert.Single(Directory.GetFiles(obs.Recordings)));
        Recording came = await Ffprobe.ReadAsync(watched);
        foreach ((string kind, int least) in ((string, int)[])[("video", 150), ("audio", 250)])
        {
            Packet[] expected = [.. recorded.Of(kind)];
            Packet[] actual = [.. came.Of(kind)];
            Assert.InRange(actual.Length, least, 2 * least);
            int first = Array.FindIndex(expected, packet => packet.Hash == actual[0].Hash);
            Assert.True(first >= 0, $"the first packet of {kind} is none of those that were recorded");
            expected = expected[first..(first + actual.Length)];
            Assert.Equal(expected.Select(static packet => packet.Hash), actual.Select(static packet => packet.Hash));
            Assert.All(expected.Zip(actual), pair =>
                Assert.InRange(pair.Second.Dts - actual[0].Dts - (pair.First.Dts - expected[0].Dts), -Tolerance, Tolerance));
        }

        Assert.Contains("publish cam ended: it was ended", server.Process.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("long-and-secret", server.Process.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Obs_shows_why_its_key_is_refused_and_does_not_try_again()
    {
        string film = await FilmFactory.GetAsync("twelve-seconds.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--publish-key", "long-and-secret");
        await using Obs obs = await Obs.StartAsync(server.Address("").TrimEnd('/'), "cam?key=wrong", film);
        for (int i = 0; !obs.Said.Contains("failed: -3", StringComparison.Ordinal); i++)
        {
            Assert.True(i < 1200, Tool.Shorten(obs.Said));
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Contains("NetStream.Publish.Denied (The key is missing or wrong", obs.Said, StringComparison.Ordinal);
        await Task.Delay(TimeSpan.FromSeconds(4), TestContext.Current.CancellationToken); // it tries again after 2 s what is worth it
        Assert.Equal(1, server.Process.Said.Split("refused: The key").Length - 1);
        await obs.EndAsync();
    }
}
