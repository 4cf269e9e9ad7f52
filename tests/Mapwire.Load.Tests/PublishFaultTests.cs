using Mapwire.Load.Tests.Support;
using Mapwire.Rtmp.Chunks;
using Mapwire.Server.Live;

namespace Mapwire.Load.Tests;

/// <summary>Publishers that lose their connection, stall, jump in time and change what they send; and what viewers of our server see of it.
/// </summary>
public sealed class PublishFaultTests
{
    [Fact]
    public async Task A_publisher_that_reconnects_begins_anew_and_its_viewer_stays()
    {
        using RelayServer relay = new();
        LoadReport report = await Loads.RunAsync(
            Options(relay, 3, new PublishFaults(ReconnectEvery: TimeSpan.FromSeconds(1)), watch: 0));
        Assert.Empty(report.Failures);
        long cuts = report.Publish!.Reconnects;
        Assert.InRange(cuts, 1, 5); // after 0.5 to 1.5 s, and half a second away
        Assert.InRange(report.Publish.Publishing, cuts, cuts + 1); // the test may end while it is away
        Assert.Equal(
            report.Publish.Publishing, relay.Calls.Count(static call => call.StartsWith("publish", StringComparison.Ordinal)));
        Assert.InRange(relay.Calls.Count(static call => call.StartsWith("unpublish", StringComparison.Ordinal)), 0, 1); // at the end
        Relayed[] pictures = [.. relay.Received.Where(static message => message.IsPicture)];
        Assert.Equal(report.Publish.Publishing, pictures.Count(static message => message.Time == 0));
        Assert.Equal(0, report.Lost);

        using SampleServer server = new(keys: [new PublishKey(null, "secret")]);
        report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint, "live%d?key=secret")],
            Players = 4,
            Watch = 8,
            Publish = Clip,
            Faults = new PublishFaults(ReconnectEvery: TimeSpan.FromSeconds(1)),
            Duration = TimeSpan.FromSeconds(3),
            Ramp = TimeSpan.Zero,
        });
        Assert.Empty(report.Failures);
        Assert.InRange(report.Publish!.Reconnects, 4, 20);
        Assert.Equal((8, 8, 0), (report.Plays, report.ServedPlayers, report.Backwards)); // none had to play once more
    }

    [Fact]
    public async Task A_publisher_that_stalls_sends_later_what_was_due_and_is_not_late_for_that()
    {
        using RelayServer relay = new();
        LoadReport report = await Loads.RunAsync(Options(relay, 9, new PublishFaults(StallEvery: TimeSpan.FromSeconds(3)), watch: 1));
        Assert.Empty(report.Failures);
        Assert.InRange(report.Publish!.Stalled, 1, 2);
        Relayed[] pictures = [.. relay.Received.Where(static message => message.IsPicture)];
        long pause = pictures.Zip(pictures[1..], static (one, next) => next.ArrivedAt - one.ArrivedAt).Max();
        Assert.InRange(pause, 2_900, 8_000);
        for (int i = 1; i < pictures.Length; i++)
        {
            Assert.InRange(pictures[i].Time - pictures[i - 1].Time, 1u, 200u); // nothing is left out
        }

        Assert.InRange(report.Publish.LateMessages, 0, report.Publish.Messages / 10); // what the machine was late with, not the stall
        Assert.InRange(report.Stalls, 1, 9);
    }

    [Fact]
    public async Task Timestamps_jump_where_the_film_begins_again_and_viewers_are_not_told_of_it()
    {
        using ShortFilm film = new(TimeSpan.FromSeconds(1));
        using RelayServer relay = new();
        PublishFaults faults = new(JumpEvery: TimeSpan.FromSeconds(1));
        LoadReport report = await Loads.RunAsync(Options(relay, 4.5, faults, watch: 0, films: film.Path));
        Assert.Empty(report.Failures);
        Assert.InRange(report.Publish!.Jumps, 1, 5);
        Relayed[] pictures = [.. relay.Received.Where(static message => message.IsPicture)];
        int jumps = 0;
        for (int i = 1; i < pictures.Length; i++)
        {
            int step = unchecked((int)(pictures[i].Time - pictures[i - 1].Time));
            bool isJump = step is <= 0 or > 1_500;
            Assert.True(!isJump || i % film.Video.Count == 0, $"picture {i} jumps by {step}");
            jumps += isJump ? 1 : 0;
            Assert.InRange(pictures[i].ArrivedAt - pictures[i - 1].ArrivedAt, 0, 5_000); // the clock does not jump
        }

        Assert.InRange(jumps, report.Publish.Jumps - 1, report.Publish.Jumps); // the last one may have come behind the last picture

        using SampleServer server = new(keys: [new PublishKey(null, "secret")]);
        report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint, "live%d?key=secret")],
            Players = 8,
            Watch = 16,
            Publish = film.Path,
            Faults = faults,
            Duration = TimeSpan.FromSeconds(4),
            Ramp = TimeSpan.Zero,
        });
        Assert.Empty(report.Failures);
        Assert.InRange(report.Publish!.Jumps, 8, 40);
        Assert.Equal((16, 0), (report.ServedPlayers, report.Backwards));
        Assert.InRange(report.Gaps, 0, 2 * report.Publish.Jumps); // some seconds forward are a pause of the publisher's
    }

    [Fact]
    public async Task Films_are_shown_in_turn_each_with_its_headers()
    {
        using ShortFilm film = new(TimeSpan.FromSeconds(0.5));
        using ShortFilm other = new(TimeSpan.FromSeconds(0.7), changesHeader: true);
        using RelayServer relay = new();
        LoadReport report = await Loads.RunAsync(Options(relay, 3, new PublishFaults(), watch: 0, film.Path, other.Path));
        Assert.Empty(report.Failures);
        Relayed[] video = [.. relay.Received.Where(static message => message.Type == MessageType.Video)];
        int[] headers = [.. Enumerable.Range(0, video.Length).Where(i => video[i].IsConfiguration)];
        Assert.InRange(headers.Length, 4, 9);
        for (int i = 0; i < headers.Length; i++)
        {
            ShortFilm shown = i % 2 == 0 ? film : other;
            Assert.Equal(shown.VideoHeader, video[headers[i]].Body);
            Relayed[] pictures = video[(headers[i] + 1)..(i + 1 < headers.Length ? headers[i + 1] : video.Length)];
            Assert.Equal(shown.Video.Take(pictures.Length), pictures.Select(static picture => picture.Body));
            Assert.True(pictures.Length == shown.Video.Count || i == headers.Length - 1);
        }

        Assert.True(video.Zip(video[1..], static (one, next) => next.Time >= one.Time).All(static isLater => isLater));
        Assert.InRange(relay.Calls.Count(static call => call == "data onMetaData"), headers.Length, headers.Length);
    }

    [Fact]
    public async Task A_film_is_published_ten_times_as_fast()
    {
        using RelayServer relay = new();
        LoadReport report = await Loads.RunAsync(Options(relay, 1, new PublishFaults(), watch: 1, speed: 10));
        Assert.Empty(report.Failures);
        Relayed[] pictures = [.. relay.Received.Where(static message => message.IsPicture)];
        double speed = (double)(pictures[^1].Time - pictures[0].Time) / (pictures[^1].ArrivedAt - pictures[0].ArrivedAt);
        Assert.InRange(speed, 8.5, 11.5);
        Assert.Equal(0, report.Backwards);
    }

    [Theory]
    [InlineData(nameof(LoadOptions.Speed), 0.01, null, false)]
    [InlineData(nameof(PublishFaults.ReconnectEvery), 1, 0.5, false)]
    [InlineData(nameof(LoadOptions.Latency), 1, 2.0, true)] // frames are told apart by their place in the film
    public void An_option_that_does_not_fit_is_named(string option, double speed, double? reconnectEvery, bool compares)
    {
        LoadOptions options = new()
        {
            Targets = [Loads.Target(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 1), "live")],
            Players = 1,
            Watch = 1,
            Publish = Clip,
            Latency = compares,
            Speed = speed,
            Faults = new PublishFaults(reconnectEvery is { } every ? TimeSpan.FromSeconds(every) : null),
        };
        Assert.Equal(option, Assert.Throws<ArgumentException>(() => new LoadTest(options).Dispose()).ParamName);
    }

    [Fact]
    public void Nothing_goes_wrong_with_publishers_where_nothing_is_published()
    {
        LoadOptions options = new()
        {
            Targets = [Loads.Target(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 1), "live")],
            Players = 1,
            Speed = 2,
        };
        Assert.Equal(nameof(LoadOptions.Publish), Assert.Throws<ArgumentException>(() => new LoadTest(options).Dispose()).ParamName);
    }

    private static string Clip => Path.Combine(AppContext.BaseDirectory, "clips", "sample.mp4");

    private static LoadOptions Options(
        RelayServer server, double seconds, PublishFaults faults, int watch, params string[] films) =>
        Options(server, seconds, faults, watch, speed: 1, films);

    private static LoadOptions Options(
        RelayServer server, double seconds, PublishFaults faults, int watch, double speed, params string[] films) => new()
        {
            Targets = [Loads.Target(server.EndPoint, "live")],
            Players = 1,
            Watch = watch,
            Publish = films is [var first, ..] ? first : Clip,
            PublishNext = [.. films.Skip(1)],
            Speed = speed,
            Faults = faults,
            Duration = TimeSpan.FromSeconds(seconds),
            Ramp = TimeSpan.Zero,
        };
}
