using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary>Files by HTTP as curl and ffmpeg read them, and what happens to them while they are read.</summary>
public sealed class FileTests(ServedFilms films)
{
    private const string Film = "moov-first.mp4";

    [Fact]
    public async Task Curl_is_given_the_file_as_it_lies_on_the_disk()
    {
        string path = await FilmFactory.GetAsync(Film);
        string copy = Path.Combine(TemporaryFolder.Create("curl"), "copy.mp4");
        await Tool.SucceedAsync("curl", ["-sS", "--fail", "-o", copy, (await films.Server).WebAddress(Film)]);
        Assert.Equal(await File.ReadAllBytesAsync(path), await File.ReadAllBytesAsync(copy));
        ToolResult part = await Tool.SucceedAsync(
            "curl", ["-sS", "-r", "10-19", "-o", copy, "-w", "%{http_code} %{size_download}", (await films.Server).WebAddress(Film)]);
        Assert.Equal("206 10", part.Output);
        Assert.Equal((await File.ReadAllBytesAsync(path))[10..20], await File.ReadAllBytesAsync(copy));
    }

    [Fact]
    public async Task Ffmpeg_reads_a_film_by_ranges()
    {
        string path = await FilmFactory.GetAsync(Film);
        Recording file = await Ffprobe.ReadAsync(path);
        Recording web = await Ffprobe.ReadAsync((await films.Server).WebAddress(Film));
        Assert.Empty(Expectation.Differences(file, web, from: 0));
    }

    [Fact]
    public async Task Names_in_any_script_are_percent_encoded_once()
    {
        string folder = TemporaryFolder.Create("scripts");
        string[] names = ["日本語 é.mp4", "100%.mp4", "a%20b.mp4", "a+b&c=d?.mp4", "sub folder/ünïcode.mp4"];
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        foreach (string name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, name))!);
            File.Copy(film, Path.Combine(folder, name));
        }

        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        using HttpClient client = new();
        foreach (string name in names)
        {
            Assert.Equal(await File.ReadAllBytesAsync(film), await client.GetByteArrayAsync(server.WebAddress(name)));
        }

        using HttpResponseMessage twice = await client.GetAsync(server.WebAddress("a b.mp4"));
        Assert.Equal(HttpStatusCode.NotFound, twice.StatusCode);
    }

    [Theory]
    [InlineData("truncated", "the file changed")]
    [InlineData("overwritten", "the file changed")]
    public async Task A_film_that_changes_under_its_readers_cuts_their_bodies_within_two_seconds(string how, string reason)
    {
        const int Readers = 50;
        string folder = TemporaryFolder.Create("cut");
        string path = Path.Combine(folder, "film.mp4");
        byte[] film = Lengthen(await File.ReadAllBytesAsync(await FilmFactory.GetAsync("moov-first.mp4")), 32 << 20);
        await File.WriteAllBytesAsync(path, film);
        File.Copy(path, Path.Combine(folder, "other.mp4"));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-address-connects", "0");
        using CountdownEvent begun = new(Readers + 1);
        Task<byte[]>[] readers = [.. Enumerable.Range(0, Readers).Select(_ => ReadSlowlyAsync(server.HttpPort, "film.mp4", begun))];
        Task<byte[]> other = ReadSlowlyAsync(server.HttpPort, "other.mp4", begun);
        Assert.True(await Task.Run(() => begun.Wait(TimeSpan.FromSeconds(30))));
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(0);
            if (how == "overwritten")
            {
                await file.WriteAsync(new byte[film.Length]);
            }
        }

        DateTime changed = DateTime.UtcNow;
        foreach (byte[] read in await Task.WhenAll(readers))
        {
            Assert.InRange(read.Length, 1, film.Length - 1);
            Assert.True(film.AsSpan(0, read.Length).SequenceEqual(read), "other bytes than the film's");
        }

        await server.Process.HearsAsync(new Regex($"ended: {reason}|close: SourceLost"));
        MatchCollection ends = Regex.Matches(server.Process.Said, @"^(\S+) info: \S+ close: SourceLost", RegexOptions.Multiline);
        Assert.Equal(Readers, ends.Count);
        Assert.All(ends, end => Assert.True(
            DateTime.Parse(end.Groups[1].Value, null, System.Globalization.DateTimeStyles.AdjustToUniversal) - changed
            < TimeSpan.FromSeconds(2), end.Value));
        byte[] whole = await other;
        Assert.True(film.AsSpan().SequenceEqual(whole), "a reader of another film lost something");
    }

    [Fact]
    public async Task A_port_that_nobody_asked_for_is_done_without_and_one_that_was_is_not()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        string taken = other.LocalEndpoint.ToString()!;
        await using (ServerProcess asked = ServerProcess.Start(
            MapwireServer.Program, ["serve", "--rtmp", "127.0.0.1:0", "--http", taken]))
        {
            Assert.Equal(1, await asked.EndsAsync(TimeSpan.FromSeconds(20)));
            await Task.Delay(50);
            Assert.Contains(taken, asked.Errors, StringComparison.Ordinal);
        }

        using Socket port = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            port.Bind(new IPEndPoint(IPAddress.Any, 8080));
            port.Listen();
        }
        catch (SocketException)
        {
            // taken by another program: as well
        }

        await using ServerProcess process = ServerProcess.Start(MapwireServer.Program, ["serve", "--rtmp", "127.0.0.1:0"]);
        await process.HearsAsync(new Regex(@"HTTP is not served: cannot listen on 0\.0\.0\.0:8080: "));
        await process.HearsAsync(new Regex(@"1 title in "));
        Assert.DoesNotContain("http://", process.Output, StringComparison.Ordinal);
        await process.SignalAsync("TERM");
        Assert.Equal(0, await process.EndsAsync(MapwireServer.EndPatience));
    }

    [Fact]
    public async Task A_server_without_http_listens_for_none()
    {
        await using ServerProcess process = ServerProcess.Start(
            MapwireServer.Program, ["serve", "--rtmp", "127.0.0.1:0", "--http", "none"]);
        await process.HearsAsync(new Regex(@"1 title in "));
        Assert.DoesNotContain("http://", process.Said, StringComparison.Ordinal);
    }

    /// <summary>A film and a box behind it of what nobody plays.</summary>
    private static byte[] Lengthen(byte[] film, int length)
    {
        byte[] free = new byte[length];
        new Random(5).NextBytes(free);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(free, length);
        "free"u8.CopyTo(free.AsSpan(4));
        return [.. film, .. free];
    }

    /// <summary>Reads a body by and by, up to whatever end it has.</summary>
    private static async Task<byte[]> ReadSlowlyAsync(int port, string title, CountdownEvent begun)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 64 * 1024 };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /vod/{title} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
        using MemoryStream wire = new();
        byte[] buffer = new byte[256 * 1024];
        while (true)
        {
            int count;
            try
            {
                count = await socket.ReceiveAsync(buffer);
            }
            catch (SocketException)
            {
                break; // reset: an end as well
            }

            if (count == 0)
            {
                break;
            }

            if (wire.Length < 64 * 1024 && wire.Length + count >= 64 * 1024)
            {
                begun.Signal();
            }

            wire.Write(buffer, 0, count);
            await Task.Delay(20);
        }

        byte[] bytes = wire.ToArray();
        return bytes[(bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4)..];
    }
}
