using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Playback;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Statistics;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary>FLV by HTTP and WebSocket, as a reader of its own and as ffmpeg read it.</summary>
public sealed class FlvTests(ServedFilms films)
{
    /// <summary>More than any film of the matrix takes: all of it is sent at once.</summary>
    private const string All = "enhanced=1&buffer=86400";

    public static TheoryData<string> Names() => [.. MatrixFilms.OfSweep(0)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_film_comes_as_ffmpeg_reads_its_file(string name)
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name)));
        using HttpClient client = new();
        byte[] stream = await client.GetByteArrayAsync(Address(await films.Server, name, All));
        string path = Path.Combine(TemporaryFolder.Create("flv"), "stream.flv");
        await File.WriteAllBytesAsync(path, stream);
        Recording read = FlvFile.Read(path);
        Expectation.Same(expected, read, name);
        Assert.Equal(
            expected.Of("video").Where(static packet => packet.IsKey).Select(static packet => packet.Hash),
            read.Of("video").Where(static packet => packet.IsKey).Select(static packet => packet.Hash));
        Assert.Equal((expected.Of("audio").Any() ? 4 : 0) | (expected.Of("video").Any() ? 1 : 0), stream[4]);
    }

    [Theory]
    [InlineData("moov-first.mp4")]
    [InlineData("moov-last.mp4")]
    [InlineData("tags.flv")]
    [InlineData("keyframe-fragments.mp4")]
    public async Task Ffmpeg_reads_the_same_packets_as_of_the_file(string name)
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync(name)));
        Expectation.Same(expected, await Ffprobe.ReadAsync(Address(await films.Server, name, "buffer=60")), name);
    }

    [Fact]
    public async Task Ffmpeg_seeks_by_the_byte_positions_that_metadata_name()
    {
        string folder = Path.Combine(MapwireServer.Root, "samples", "clips");
        Recording file = await Ffprobe.ReadAsync(Path.Combine(folder, "sample.mp4"));
        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        Recording rest = await Ffprobe.ReadAsync(Address(server, "sample.mp4", "buffer=60"), "-read_intervals", "15%");
        Packet first = rest.Of("video").First(); // the clip has a key frame each two seconds
        Assert.Equal(file.Of("video").Where(static packet => packet.IsKey).ElementAt(7).Hash, first.Hash);
        Assert.InRange(first.Dts, 13.999, 14.001);
        Assert.Contains("play sample.mp4 from 14.000 s", server.Process.Said, StringComparison.Ordinal); // none of what lies between
    }

    [Fact]
    public async Task A_web_socket_client_gets_the_same_stream_is_ponged_and_told_the_end()
    {
        const string Film = "moov-first.mp4";
        await FilmFactory.GetAsync(Film);
        using HttpClient http = new();
        byte[] expected = await http.GetByteArrayAsync(Address(await films.Server, Film, All));
        using ClientWebSocket client = new();
        client.Options.KeepAliveInterval = TimeSpan.FromMilliseconds(100);
        client.Options.KeepAliveTimeout = TimeSpan.FromSeconds(20); // a pong that does not come ends it
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(60));
        string address = Address(await films.Server, Film, All).Replace("http://", "ws://", StringComparison.Ordinal);
        await client.ConnectAsync(new Uri(address), timeout.Token);
        MemoryStream stream = new();
        byte[] buffer = new byte[1 << 16];
        while (true)
        {
            WebSocketReceiveResult result = await client.ReceiveAsync(buffer, timeout.Token);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                break;
            }

            Assert.Equal(WebSocketMessageType.Binary, result.MessageType);
            stream.Write(buffer, 0, result.Count);
        }

        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        Assert.True(expected.AsSpan().SequenceEqual(stream.ToArray()));
    }

    [Fact]
    public async Task A_film_that_is_cut_ends_its_fifty_viewers_within_two_seconds()
    {
        const int Viewers = 50;
        string folder = TemporaryFolder.Create("flvcut");
        string path = Path.Combine(folder, "film.mp4");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), path);
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-address-connects", "0");
        Task<byte[]>[] viewers = [.. Enumerable.Range(0, Viewers).Select(_ => WatchAsync(Address(server, "film.mp4", "buffer=1")))];
        for (int i = 0; i < 300 && server.Process.Said.Split("play film.mp4 from").Length <= Viewers; i++)
        {
            await Task.Delay(100);
        }

        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(1000);
        }

        Stopwatch watch = Stopwatch.StartNew();
        byte[][] read = await Task.WhenAll(viewers);
        Assert.InRange(watch.ElapsedMilliseconds, 0, 4000); // 2 s, on a machine that is busy
        Assert.All(read, bytes => Assert.True(read[0].AsSpan(0, Math.Min(bytes.Length, read[0].Length))
            .SequenceEqual(bytes.AsSpan(0, Math.Min(bytes.Length, read[0].Length)))));
        Assert.Contains("play film.mp4 ended: the file changed", server.Process.Said, StringComparison.Ordinal);

        static async Task<byte[]> WatchAsync(string address)
        {
            using HttpClient client = new();
            using HttpResponseMessage answer = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead);
            MemoryStream stream = new();
            await Assert.ThrowsAnyAsync<Exception>(async () => await (await answer.Content.ReadAsStreamAsync()).CopyToAsync(stream));
            return stream.ToArray();
        }
    }

    [Fact]
    public async Task A_viewer_appears_among_the_players()
    {
        const string Film = "moov-first.mp4";
        string folder = TemporaryFolder.Create("flvtop");
        string films = Directory.CreateDirectory(Path.Combine(folder, "films")).FullName;
        File.Copy(await FilmFactory.GetAsync(Film), Path.Combine(films, Film));
        await using MapwireServer server = await MapwireServer.StartAsync(
            films, "--statistics", "flv", "--statistics-folder", folder);
        using HttpClient client = new();
        using HttpResponseMessage answer = await client.GetAsync(
            Address(server, Film, "loop=1"), HttpCompletionOption.ResponseHeadersRead);
        using Stream stream = await answer.Content.ReadAsStreamAsync();
        await stream.ReadExactlyAsync(new byte[10_000]);
        JsonElement shown = await Top.WhenAsync(folder, static one => one.List("players").Count == 1 && one.List("titles").Count == 1);
        Assert.Equal(Film, shown.List("titles").Single().Text("name"));
        Assert.Equal("playing", shown.List("players").Single().Text("state"), ignoreCase: true);
    }

    private static string Address(MapwireServer server, string name, string query) => $"{server.WebAddress(name)}/stream.flv?{query}";
}
