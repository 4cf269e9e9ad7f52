using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Changes;

/// <summary>
/// A recording that ffmpeg is still writing: what is whole plays and ends as a film does, and whoever comes later gets more.
/// </summary>
public sealed class GrowingTests
{
    private const string Recorder =
        "-hide_banner -loglevel error -nostdin -y -re -f lavfi -i testsrc2=size=96x64:rate=25 -re -f lavfi -i sine=440:sample_rate=44100 " +
        "-c:v libx264 -preset ultrafast -g 10 -bf 2 -pix_fmt yuv420p -c:a aac -b:a 32k -flush_packets 1";

    [Fact]
    public async Task What_is_whole_plays_and_later_there_is_more()
    {
        string folder = TemporaryFolder.Create("growing");
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-buffer", "60");
        await using ServerProcess mp4 =
            Record("-movflags frag_keyframe+empty_moov+default_base_moof -use_editlist 0", Path.Combine(folder, "live.mp4"));
        await using ServerProcess flv = Record("-flvflags no_duration_filesize", Path.Combine(folder, "live.flv"));
        Dictionary<string, List<Recording>> plays = new() { ["live.mp4"] = [], ["live.flv"] = [] };
        List<Task<Recording>> slow = [];
        for (double until = 0.7; until < 2; until += 0.6)
        {
            foreach ((string name, List<Recording> films) in plays)
            {
                double before = films is [.., var last] ? last.Of("video").Max(static packet => packet.Dts) : 0;
                films.Add(await LongerThanAsync(server, name, Math.Max(until, before)));
                slow.Add(PlayAsync(server, name, TimeSpan.FromMilliseconds(500))); // watches while the file grows
            }
        }

        foreach (ServerProcess recorder in (ServerProcess[])[mp4, flv])
        {
            await recorder.SignalAsync("INT");
            await recorder.EndsAsync(TimeSpan.FromSeconds(10));
        }

        foreach ((string name, List<Recording> films) in plays)
        {
            Recording whole = Expectation.Of(await Ffprobe.ReadAsync(Path.Combine(folder, name)));
            films.Add(await PlayAsync(server, name, TimeSpan.FromSeconds(60)));
            Expectation.Same(whole, films[^1], name);
            foreach (string kind in (string[])["video", "audio"])
            {
                string[] all = [.. whole.Of(kind).Select(static packet => packet.Hash)];
                int[] counts = [.. films.Select(film => film.Of(kind).Count())];
                Assert.Equal(counts.Distinct().Order(), counts); // each has more than the one before
                Assert.All(films, film => IsBeginning(all, film, kind));
            }
        }

        foreach (Recording film in await Task.WhenAll(slow))
        {
            Assert.InRange(film.Of("video").Max(static packet => packet.Dts), 0.5, 10);
        }
    }

    private static void IsBeginning(string[] all, Recording film, string kind)
    {
        string[] came = [.. film.Of(kind).Select(static packet => packet.Hash)];
        Assert.Equal(all.Take(came.Length), came);
    }

    private static ServerProcess Record(string more, string path) =>
        ServerProcess.Start(Tool.Path("ffmpeg"), [.. Recorder.Split(' '), .. more.Split(' '), path]);

    /// <summary>Plays again and again until the file has more than some seconds.</summary>
    private static async Task<Recording> LongerThanAsync(MapwireServer server, string name, double seconds)
    {
        for (int look = 0; look < 100; look++)
        {
            Recording film = await PlayAsync(server, name, TimeSpan.FromSeconds(60));
            if (film.Of("video").Any(packet => packet.Dts > seconds))
            {
                return film;
            }

            await Task.Delay(100);
        }

        throw new TimeoutException($"{name} never had {seconds} s");
    }

    /// <summary>Plays to the end, which is told as that of a film; nothing when there is nothing to play yet.</summary>
    private static async Task<Recording> PlayAsync(MapwireServer server, string name, TimeSpan buffer)
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.SetBufferAsync(buffer);
        await player.PlayAsync(name);
        await player.UntilAsync(static message => message.Name == "onStatus");
        if (player.Heard[^1].StatusCode is "NetStream.Play.Failed" or "NetStream.Play.StreamNotFound")
        {
            return new Recording([], [], null);
        }

        await player.ToTheEndAsync();
        Assert.Contains(player.Heard, static message => message.StatusCode == "NetStream.Play.Complete");
        Assert.Equal(1, player.Heard[^1].Event);
        return player.Film;
    }
}
