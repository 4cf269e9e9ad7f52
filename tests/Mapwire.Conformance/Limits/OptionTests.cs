using System.Net.Sockets;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Command;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Live;
using Mapwire.Conformance.Native;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Limits;

/// <summary>Every option of serving that touches bytes, alone and together with others: the film comes whole through each.</summary>
public sealed class OptionTests
{
    private const string Film = "moov-first.mp4";

    [Theory]
    [InlineData("--chunk-size 128 --workers 1 --send-buffer 4096")]
    [InlineData("--chunk-size 4096 --workers 3 --receive-buffer 1024")]
    [InlineData("--chunk-size 16777215 --max-player-rate 60000 --workers 2")]
    [InlineData("--max-server-rate 200000 --workers 2 --chunk-size 128")]
    [InlineData("--max-player-rate 50000 --send-buffer 4096 --copy-payload")]
    [InlineData("--max-connections 8 --max-connection-bytes 131072 --max-unsent-time 0 --workers 2 --max-held-bytes 262144")]
    [InlineData("--max-pacing-rate 200000 --acknowledge-timeout 5 --workers 1")]
    [InlineData("--min-buffer 2 --min-player-rate 0 --max-pause 5 --idle-timeout 5")]
    [InlineData("--copy-payload --chunk-size 128 --workers 3")]
    [InlineData("--copy-payload --max-server-rate 300000 --receive-buffer 1024")]
    [InlineData("--max-address-connections 8 --max-address-connects 10 --send-timeout 5 --storage-timeout 5")]
    [InlineData("--max-open-files 1 --max-address-openings 1 --max-open-bytes 10000000")]
    [InlineData("--limit-boxes 1000 --limit-depth 12 --limit-tracks 2 --limit-samples 1000 --limit-movie-bytes 100000 --workers 2")]
    [InlineData("--viewer-ids off --segment-duration 2 --handshake-timeout 20 --limit-opening-time 20")]
    public async Task A_film_comes_whole_through_options(string options)
    {
        string folder = TemporaryFolder.Create("options");
        string film = await FilmFactory.GetAsync(Film);
        File.Copy(film, Path.Combine(folder, Film));
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(film));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, [.. options.Split(' ')]);

        // Several at once, so that workers share the title; one of them reads slowly, so that sockets are full.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
        {
            await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port, receiveBuffer: i == 0 ? 4096 : 0);
            await player.SetBufferAsync(TimeSpan.FromSeconds(60));
            await player.PlayAsync(Film);
            await player.ToTheEndAsync(TimeSpan.FromSeconds(60));
            Expectation.Same(expected, player.Film, $"player {i} with {options}");
        }));
        Assert.DoesNotContain("unhandled exception", server.Process.Said, StringComparison.Ordinal);
    }

    /// <summary>An option that has no row here or in <see cref="ServeOptionTests"/> is tried by the tests that are named with it.</summary>
    [Fact]
    public async Task Every_option_of_serve_has_a_run_with_bytes_through_it()
    {
        HashSet<string> tried =
        [
            .. RowsOf(typeof(OptionTests), nameof(A_film_comes_whole_through_options)),
            .. RowsOf(typeof(ServeOptionTests), nameof(ServeOptionTests.The_film_comes_whole_with)),
            "--rtmp", "--http", "--max-buffer", // MapwireServer, and the tests above
            "--rtmps", "--certificate", "--key", "--certificate-password", // EncryptionTests
            "--https", // Http/EncryptedTests
            "--list", // Http/FolderListTests
            "--http-fast-lane", // Http/OtherReaderTests
            .. RowsOf(typeof(LiveTests), nameof(LiveTests.All_of_it_comes_with)),
            "--publish-key", "--publish-once", "--publish-auth", "--live-play-wait", // LiveTests
            "--live-segment-duration", "--live-part-duration", // LiveWebTests
            "--statistics-folder", // ServeOptionTests.Statistics_have_the_name_that_was_given
        ];
        ToolResult help = await Tool.SucceedAsync(MapwireServer.Program, ["serve", "--help"]);
        string[] options = [.. Regex.Matches(help.Output, @"^ +(--[a-z][a-z-]+)", RegexOptions.Multiline)
            .Select(static match => match.Groups[1].Value).Where(static option => option is not ("--help" or "--version"))];
        Assert.InRange(options.Length, 40, 100);
        Assert.Empty(options.Except(tried));
        Assert.Empty(tried.Except(options).Except(["--copy-payload"])); // hidden
    }

    [Fact]
    public async Task Connections_over_the_most_are_refused_and_make_room_when_they_end()
    {
        string folder = TemporaryFolder.Create("most");
        File.Copy(await FilmFactory.GetAsync(Film), Path.Combine(folder, Film));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-connections", "2");
        await using RtmpPlayer first = await RtmpPlayer.ConnectAsync(server.Port);
        RtmpPlayer second = await RtmpPlayer.ConnectAsync(server.Port);
        Assert.Equal(0, await EndsAsync("127.0.0.1", server.Port));
        await server.Process.HearsAsync(
            new Regex(@"connections refused since the last such line: 1; 2 of at most 2 are open \(--max-connections\)"));
        await second.DisposeAsync();
        await using RtmpPlayer third = await EventuallyAsync(server.Port);
        await third.PlayAsync(Film);
        await third.UntilAsync(static message => message.Packet is not null);
    }

    [Fact]
    public async Task One_address_has_its_limit_and_another_has_its_own()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "127.0.0.0/8 is Linux's.");
        string folder = TemporaryFolder.Create("addresses");
        File.Copy(await FilmFactory.GetAsync(Film), Path.Combine(folder, Film));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-address-connections", "3");
        List<TcpClient> held = [];
        for (int host = 1; host <= 20; host++)
        {
            for (int i = 0; i < 3; i++)
            {
                held.Add(await FromAsync($"127.0.1.{host}", server.Port));
            }

            Assert.Equal(0, await EndsAsync($"127.0.1.{host}", server.Port));
        }

        // None of those that were let in has been closed for the others.
        byte[] hello = [3, .. new byte[1536]];
        foreach (TcpClient client in held)
        {
            await client.GetStream().WriteAsync(hello);
            await client.GetStream().ReadExactlyAsync(new byte[3073]).AsTask().WaitAsync(RtmpPlayer.Patience);
            client.Dispose();
        }

        await server.Process.HearsAsync(new Regex(@"connections that an address may have \(--max-address-connections\)"));
    }

    [Fact]
    public async Task An_address_connects_as_often_as_it_may_and_another_has_its_own_rate()
    {
        const int Rate = 2;
        Assert.SkipUnless(OperatingSystem.IsLinux(), "127.0.0.0/8 is Linux's.");
        string folder = TemporaryFolder.Create("connects");
        File.Copy(await FilmFactory.GetAsync(Film), Path.Combine(folder, Film));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-address-connects", $"{Rate}");
        System.Diagnostics.Stopwatch clock = System.Diagnostics.Stopwatch.StartNew();
        int let = 0;
        while (await IsLetInAsync("127.0.5.1", server.Port))
        {
            let++;
        }

        Assert.InRange(let, 10 * Rate, (10 * Rate) + (Rate * (int)Math.Ceiling(clock.Elapsed.TotalSeconds))); // ten seconds' worth
        Assert.True(await IsLetInAsync("127.0.5.2", server.Port));
        await server.Process.HearsAsync(new Regex(@"127\.0\.5\.1:\d+ connects more often than .*\(--max-address-connects\)"));
        await Task.Delay(1500 / Rate);
        await using RtmpPlayer later = await RtmpPlayer.ConnectAsync(server.Port, from: "127.0.5.1");
        await later.PlayAsync(Film);
        await later.UntilAsync(static message => message.Packet is not null);
    }

    [Fact]
    public async Task The_greatest_number_of_connections_is_compared_with_what_the_system_allows()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Limits of descriptors are Unix's.");
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--max-connections", "2147483647");
        await server.Process.HearsAsync(new Regex(
            @"instead of 2147483647 \(--max-connections\): this process may have \d+ descriptors, "
            + @"and that many connections need 21474\d{5};"));
    }

    [Fact]
    public async Task Files_over_the_most_are_refused_while_the_others_play_and_those_nobody_plays_make_room()
    {
        string folder = TemporaryFolder.Create("open-files");
        string film = await FilmFactory.GetAsync(Film);
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(film));
        for (int i = 0; i < 6; i++)
        {
            File.Copy(film, Path.Combine(folder, $"{i}.mp4"));
        }

        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-open-files", "2");
        for (int i = 0; i < 4; i++) // one after the other: what is kept for later players is let go
        {
            await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port, from: $"127.0.3.{i + 1}");
            await player.SetBufferAsync(TimeSpan.FromSeconds(60));
            await player.PlayAsync($"{i}.mp4");
            await player.ToTheEndAsync(TimeSpan.FromSeconds(60));
            Expectation.Same(expected, player.Film, $"film {i}");
        }

        await using RtmpPlayer first = await PlayingAsync(server.Port, "0.mp4", "127.0.3.1");
        await using RtmpPlayer second = await PlayingAsync(server.Port, "1.mp4", "127.0.3.2");
        await using RtmpPlayer third = await RtmpPlayer.ConnectAsync(server.Port, from: "127.0.3.3");
        await third.PlayAsync("2.mp4");
        Message refusal = await third.StatusAsync("NetStream.Play.Failed");
        Assert.Contains("2 files are open and being played", refusal.StatusDescription, StringComparison.Ordinal);
        await first.ToTheEndAsync(TimeSpan.FromSeconds(60));
        await second.ToTheEndAsync(TimeSpan.FromSeconds(60));
        Expectation.Same(expected, first.Film, "the first that played on");
        Expectation.Same(expected, second.Film, "the second that played on");
    }

    [Fact]
    public async Task An_address_that_has_hanging_titles_opened_waits_for_itself_and_another_plays_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Leases and 127.0.0.0/8 are Linux's.");
        string folder = TemporaryFolder.Create("openings");
        string film = await FilmFactory.GetAsync(Film);
        string hung = Path.Combine(folder, "hung.mp4");
        File.Copy(film, hung);
        File.Copy(film, Path.Combine(folder, "good.mp4"));
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(film));
        await using MapwireServer server =
            await MapwireServer.StartAsync(folder, "--max-address-openings", "1", "--limit-opening-time", "4");
        using FileLease lease = new(hung);
        await using RtmpPlayer stuck = await RtmpPlayer.ConnectAsync(server.Port, from: "127.0.4.1");
        await stuck.PlayAsync("hung.mp4");
        await server.Process.HearsAsync(new Regex("127.0.4.1:[0-9]+ connect"));
        await Task.Delay(500); // it is being opened
        await using RtmpPlayer same = await RtmpPlayer.ConnectAsync(server.Port, from: "127.0.4.1");
        await same.SetBufferAsync(TimeSpan.FromSeconds(60));
        await same.PlayAsync("good.mp4");
        await using RtmpPlayer other = await RtmpPlayer.ConnectAsync(server.Port, from: "127.0.4.2");
        await other.SetBufferAsync(TimeSpan.FromSeconds(60));
        await other.PlayAsync("good.mp4");
        await other.ToTheEndAsync(TimeSpan.FromSeconds(60));
        Expectation.Same(expected, other.Film, "another address");
        Assert.DoesNotContain("hung.mp4 refused", server.Process.Said, StringComparison.Ordinal);
        await stuck.StatusAsync("NetStream.Play.Failed", TimeSpan.FromSeconds(30));
        await same.ToTheEndAsync(TimeSpan.FromSeconds(60));
        Expectation.Same(expected, same.Film, "the same address, when the hung title was given up");
    }

    private static async Task<RtmpPlayer> PlayingAsync(int port, string name, string from)
    {
        RtmpPlayer player = await RtmpPlayer.ConnectAsync(port, from: from);
        await player.SetBufferAsync(TimeSpan.FromSeconds(1));
        await player.PlayAsync(name);
        await player.UntilAsync(static message => message.Packet is not null);
        return player;
    }

    [Fact]
    public async Task A_player_that_is_paused_for_too_long_is_closed()
    {
        string folder = TemporaryFolder.Create("long-pause");
        File.Copy(await FilmFactory.GetAsync(Film), Path.Combine(folder, Film));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-pause", "1", "--idle-timeout", "600");
        await using RtmpPlayer player = await RtmpPlayer.WatchAsync(server.Port, Film, TimeSpan.FromSeconds(1));
        await player.UntilAsync(static message => message.Packet is not null);
        await player.PauseAsync(true, 0);
        await player.ToTheEndAsync(TimeSpan.FromSeconds(30));
        await server.Process.HearsAsync(new Regex("close: PausedTooLong,"));
    }

    [Fact]
    public async Task A_player_that_reads_less_than_the_least_rate_is_closed()
    {
        string folder = TemporaryFolder.Create("least-rate");
        File.Copy(await FilmFactory.GetAsync("large-frames.mp4"), Path.Combine(folder, "film.mp4"));
        await using MapwireServer server = await MapwireServer.StartAsync(
            folder, "--send-timeout", "2", "--min-player-rate", "1000000", "--send-buffer", "4096", "--max-buffer", "86400");
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port, receiveBuffer: 4096);
        await player.SetBufferAsync(TimeSpan.FromSeconds(3600));
        await player.PlayAsync("film.mp4");
        await player.UntilAsync(static message => message.StatusCode == "NetStream.Play.Start");

        // The socket takes what the system's buffers do, and no more.
        await server.Process.HearsAsync(new Regex("close: NotReading,"), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Words_of_connect_that_are_too_long_are_refused()
    {
        string folder = TemporaryFolder.Create("long-words");
        File.Copy(await FilmFactory.GetAsync(Film), Path.Combine(folder, Film));
        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        await Assert.ThrowsAnyAsync<Exception>(async () => await RtmpPlayer.ConnectAsync(server.Port, "vod/" + new string('x', 5_000)));
        await server.Process.HearsAsync(new Regex("connect refused: the strings of connect are longer than 4096 characters"));
        await server.Process.HearsAsync(new Regex("close: Rejected,"));
    }

    [Theory]
    [InlineData("--copy-payload")]
    [InlineData("--workers")]
    public async Task A_server_with_full_sockets_ends_when_it_is_told_to(string option)
    {
        string folder = TemporaryFolder.Create("blocked");
        File.Copy(await FilmFactory.GetAsync("large-frames.mp4"), Path.Combine(folder, "film.mp4"));
        string[] options = option == "--workers" ? ["--workers", "2"] : [option];
        await using MapwireServer server =
            await MapwireServer.StartAsync(folder, [.. options, "--max-buffer", "86400", "--send-buffer", "4096"]);
        List<RtmpPlayer> players = [];
        for (int i = 0; i < 4; i++)
        {
            RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port, receiveBuffer: 4096);
            await player.SetBufferAsync(TimeSpan.FromSeconds(3600));
            await player.PlayAsync("film.mp4");
            await player.UntilAsync(static message => message.StatusCode == "NetStream.Play.Start");
            players.Add(player); // and it reads no more
        }

        await server.EndAsync();
        foreach (RtmpPlayer player in players)
        {
            await player.DisposeAsync();
        }
    }

    [Fact]
    public async Task Two_end_points_and_both_families_are_served()
    {
        string folder = TemporaryFolder.Create("families");
        File.Copy(await FilmFactory.GetAsync(Film), Path.Combine(folder, Film));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--rtmp", "[::]:0");
        int[] ports = [.. System.Text.RegularExpressions.Regex.Matches(server.Process.Output, @"Listening on rtmp://\S+:(\d+)/vod")
            .Select(static match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(2, ports.Distinct().Count());
        foreach (int port in ports)
        {
            await using RtmpPlayer player = await RtmpPlayer.WatchAsync(port, Film); // 127.0.0.1
            await player.UntilAsync(static message => message.Packet is not null);
        }

        using TcpClient six = new(AddressFamily.InterNetworkV6);
        await six.ConnectAsync("::1", ports[1]);
        using CancellationTokenSource timeout = new(RtmpPlayer.Patience);
        await RtmpPlayer.ShakeHandsAsync(six.GetStream(), timeout.Token);
    }

    private static async Task<RtmpPlayer> EventuallyAsync(int port)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return await RtmpPlayer.ConnectAsync(port);
            }
            catch (Exception exception) when (attempt < 50 && exception is IOException or EndOfStreamException or Xunit.Sdk.XunitException)
            {
                await Task.Delay(100);
            }
        }
    }

    private static IEnumerable<string> RowsOf(Type tests, string method) => tests.GetMethod(method)!
        .GetCustomAttributes(typeof(InlineDataAttribute), inherit: false).Cast<InlineDataAttribute>()
        .SelectMany(static row => row.Data)
        .SelectMany(static data => data is string[] words ? words : ((string)data!).Split(' '))
        .Where(static word => word.StartsWith("--", StringComparison.Ordinal));

    /// <summary>Connects, and shakes hands if the server lets it.</summary>
    private static async Task<bool> IsLetInAsync(string address, int port)
    {
        using TcpClient client = await FromAsync(address, port);
        try
        {
            using CancellationTokenSource timeout = new(RtmpPlayer.Patience);
            await RtmpPlayer.ShakeHandsAsync(client.GetStream(), timeout.Token);
            return true;
        }
        catch (Exception exception) when (exception is IOException or EndOfStreamException)
        {
            return false;
        }
    }

    private static async Task<TcpClient> FromAsync(string address, int port)
    {
        TcpClient client = new(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(address), 0));
        await client.ConnectAsync("127.0.0.1", port);
        return client;
    }

    /// <summary>Connects and reads to the end that the server makes at once.</summary>
    private static async Task<int> EndsAsync(string address, int port)
    {
        using TcpClient client = await FromAsync(address, port);
        try
        {
            return await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(RtmpPlayer.Patience);
        }
        catch (IOException)
        {
            return 0; // reset
        }
    }
}
