using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Refusals;

/// <summary>Nothing outside the folder is ever served, by whatever spelling it is asked for.</summary>
public sealed class OutsideTests : IAsyncLifetime
{
    private readonly string _house = TemporaryFolder.Create("house");
    private MapwireServer? _server;

    public static TheoryData<string, string> Spellings() => new()
    {
        { "vod", "../secret.mp4" },
        { "vod", "mp4:../secret.mp4" },
        { "vod", "mp4:../vod/film.mp4" }, // it would come back in; that it leaves is enough
        { "vod", "sub/../../secret.mp4" },
        { "vod", "./../secret.mp4" },
        { "vod/_definst_", "../secret.mp4" },
        { "vod", "_definst_/../../secret.mp4" },
        { "vod", "mp4:../secret.mp4" },
        { "vod", "%2e%2e/secret.mp4" },
        { "vod", "%2e%2e%2fsecret.mp4" },
        { "vod", "%252e%252e%252fsecret.mp4" },
        { "vod", "..%2fsecret.mp4" },
        { "vod", "..\\secret.mp4" },
        { "vod", "..%5csecret.mp4" },
        { "vod", "ABSOLUTE" },
        { "vod", "mp4:ABSOLUTE" },
        { "vod", "/ABSOLUTE" },
        { "vod", "file:ABSOLUTE" },
        { "vod", "film.mp4\0" },
        { "vod", "../secret.mp4\0film.mp4" },
        { "vod", "film%00.mp4" },
        { "vod", "link-out.mp4" },
        { "vod", "folder-out/secret.mp4" },
        { "vod", "link-to-link.mp4" },
        { "vod", ".hidden.mp4" },
        { "vod", "notes.txt" },
        { "vod", "" },
        { "vod", "mp4:" },
        { "vod/..", "secret.mp4" },
        { "vod/../house", "secret.mp4" },
        { "vod/%2e%2e", "secret.mp4" },
        { "vod", "C:\\secret.mp4" },
        { "vod", "\\\\server\\share\\secret.mp4" },
    };

    public async ValueTask InitializeAsync()
    {
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        string folder = Directory.CreateDirectory(Path.Combine(_house, "vod")).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        string outside = Directory.CreateDirectory(Path.Combine(_house, "outside")).FullName;
        foreach (string copy in (string[])["secret.mp4", "outside/secret.mp4", "vod/film.mp4", "vod/.hidden.mp4", "vod/notes.txt",
            "vod/sub/film.mp4"])
        {
            File.Copy(film, Path.Combine(_house, copy));
        }

        File.CreateSymbolicLink(Path.Combine(folder, "link-out.mp4"), Path.Combine(_house, "secret.mp4"));
        File.CreateSymbolicLink(Path.Combine(folder, "link-to-link.mp4"), "sub/link.mp4");
        File.CreateSymbolicLink(Path.Combine(folder, "sub", "link.mp4"), "../../secret.mp4");
        File.CreateSymbolicLink(Path.Combine(folder, "link-in.mp4"), "sub/film.mp4");
        Directory.CreateSymbolicLink(Path.Combine(folder, "folder-out"), outside);
        _server = await MapwireServer.StartAsync(folder, "--live-play-wait", "0");
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task No_spelling_leads_out()
    {
        foreach (TheoryDataRow<string, string> spelling in Spellings())
        {
            (string application, string name) = spelling.Data;
            await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(_server!.Port, application);
            await player.PlayAsync(name.Replace("ABSOLUTE", Path.Combine(_house, "secret.mp4"), StringComparison.Ordinal));
            Message status = await player.UntilAsync(message => message.Name == "onStatus");
            Assert.True(status.StatusCode == "NetStream.Play.StreamNotFound", $"{application} {name}: {status}");
            if (!name.Contains("ABSOLUTE", StringComparison.Ordinal))
            {
                Assert.DoesNotContain(_house, status.StatusDescription, StringComparison.Ordinal); // it does not tell where things lie
            }
        }
    }

    [Theory]
    [InlineData("vod", "film.mp4")]
    [InlineData("vod", "mp4:film")]
    [InlineData("vod", "sub/film.mp4")]
    [InlineData("vod/sub", "film.mp4")]
    [InlineData("vod/sub", "mp4:film")]
    [InlineData("vod", "sub//film.mp4")]
    [InlineData("vod", "fil%6d.mp4")]
    [InlineData("vod", "link-in.mp4")]
    [InlineData("vod/", "film.mp4")]
    [InlineData("vod", "film.mp4?token=1")]
    public async Task What_lies_inside_is_served_by_every_usual_spelling(string application, string name)
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(_server!.Port, application);
        await player.PlayAsync(name);
        await player.StatusAsync("NetStream.Play.Start");
        await player.UntilAsync(message => message.Packet is not null);
    }

    [Fact]
    public async Task A_path_of_many_dots_gets_an_answer()
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(_server!.Port);
        await player.PlayAsync(string.Concat(Enumerable.Repeat("../", 2000)) + "etc/film.mp4");
        await RefusalTests.RefusedAsync(player);
        await player.PlayAsync("film.mp4");
        await player.StatusAsync("NetStream.Play.Start");
    }
}
