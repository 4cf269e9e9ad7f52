using System.Net;
using System.Text.Json;
using Mapwire.Load.Publishers;
using Mapwire.Load.Tests.Support;
using Mapwire.Rtmp.Chunks;
using Mapwire.Server.Files;
using Mapwire.Server.Live;

namespace Mapwire.Load.Tests;

/// <summary>Films that are published in real time, and those who watch them.</summary>
public sealed class PublishTests
{
    private static string Clip => Path.Combine(AppContext.BaseDirectory, "clips", "sample.mp4");

    [Fact]
    public async Task Viewers_of_published_streams_get_each_frame_as_it_was_sent_whenever_they_come()
    {
        using SampleServer server = new(keys: [new PublishKey(null, "secret")]);
        LoadReport report = await Loads.RunAsync(
            Options(server.EndPoint, "live%d?key=secret", players: 2, watch: 6, ramp: 3)); // viewers come a second apart
        Assert.Empty(report.Failures);
        PublishReport publish = report.Publish!;
        Assert.Equal((2, 2, 0, 6), (publish.Connected, publish.Publishing, publish.Refused, publish.Watchers));
        Assert.Equal((8, 6, 6), (report.Connections, report.Plays, report.ServedPlayers));
        Assert.Equal(0, report.Backwards);
        Assert.Equal((0, 0, 0), (publish.Match!.Missing, publish.Match.Repeated, publish.Match.Altered));
        Assert.InRange(publish.Match.Matched, report.Frames * 9 / 10, report.Frames); // all but sound before the first picture
        Assert.InRange(publish.Match.Latency.Count, 100, publish.Match.Matched);
        Assert.InRange(publish.Messages, 2 * 68 * 4, 2 * 68 * 20); // 68 messages a second, from 4 s of test on
        Assert.InRange(publish.Bytes, 100_000, long.MaxValue);
        Assert.Equal(6, publish.FirstFrame.Count);
        await Eventually(() => server.ConnectionCount == 0);
    }

    [Fact]
    public async Task A_film_goes_over_the_wire_byte_by_byte_and_its_times_go_on_when_it_begins_again()
    {
        using ShortFilm film = new(TimeSpan.FromSeconds(1));
        using RelayServer server = new();
        LoadReport report = await Loads.RunAsync(Options(server.EndPoint, "live?key=x", film: film.Path, watch: 0, seconds: 2.5));
        Assert.Empty(report.Failures);
        Relayed[] received = server.Received;
        Assert.Equal(film.VideoHeader, received[0].Body);
        Assert.Equal(film.AudioHeader, received[1].Body);
        Assert.Equal(report.Publish!.Messages, received.Length - 2);
        Assert.All(received[2..], static message => Assert.False(message.IsConfiguration)); // once is enough
        foreach ((byte type, List<byte[]> expected) in
            ((byte, List<byte[]>)[])[(MessageType.Video, film.Video), (MessageType.Audio, film.Audio)])
        {
            Relayed[] track = [.. received[2..].Where(message => message.Type == type)];
            Assert.InRange(track.Length, (2 * expected.Count) + 1, 20 * expected.Count); // a third showing at least has begun
            uint period = track[expected.Count].Time - track[0].Time;
            Assert.InRange(period, 1000u, 1300u); // pictures that are shown later than they are sent come on top, where it was cut
            for (int i = 0; i < track.Length; i++)
            {
                Assert.Equal(expected[i % expected.Count], track[i].Body);
                Assert.Equal(track[i % expected.Count].Time + ((uint)(i / expected.Count) * period), track[i].Time);
                Assert.True(i == 0 || track[i].Time > track[i - 1].Time);
            }
        }

        Assert.Equal(["publish live?key=x Live", "data onMetaData", "unpublish live?key=x", "closed live"], server.Calls);
    }

    /// <summary>Pictures that are decoded before the first is shown find room behind the last sound of the showing before.</summary>
    [Fact]
    public async Task No_time_of_a_track_comes_twice_where_a_film_with_reordered_pictures_begins_again()
    {
        using RelayServer server = new();
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint, "live?key=x")],
            Players = 1,
            Publish = Clip,
            Speed = 40,
            Duration = TimeSpan.FromSeconds(2),
        });
        Assert.Empty(report.Failures);
        foreach (byte type in (byte[])[MessageType.Video, MessageType.Audio])
        {
            Relayed[] track = [.. server.Received.Where(message => message.Type == type && !message.IsConfiguration)];
            Assert.InRange(track[^1].Time, 49_000u, 200_000u); // two showings of 24 s, and more
            for (int i = 1; i < track.Length; i++)
            {
                Assert.True(track[i].Time > track[i - 1].Time, $"{track[i - 1].Time} ms and {track[i].Time} ms of type {type}");
            }
        }
    }

    [Fact]
    public void A_film_begins_again_when_it_has_been_shown()
    {
        using PublishedFilm film = PublishedFilm.Open(Clip, enhanced: false, compares: true);
        Assert.Equal((600, 1035), (film.Frames!.Video.Length, film.Frames.Audio.Length));
        Assert.InRange(film.Frames.Period, 24_000, 24_050);
    }

    [Fact]
    public void A_film_with_a_codec_of_Enhanced_RTMP_is_published_with_its_pictures_or_not_at_all()
    {
        using ShortFilm film = new(TimeSpan.FromSeconds(1), isVp9: true);
        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => PublishedFilm.Open(film.Path, enhanced: false, compares: false));
        Assert.StartsWith("Publish needs Enhanced for a film with VP9 profile 0", refused.Message, StringComparison.Ordinal);
        using PublishedFilm published = PublishedFilm.Open(film.Path, enhanced: true, compares: true);
        Assert.Equal(film.Video.Count, published.Frames!.Video.Length);
    }

    [Fact]
    public async Task A_refused_key_is_reported_in_the_words_of_the_server()
    {
        using SampleServer server = new(keys: [new PublishKey(null, "secret")]);
        LoadReport report = await Loads.RunAsync(
            Options(server.EndPoint, "live%d?key=wrong", players: 3, watch: 3, seconds: 0.5));
        PublishReport publish = report.Publish!;
        Assert.Equal((3, 0, 3, 0), (publish.Connected, publish.Publishing, publish.Refused, publish.Messages));
        Assert.Equal(
            ("NetStream.Publish.Denied: The key is missing or wrong: publish to NAME?key=KEY.", 3L), Pair(Assert.Single(publish.Refusals)));
        Assert.Equal(("publish refused: NetStream.Publish.Denied", 3L), Pair(Assert.Single(report.Failures)));
        Assert.Equal((3, 0), (report.Connections, report.Plays)); // nobody watches what is not published
    }

    [Fact]
    public async Task A_timestamp_that_goes_back_is_seen()
    {
        int pictures = 0;
        LoadReport report = await Watch(message =>
            [message.IsPicture && ++pictures == 20 ? message with { Time = message.Time - 100 } : message]);
        Assert.Equal(1, report.Backwards);
        Assert.Equal((0, 0), (report.Publish!.Match!.Missing, report.Publish.Match.Altered));
    }

    [Fact]
    public async Task A_frame_that_is_left_out_is_missing()
    {
        int pictures = 0;
        LoadReport report = await Watch(message => message.IsPicture && ++pictures is 20 or 21 ? [] : [message]);
        Assert.Equal((2, 0, 0), Faults(report));
    }

    [Fact]
    public async Task A_frame_that_comes_twice_is_seen()
    {
        int pictures = 0;
        LoadReport report = await Watch(message => message.IsPicture && ++pictures == 20 ? [message, message] : [message]);
        Assert.Equal((0, 1, 0), Faults(report));
    }

    [Fact]
    public async Task A_frame_that_is_altered_is_seen_and_the_one_that_was_sent_is_missing()
    {
        int pictures = 0;
        LoadReport report = await Watch(message =>
            [message.IsPicture && ++pictures == 20 ? message with { Body = [.. message.Body, 0] } : message]);
        Assert.Equal((1, 0, 1), Faults(report));
    }

    [Fact]
    public async Task The_time_that_a_server_keeps_messages_back_is_the_latency()
    {
        LoadReport report = await Watch(delay: TimeSpan.FromMilliseconds(300));
        Assert.Equal((0, 0, 0), Faults(report));
        Assert.InRange(report.Publish!.Match!.Latency.P50, 280, 1500); // its clock counts in steps; the machine may be busy
        Assert.InRange(report.Publish.Match.Latency.Count, 20, long.MaxValue);
    }

    [Fact]
    public async Task A_server_that_does_not_read_for_a_while_gets_all_of_it_later_and_is_told_apart_from_a_slow_publisher()
    {
        using ShortFilm film = new(TimeSpan.FromSeconds(1), padding: 500_000); // 12 MB a second: more than sockets hold
        using RelayServer server = new(pause: TimeSpan.FromSeconds(1.5));
        LoadReport report = await Loads.RunAsync(Options(server.EndPoint, "live", film: film.Path, watch: 0, seconds: 3));
        Assert.Empty(report.Failures);
        Assert.InRange(report.Publish!.HeldMessages, 10, report.Publish.Messages);
        Relayed[] pictures = [.. server.Received.Where(static message => message.IsPicture)];
        Assert.InRange(pictures.Length, 25, 250);
        for (int i = 0; i < pictures.Length; i++)
        {
            Assert.Equal(film.Video[i % film.Video.Count], pictures[i].Body);
        }
    }

    [Fact]
    public async Task Without_comparing_frames_are_counted_alone()
    {
        using RelayServer server = new();
        LoadOptions options = new()
        {
            Targets = [Loads.Target(server.EndPoint, "live")],
            Players = 1,
            Publish = Clip,
            Watch = 2,
            Duration = TimeSpan.FromSeconds(1),
            Ramp = TimeSpan.Zero,
        };
        LoadReport report = await Loads.RunAsync(options);
        Assert.Empty(report.Failures);
        Assert.Null(report.Publish!.Match);
        Assert.Equal(2, report.ServedPlayers);
        Assert.InRange(report.Frames, 60, long.MaxValue);
    }

    [Fact]
    public async Task The_report_has_what_was_published_and_no_key()
    {
        using RelayServer server = new();
        LoadReport report = await Loads.RunAsync(Options(server.EndPoint, "live?key=secret", seconds: 0.5));
        using MemoryStream bytes = new();
        LoadReportJson.Write(bytes, report);
        using JsonDocument document = JsonDocument.Parse(bytes.ToArray());
        JsonElement publish = document.RootElement.GetProperty("publish");
        Assert.Equal(
            [
                "connected", "publishing", "messages", "bytes", "lateMessages", "heldMessages", "reconnects", "stalled", "jumps", "refused",
                "refusals", "watchers", "firstFrame", "match",
            ],
            publish.EnumerateObject().Select(static property => property.Name));
        Assert.Equal(
            ["matched", "missing", "repeated", "altered", "latency"],
            publish.GetProperty("match").EnumerateObject().Select(static property => property.Name));
        Assert.Equal(1, publish.GetProperty("publishing").GetInt32());
        Assert.Equal($"rtmp://{server.EndPoint}/vod/live", document.RootElement.GetProperty("urls")[0].GetString());
        Assert.DoesNotContain("secret", document.RootElement.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_film_that_cannot_be_read_is_told_before_the_test()
    {
        LoadOptions options = Options(new IPEndPoint(IPAddress.Loopback, 1), "live", film: "nothing.mp4");
        Assert.Throws<TitleException>(() => new LoadTest(options).Dispose());
    }

    [Theory]
    [InlineData("live", 2, 1, nameof(LoadOptions.Players))]
    [InlineData("live%d", 2, -1, nameof(LoadOptions.Watch))]
    [InlineData("live%d", 2, 28_001, nameof(LoadOptions.Watch))]
    [InlineData("live", 1, 0, nameof(LoadOptions.Latency))] // of nobody
    public void An_option_that_does_not_fit_is_named(string name, int players, int watch, string option)
    {
        LoadOptions options = Options(new IPEndPoint(IPAddress.Loopback, 1), name, players, watch, compares: true);
        Assert.Equal(option, Assert.Throws<ArgumentException>(() => new LoadTest(options).Dispose()).ParamName);
    }

    private static (string Reason, long Count) Pair(KeyValuePair<string, long> pair) => (pair.Key, pair.Value);

    private static (long Missing, long Repeated, long Altered) Faults(LoadReport report)
    {
        Assert.Empty(report.Failures);
        MatchReport match = report.Publish!.Match!;
        Assert.InRange(match.Matched, 30, long.MaxValue);
        return (match.Missing, match.Repeated, match.Altered);
    }

    /// <summary>One publisher and one viewer, at a server that does something to what it gives on.</summary>
    private static async Task<LoadReport> Watch(Func<Relayed, IEnumerable<Relayed>>? change = null, TimeSpan delay = default)
    {
        using RelayServer server = new(change, delay);
        return await Loads.RunAsync(Options(server.EndPoint, "live", seconds: 1.5));
    }

    private static LoadOptions Options(
        IPEndPoint server, string name, int players = 1, int watch = 1, double seconds = 1, double ramp = 0, string? film = null,
        bool? compares = null) => new()
        {
            Targets = [Loads.Target(server, name)],
            Players = players,
            Publish = film ?? Clip,
            Watch = watch,
            Latency = compares ?? watch > 0,
            Duration = TimeSpan.FromSeconds(seconds),
            Ramp = TimeSpan.FromSeconds(ramp),
        };

    private static async Task Eventually(Func<bool> holds)
    {
        for (int i = 0; i < 200 && !holds(); i++)
        {
            await Task.Delay(25);
        }

        Assert.True(holds());
    }
}
