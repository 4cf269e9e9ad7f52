using System.Diagnostics;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Refusals;

/// <summary>What cannot be played is refused with a reason before the player hears Play.Start, and nobody else notices.</summary>
public sealed class RefusalTests(BadFilmServer films) : IClassFixture<BadFilmServer>
{
    private static readonly string[] Refusals = ["NetStream.Play.StreamNotFound", "NetStream.Play.Failed"];

    private MapwireServer Server => films.Server;

    public static TheoryData<string> Names() => [.. BadFilms.All.Keys.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_bad_film_is_refused_with_a_reason_and_the_connection_goes_on(string name)
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(Server.Port);
        await player.PlayAsync(name);
        await RefusedAsync(player);

        // A worker that spins on the file would show here: half a second of it, against next to nothing.
        TimeSpan before = Server.Process.ProcessorTime;
        await Task.Delay(500);
        TimeSpan used = Server.Process.ProcessorTime - before;
        Assert.True(used < TimeSpan.FromMilliseconds(400), $"used {used.TotalMilliseconds} ms of the processor");

        await player.PlayAsync(BadFilmServer.Good);
        await player.StatusAsync("NetStream.Play.Start");
        await player.UntilAsync(message => message.Packet is not null);
    }

    [Fact]
    public async Task Players_of_a_good_film_never_notice_the_bad_ones()
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(Path.Combine(films.Folder, BadFilmServer.Good)));
        await using RtmpPlayer watching = await RtmpPlayer.ConnectAsync(Server.Port);
        await watching.SetBufferAsync(TimeSpan.FromMilliseconds(300));
        await watching.PlayAsync(BadFilmServer.Good);
        Task toTheEnd = watching.ToTheEndAsync();
        foreach (string name in BadFilms.All.Keys)
        {
            await using RtmpPlayer other = await RtmpPlayer.ConnectAsync(Server.Port);
            await other.PlayAsync(name);
            await RefusedAsync(other);
        }

        await toTheEnd;
        Expectation.Same(expected, watching.Film, "beside bad films");
        Assert.True(watching.Heard[^1].ArrivedAt > TimeSpan.FromSeconds(3), "it was not paced, so it was not there all along");
    }

    [Theory]
    [InlineData("moov-truncated.mp4")]
    [InlineData("nowhere.mp4")]
    public async Task Ffmpeg_and_rtmpdump_give_up_at_once(string name)
    {
        Stopwatch clock = Stopwatch.StartNew();
        ToolResult ffmpeg = await Tool.RunAsync("ffprobe", ["-v", "error", Server.Address(name)]);
        Assert.NotEqual(0, ffmpeg.ExitCode);
        string saved = Path.Combine(TemporaryFolder.Create("refused"), "film.flv");
        ToolResult rtmpdump = await Tool.RunAsync("rtmpdump", ["-r", Server.Address(name), "-o", saved]);
        Assert.NotEqual(0, rtmpdump.ExitCode);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"took {clock.Elapsed}");
    }

    [Fact]
    public async Task A_film_that_is_not_there_is_not_found()
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(Server.Port);
        await player.PlayAsync("mp4:nowhere.mp4");
        Assert.Equal("NetStream.Play.StreamNotFound", (await RefusedAsync(player)).StatusCode);
    }

    [Fact]
    public async Task An_unknown_application_is_rejected()
    {
        // The player's own ConnectAsync insists on _result; here _error and NetConnection.Connect.Rejected is right.
        using System.Net.Sockets.TcpClient client = new("127.0.0.1", Server.Port);
        using CancellationTokenSource timeout = new(RtmpPlayer.Patience);
        await RtmpPlayer.ShakeHandsAsync(client.GetStream(), timeout.Token);
        ChunkStream chunks = new(new ReadAhead(client.GetStream()));
        await chunks.WriteAsync(3, Message.Command, 0, 0,
            Amf0.Write("connect", 1.0, new Dictionary<string, object?> { ["app"] = "elsewhere" }), timeout.Token);
        while (true)
        {
            (byte type, uint stream, uint time, byte[] body) = await chunks.ReadAsync(timeout.Token);
            if (type == Message.SetChunkSize)
            {
                chunks.ChunkSize = body[0] << 24 | body[1] << 16 | body[2] << 8 | body[3];
            }

            if (type == Message.Command)
            {
                Message answer = new(type, stream, time, body, TimeSpan.Zero);
                Assert.Equal("_error", answer.Name);
                Assert.Equal("NetConnection.Connect.Rejected", answer.StatusCode);
                return;
            }
        }
    }

    internal static async Task<Message> RefusedAsync(RtmpPlayer player)
    {
        Message status = await player.UntilAsync(message => message.Name == "onStatus");
        Assert.Contains(status.StatusCode, Refusals);
        Assert.False(string.IsNullOrWhiteSpace(status.StatusDescription));
        Assert.Equal("error", status.Values.OfType<Dictionary<string, object?>>().Last()["level"]);
        Assert.DoesNotContain(player.Heard, message => message.IsMedia || message.StatusCode == "NetStream.Play.Start");
        return status;
    }
}
