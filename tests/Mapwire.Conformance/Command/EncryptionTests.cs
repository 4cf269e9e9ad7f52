using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Command;

/// <summary><c>mapwire certificate</c>, and <c>serve --rtmps</c> with what it made.</summary>
public sealed class EncryptionTests
{
    private readonly string _keys = TemporaryFolder.Create("keys");

    [Theory]
    [InlineData("moov-first.mp4")]
    [InlineData("large-frames.mp4")]
    public async Task Ffmpeg_reads_a_film_encrypted(string name)
    {
        await Tool.SucceedAsync(MapwireServer.Program, ["certificate", _keys]);
        string film = await FilmFactory.GetAsync(name);
        await using ServerProcess server = Serve(Path.GetDirectoryName(film)!);
        Match line = await server.HearsAsync(new Regex(@"Listening on (rtmps://127\.0\.0\.1:\d+/vod)"));
        Recording seen = await Ffprobe.ReadAsync($"{line.Groups[1].Value}/{name}", "-rtmp_buffer", "60000");
        Expectation.Same(Expectation.Of(await Ffprobe.ReadAsync(film)), seen, name);
    }

    [Fact]
    public async Task A_key_with_a_password_is_opened_by_the_file_that_has_it()
    {
        const string Password = "open sesame";
        await Tool.SucceedAsync(MapwireServer.Program, ["certificate", _keys]);
        string key = Path.Combine(_keys, "key.pem");
        string[] lockKey =
            ["pkcs8", "-topk8", "-in", key, "-out", key + ".locked", "-passout", $"pass:{Password}", "-v2", "aes-128-cbc", "-iter", "1000"];
        await Tool.SucceedAsync(Tool.Path("openssl"), lockKey);
        File.Move(key + ".locked", key, overwrite: true);
        string password = Path.Combine(_keys, "password.txt");
        await File.WriteAllTextAsync(password, $"{Password}\n", TestContext.Current.CancellationToken);
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        await using ServerProcess server = Serve(Path.GetDirectoryName(film)!, "--certificate-password", password);
        Match line = await server.HearsAsync(new Regex(@"Listening on (rtmps://127\.0\.0\.1:\d+/vod)"));
        Recording seen = await Ffprobe.ReadAsync($"{line.Groups[1].Value}/moov-first.mp4", "-rtmp_buffer", "60000");
        Expectation.Same(Expectation.Of(await Ffprobe.ReadAsync(film)), seen, "a key with a password");

        await File.WriteAllTextAsync(password, "another\n", TestContext.Current.CancellationToken);
        await using ServerProcess refused = Serve(Path.GetDirectoryName(film)!, "--certificate-password", password);
        Assert.Equal(2, await refused.EndsAsync(TimeSpan.FromSeconds(20)));
        Assert.DoesNotContain("another", refused.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_client_ends_alone()
    {
        await Tool.SucceedAsync(MapwireServer.Program, ["certificate", _keys]);
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        await using ServerProcess server = Serve(Path.GetDirectoryName(film)!);
        Match line = await server.HearsAsync(new Regex(@"Listening on rtmps(://127\.0\.0\.1:\d+/vod)"));
        ToolResult plain = await Tool.RunAsync(Tool.Path("ffprobe"), ["-v", "error", $"rtmp{line.Groups[1].Value}/moov-first.mp4"]);
        Assert.NotEqual(0, plain.ExitCode);
        await server.HearsAsync(new Regex("closed by its encryption or wrapping: "));
        await Ffprobe.ReadAsync($"rtmps{line.Groups[1].Value}/moov-first.mp4", "-rtmp_buffer", "60000");
    }

    [Fact]
    public async Task A_client_that_only_changes_its_keys_is_closed_and_others_play_beside_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The flood is a shell's.");
        await Tool.SucceedAsync(MapwireServer.Program, ["certificate", _keys]);
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        await using ServerProcess server = Serve(Path.GetDirectoryName(film)!, "--workers", "1");
        string port = (await server.HearsAsync(new Regex(@"Listening on rtmps://127\.0\.0\.1:(\d+)/vod"))).Groups[1].Value;
        string url = (await server.HearsAsync(new Regex(@"Listening on (rtmp://127\.0\.0\.1:\d+/vod)"))).Groups[1].Value;
        string openssl = Tool.Path("openssl"); // of which each line that is "k" is a message with a new key
        Task<ToolResult> flood = Tool.RunAsync(
            "/bin/sh", ["-c", $"yes k | timeout 40 {openssl} s_client -tls1_3 -connect 127.0.0.1:{port} > /dev/null 2>&1"]);
        await Task.Delay(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken);
        Recording seen = await Ffprobe.ReadAsync($"{url}/moov-first.mp4", "-rtmp_buffer", "60000");
        Expectation.Same(Expectation.Of(await Ffprobe.ReadAsync(film)), seen, "beside a flood");
        await flood;
        await server.HearsAsync(new Regex(@"bytes of TLS in a row say nothing, such as new keys: at most 262144 may"));
    }

    [Fact]
    public async Task A_key_that_is_there_stays_as_it_is()
    {
        foreach (string name in (string[])["key.pem", "cert.pem"])
        {
            string folder = TemporaryFolder.Create("mine");
            string mine = Path.Combine(folder, name);
            await File.WriteAllTextAsync(mine, "mine");
            ToolResult refused = await Tool.RunAsync(MapwireServer.Program, ["certificate", folder]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains(name, refused.Errors, StringComparison.Ordinal);
            Assert.Equal("mine", await File.ReadAllTextAsync(mine));
            Assert.Equal([mine], Directory.GetFiles(folder)); // and nothing half done beside it
        }
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_made()
    {
        string folder = Path.Combine(_keys, "new", "folder");
        await Tool.SucceedAsync(MapwireServer.Program, ["certificate", folder]);
        Assert.True(File.Exists(Path.Combine(folder, "key.pem")));
    }

    [Fact]
    public async Task Nobody_else_may_read_the_key()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The folder's rights count there.");
        await Tool.SucceedAsync(MapwireServer.Program, ["certificate", _keys, "--host", "film.example", "--host", "192.0.2.7"]);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_keys, "key.pem")));
        }

        ToolResult text =
            await Tool.SucceedAsync(Tool.Path("openssl"), ["x509", "-in", Path.Combine(_keys, "cert.pem"), "-noout", "-text"]);
        Assert.Contains("DNS:film.example", text.Output, StringComparison.Ordinal);
        Assert.Contains("IP Address:192.0.2.7", text.Output, StringComparison.Ordinal);
        Assert.Contains("TLS Web Server Authentication", text.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--certificate must name a file: --rtmps needs a certificate", "--rtmps", "127.0.0.1:0")]
    [InlineData("--certificate must name a file: --https needs a certificate", "--https", "127.0.0.1:0")]
    [InlineData("nowhere.pem", "--rtmps", "127.0.0.1:0", "--certificate", "nowhere.pem")]
    [InlineData("--rtmps must be", "--rtmps", "somewhere")]
    public async Task What_is_missing_is_told_in_one_line(string told, params string[] options)
    {
        ToolResult refused = await Tool.RunAsync(
            MapwireServer.Program, ["serve", Path.GetDirectoryName(await FilmFactory.GetAsync("moov-first.mp4"))!, .. options]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(told, refused.Errors, StringComparison.Ordinal);
        Assert.Single(refused.Errors.Trim().Split('\n'));
    }

    private ServerProcess Serve(string folder, params string[] more) => ServerProcess.Start(
        MapwireServer.Program,
        [
            "serve", folder, "--rtmp", "127.0.0.1:0", "--rtmps", "127.0.0.1:0", "--max-buffer", "60",
            "--certificate", Path.Combine(_keys, "cert.pem"), "--key", Path.Combine(_keys, "key.pem"), .. more,
        ]);
}
