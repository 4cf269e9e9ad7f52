using System.Net;
using System.Text;
using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Live;
using Mapwire.Server.Tests.Sending;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>Viewers by HTTP of a live stream whose publisher is not there yet wait for it as players of RTMP do.</summary>
public sealed class LiveWaitTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;
    private readonly ConnectionLoop _loop;
    private LiveStreams? _streams;
    private HttpContext? _context;

    public LiveWaitTests()
    {
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
        ConnectionLimits limits = new(SendTimeout: 60_000, MinPlayerRate: 0, MaxPlayerRate: null, MaxLoopRate: null, MaxUnsentTime: 0);
        _loop = new ConnectionLoop("test", limits, new RecordingLog(), new ScriptedPoller());
    }

    public void Dispose()
    {
        _streams?.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("index.m3u8")]
    [InlineData("v1.m3u8")]
    [InlineData("manifest.mpd")]
    [InlineData("stream.mp4")]
    public async Task A_request_that_comes_before_the_publisher_is_answered_as_soon_as_there_is_something(string resource)
    {
        HttpContext context = Create(playWait: 60_000, ticks: false);
        Task<Resource> opening = OpenAsync(context, $"live/cam/{resource}");
        await HasAsync(() => _streams!.Arrivals.Count == 1);
        PublishedStream cam = new(_streams!, "live/cam", LoopClock.Milliseconds);
        cam.Begin();
        await HasAsync(() => cam.Stream.Segments is null && _streams!.Arrivals.Count == 1);
        for (uint time = 0; time < 6_000 && !opening.IsCompleted; time += 500)
        {
            await Task.Delay(60, TestContext.Current.CancellationToken); // looks at the window are some time apart
            cam.Play(time, time + 500);
        }

        (await opening.WaitAsync(Patience, TestContext.Current.CancellationToken)).Release();
        Assert.Equal(0, _streams!.Arrivals.Count);
    }

    [Fact]
    public async Task A_request_is_answered_though_its_publisher_has_paused_since_enough_has_come()
    {
        HttpContext context = Create(playWait: 60_000);
        Task<Resource> opening = OpenAsync(context, "cam/index.m3u8");
        await HasAsync(() => _streams!.Arrivals.Count == 1);
        PublishedStream cam = new(_streams!, "cam", LoopClock.Milliseconds);
        cam.Begin();
        cam.Play(0, 4_000); // at once
        (await opening.WaitAsync(Patience, TestContext.Current.CancellationToken)).Release();
    }

    [Theory]
    [InlineData("index.m3u8")]
    [InlineData("v1.m3u8")]
    [InlineData("manifest.mpd")]
    [InlineData("stream.mp4")]
    public async Task A_request_for_what_nobody_publishes_is_refused_when_its_time_is_over(string resource)
    {
        HttpContext context = Create(playWait: 500);
        long began = LoopClock.Milliseconds;
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => OpenAsync(context, $"live/cam/{resource}"));
        Assert.Equal(TitleError.NotFound, refusal.Error);
        Assert.Equal("nobody publishes live/cam", refusal.Message);
        Assert.InRange(LoopClock.Milliseconds - began, 500, 15_000);
        Assert.Equal(0, _streams!.Arrivals.Count);
    }

    [Fact]
    public async Task A_publisher_that_leaves_before_anything_came_is_waited_for_no_longer_than_one_that_never_came()
    {
        HttpContext context = Create(playWait: 1_000);
        Task<Resource> opening = OpenAsync(context, "cam/index.m3u8");
        await HasAsync(() => _streams!.Arrivals.Count == 1);
        PublishedStream cam = new(_streams!, "cam", LoopClock.Milliseconds);
        cam.Publisher.Leave(isFinished: true, LoopClock.Milliseconds);
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(
            () => opening.WaitAsync(TimeSpan.FromSeconds(8), TestContext.Current.CancellationToken));
        Assert.Equal(TitleError.NotFound, refusal.Error);
    }

    [Theory]
    [InlineData("cam/v1-1.m4s", 60_000)] // what there is of a stream is known from its playlist
    [InlineData("cam/v1-init-1.mp4", 60_000)]
    [InlineData("cam/clip.mp4", 60_000)]
    [InlineData("film.mp4/other.m3u8", 60_000)] // no stream is named as a film
    [InlineData("rtmp:cam/index.m3u8", 60_000)]
    [InlineData("cam/index.m3u8", 0)]
    public async Task What_cannot_come_is_refused_at_once(string path, int playWait)
    {
        HttpContext context = Create(playWait);
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(
            () => OpenAsync(context, path).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Equal(TitleError.NotFound, refusal.Error);
    }

    [Fact]
    public async Task A_file_at_the_path_is_served_and_nothing_is_waited_for()
    {
        _folder.Add("live/cam/stream.mp4");
        HttpContext context = Create(playWait: 60_000);
        Resource resource = await OpenAsync(context, "live/cam/stream.mp4")
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.True(resource.Representation.Length > 1_000);
        resource.Release();
    }

    [Fact]
    public async Task An_address_waits_for_as_many_streams_as_it_may_have_titles_opened_and_who_leaves_makes_room()
    {
        HttpContext context = Create(playWait: 60_000);
        using CancellationTokenSource gone = new();
        int most = context.Players.Options.MaxOpeningsPerAddress;
        Task<Resource>[] waits =
        [
            .. Enumerable.Range(0, most).Select(number => OpenAsync(context, $"cam{number}/index.m3u8", cancellation: gone.Token)),
            OpenAsync(context, "cam0/manifest.mpd", cancellation: gone.Token), // the same stream
        ];
        await HasAsync(() => _streams!.Arrivals.Count == waits.Length);
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => OpenAsync(context, "cam/index.m3u8"));
        Assert.Equal(TitleError.Unavailable, refusal.Error);
        Task<Resource> elsewhere = OpenAsync(context, "cam/index.m3u8", IPAddress.Parse("192.0.2.7"), gone.Token);
        await HasAsync(() => _streams!.Arrivals.Count == waits.Length + 1);
        await gone.CancelAsync();
        foreach (Task<Resource> wait in (Task<Resource>[])[.. waits, elsewhere])
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        }

        Assert.Equal(0, _streams!.Arrivals.Count);
        using CancellationTokenSource again = new();
        Task<Resource> next = OpenAsync(context, "cam/index.m3u8", cancellation: again.Token);
        await HasAsync(() => _streams.Arrivals.Count == 1);
        await again.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")]
    public void A_viewer_of_FLV_that_comes_before_the_publisher_is_sent_the_stream_from_its_beginning(string fields)
    {
        HttpContext context = Create(playWait: 60_000);
        ScriptedSender sender = new();
        using ConnectionHandle viewer = Ask(context, sender, fields);
        viewer.Turns(() => _streams!.All.Any(static stream => stream.Name == "live/cam"));
        Assert.Equal(0, sender.Wire.Length);
        PublishedStream cam = new(_streams!, "live/cam", LoopClock.Milliseconds);
        cam.Begin();
        cam.Play(0, 40);
        viewer.Turns(() => sender.Wire.Length > FrameLength);
        cam.Play(40, 2_000);
        viewer.Turns(() => sender.Wire.Length > 50 * FrameLength);
        byte[] wire = sender.Wire.ToArray();
        Assert.StartsWith(fields.Length > 0 ? "HTTP/1.1 101 " : "HTTP/1.1 200 ", Encoding.ASCII.GetString(wire), StringComparison.Ordinal);
        Assert.True(wire.AsSpan().IndexOf("FLV\x01\x05"u8) > 0);
        Assert.Contains("onMetaData", Encoding.ASCII.GetString(wire), StringComparison.Ordinal);
    }

    [Fact]
    public void A_viewer_of_FLV_is_refused_when_its_time_is_over()
    {
        HttpContext context = Create(playWait: 300);
        ScriptedSender sender = new();
        using ConnectionHandle viewer = Ask(context, sender, "");
        viewer.Turns(() => _streams!.All.Any());
        _loop.Now += 299;
        viewer.Connection.RunTurn();
        Assert.Equal(0, sender.Wire.Length);
        _loop.Now += 2;
        viewer.Turns(() => sender.Wire.Length > 0);
        string answer = Encoding.ASCII.GetString(sender.Wire.ToArray());
        Assert.StartsWith("HTTP/1.1 404 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("{\"status\":404,\"error\":\"nobody publishes live/cam\"}", answer.TrimEnd(), StringComparison.Ordinal);
        Assert.Empty(_streams!.All);
    }

    [Fact]
    public void A_request_for_what_is_announced_is_answered_when_it_is_there_and_those_behind_it_in_turn()
    {
        (PublishedStream cam, LiveSegments segments, LiveSegment open) = Begin();
        string part = $"v1-{open.Number}-part-{open.Parts.Count + 1}.m4s";
        ScriptedSender sender = new();
        using ConnectionHandle viewer = Ask(
            _context!, sender, "", $"cam/v1.m3u8?_HLS_msn={open.Number}&_HLS_part={open.Parts.Count}", $"cam/{part}", "cam/v9.m3u8");
        for (int i = 0; i < 5; i++)
        {
            viewer.Connection.RunTurn();
        }

        Assert.Equal(0, sender.Wire.Length);
        cam.Play(4_000, 4_600);
        viewer.Turns(() => Statuses(sender).Count == 3);
        Assert.Equal(["200", "200", "404"], Statuses(sender));
        string wire = Encoding.Latin1.GetString(sender.Wire.ToArray());
        Assert.Contains($"URI=\"{part}\"", wire, StringComparison.Ordinal);
        Assert.Contains("moof", wire, StringComparison.Ordinal);
        Assert.DoesNotContain("Connection: close", wire, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_request_for_what_does_not_come_is_refused_when_its_time_is_over_and_the_connection_stays()
    {
        (PublishedStream cam, LiveSegments segments, LiveSegment open) = Begin();
        string playlist = $"cam/v1.m3u8?_HLS_msn={open.Number}&_HLS_part={open.Parts.Count}";
        ScriptedSender sender = new();
        using ConnectionHandle viewer = Ask(_context!, sender, "", playlist);
        viewer.Connection.RunTurn();
        Assert.Equal(0, sender.Wire.Length);
        segments.Tick(LoopClock.Milliseconds + (4 * (long)segments.Lengths.Target.TotalMilliseconds));
        viewer.Turns(() => Statuses(sender).Count == 1);
        Assert.Equal(["503"], Statuses(sender));

        viewer.Receive(sender, "", playlist); // once more, which waits anew
        viewer.Connection.RunTurn();
        Assert.Equal(["503"], Statuses(sender));
        cam.Play(4_000, 4_600);
        viewer.Turns(() => Statuses(sender).Count == 2);
        Assert.Equal(["503", "200"], Statuses(sender));
    }

    [Fact]
    public void Who_leaves_while_it_waits_is_sent_nothing()
    {
        (PublishedStream cam, _, LiveSegment open) = Begin();
        ScriptedSender sender = new();
        ConnectionHandle viewer = Ask(_context!, sender, "", $"cam/v1.m3u8?_HLS_msn={open.Number}&_HLS_part={open.Parts.Count}");
        viewer.Connection.RunTurn();
        viewer.Dispose();
        cam.Play(4_000, 4_600);
        viewer.Connection.RunTurn();
        Assert.Equal(0, sender.Wire.Length);
    }

    /// <summary>A stream whose open segment has less than all of its parts.</summary>
    private (PublishedStream Cam, LiveSegments Segments, LiveSegment Open) Begin()
    {
        _context = Create(playWait: 0, ticks: false);
        PublishedStream cam = new(_streams!, "cam", LoopClock.Milliseconds);
        cam.Begin();
        cam.Play(0, 4_000);
        Assert.True(_streams!.TryGetSegments("cam", out LiveSegments? segments));
        LiveRendition video = Assert.Single(segments!.Renditions, static one => one.Name == "v1");
        return (cam, segments, video.Listed[^1]);
    }

    private static IReadOnlyList<string> Statuses(ScriptedSender sender) =>
    [
        .. Encoding.Latin1.GetString(sender.Wire.ToArray()).Split("HTTP/1.1 ").Skip(1).Select(static answer => answer[..3]),
    ];

    private const int FrameLength = PublishedStream.FrameLength;

    private static Task<Resource> OpenAsync(
        HttpContext context, string path, IPAddress? address = null, CancellationToken cancellation = default)
    {
        Assert.True(RequestTarget.TryParse(Encoding.ASCII.GetBytes($"/vod/{path}"), out RequestTarget? target, out _), path);
        Assert.True(Route.TryFind(target, "vod", context.IsLive, out Route? route), path);
        return Opening.OpenAsync(context, route, target.Query, address ?? IPAddress.Parse("192.0.2.1"), cancellation);
    }

    private static async Task HasAsync(Func<bool> isSo)
    {
        for (int i = 0; !isSo(); i++)
        {
            Assert.True(i < 2_000);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private HttpContext Create(int playWait, bool ticks = true)
    {
        LiveOptions options = PublishedStream.Options with { PlayWait = playWait };
        _streams = new LiveStreams(options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks);
        HttpContext context = HttpContexts.Create(_folder, _catalog);
        return context with { Players = context.Players with { Live = _streams, Keys = PublishKeys.Open } };
    }

    private ConnectionHandle Ask(HttpContext context, ScriptedSender sender, string fields, params string[] paths)
    {
        ConnectionHandle viewer = new(new(_loop, sender, null, connection => new HttpConversation(context, connection, null)));
        viewer.Receive(sender, fields, paths is [] ? ["live/cam/stream.flv"] : paths);
        return viewer;
    }

    /// <summary>A connection that is closed with the test.</summary>
    private sealed class ConnectionHandle(Connection connection) : IDisposable
    {
        public Connection Connection { get; } = connection;

        public void Dispose() => Connection.Close(CloseReason.PlayerLeft);

        /// <summary>Requests come, all at once.</summary>
        public void Receive(ScriptedSender sender, string fields, params string[] paths)
        {
            sender.Incoming.Enqueue(Encoding.ASCII.GetBytes(string.Concat(
                paths.Select(path => $"GET /vod/{path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n"))));
            Connection.IsReadable = true;
        }

        /// <summary>Turns of a socket that takes all, until something holds.</summary>
        public void Turns(Func<bool> isDone) => Assert.True(SpinWait.SpinUntil(
            () =>
            {
                Connection.IsWritable = true;
                Connection.RunTurn();
                return isDone();
            },
            Patience));
    }
}
