using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Native;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary>Folders of titles, listed as JSON for those who were allowed to see them.</summary>
public sealed class FolderListTests
{
    [Fact]
    public async Task A_folder_that_is_named_as_a_film_has_films_and_a_list()
    {
        string folder = TemporaryFolder.Create("named");
        Directory.CreateDirectory(Path.Combine(folder, "dir.mp4"));
        string film = await FilmFactory.GetAsync("plain.mp4");
        File.Copy(film, Path.Combine(folder, "dir.mp4", "in.mp4"));
        File.Copy(film, Path.Combine(folder, "film.mp4"));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--list");
        using HttpClient client = new();
        JsonNode root = await ReadAsync(client, server.WebAddress(""));
        Assert.Equal("dir.mp4/", root["folders"]![0]!["url"]!.GetValue<string>());
        JsonNode sub = await ReadAsync(client, server.WebAddress("") + "dir.mp4/");
        Assert.Equal(["in.mp4"], Names(sub["titles"]!));
        Assert.Equal(await File.ReadAllBytesAsync(film), await client.GetByteArrayAsync(server.WebAddress("") + "dir.mp4/in.mp4"));
        Assert.StartsWith(
            "#EXTM3U", await client.GetStringAsync(server.WebAddress("") + "dir.mp4/in.mp4/index.m3u8"), StringComparison.Ordinal);
        using HttpResponseMessage page = await client.GetAsync(server.WebAddress("") + "film.mp4/");
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        using HttpResponseMessage nothing = await client.GetAsync(server.WebAddress("") + "film.mp4/in.mp4");
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
        using HttpResponseMessage nowhere = await client.GetAsync(server.WebAddress("") + "nowhere.mp4/");
        Assert.Contains("no title nowhere.mp4", await nowhere.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_lists_its_titles_and_folders_and_nothing_else()
    {
        string folder = TemporaryFolder.Create("listed");
        string film = await FilmFactory.GetAsync("plain.mp4");
        string[] names = ["a film ü.mp4", "100%.mp4", "b.flv", "list.m3u8", "q?&\"#.mp4"];
        foreach (string name in names)
        {
            File.Copy(film, Path.Combine(folder, name));
        }

        File.WriteAllText(Path.Combine(folder, "notes.txt"), "");
        File.WriteAllText(Path.Combine(folder, ".hidden.mp4"), "");
        Directory.CreateDirectory(Path.Combine(folder, "sub dir", "deeper"));
        Directory.CreateDirectory(Path.Combine(folder, ".secret"));
        File.Copy(film, Path.Combine(folder, "sub dir", "c.mp4"));
        string outside = TemporaryFolder.Create("outside");
        File.CreateSymbolicLink(Path.Combine(folder, "out"), outside);
        File.CreateSymbolicLink(Path.Combine(folder, "out.mp4"), film);
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--list");
        using HttpClient client = new();

        JsonNode root = await ReadAsync(client, server.WebAddress(""));
        Assert.Equal(["100%.mp4", "a film ü.mp4", "b.flv", "list.m3u8", "q?&\"#.mp4"], Names(root["titles"]!));
        Assert.Equal(["sub dir"], Names(root["folders"]!));
        Assert.True(root["complete"]!.GetValue<bool>());
        foreach (JsonNode? title in root["titles"]!.AsArray())
        {
            Uri address = new(new Uri(server.WebAddress("")), title!["url"]!.GetValue<string>());
            using HttpResponseMessage head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, address));
            Assert.Contains(head.StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity]);
        }

        Uri below = new(new Uri(server.WebAddress("")), root["folders"]![0]!["url"]!.GetValue<string>());
        JsonNode sub = await ReadAsync(client, below.ToString());
        Assert.Equal(["c.mp4"], Names(sub["titles"]!));
        Assert.Equal(["deeper"], Names(sub["folders"]!));
        Assert.Null(sub["titles"]![0]!["duration"]); // nothing is opened to be listed
        using (await client.GetAsync(new Uri(below, "c.mp4")))
        {
            sub = await ReadAsync(client, below.ToString());
            Assert.InRange(sub["titles"]![0]!["duration"]!.GetValue<double>(), 0.5, 60);
        }

        foreach (string path in (string[])["out/", "nowhere/", ".secret/", "b.flv/x/"])
        {
            using HttpResponseMessage answer = await client.GetAsync(server.WebAddress("") + path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Nothing_is_listed_where_nobody_said_so()
    {
        await FilmFactory.GetAsync("plain.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder);
        using HttpClient client = new();
        using HttpResponseMessage answer = await client.GetAsync(server.WebAddress(""));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task A_folder_of_very_many_titles_is_cut_with_a_reason()
    {
        string folder = TemporaryFolder.Create("many");
        for (int i = 0; i < 10_005; i++)
        {
            File.WriteAllText(Path.Combine(folder, $"{i}.mp4"), "");
        }

        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--list");
        using HttpClient client = new();
        JsonNode root = await ReadAsync(client, server.WebAddress(""));
        Assert.Equal(10_000, root["titles"]!.AsArray().Count);
        Assert.False(root["complete"]!.GetValue<bool>());
        Assert.Contains("10000", root["reason"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_hangs_is_refused_in_time_and_the_others_are_listed_and_play_beside_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && SlowFolder.IsPossible, "There is no /dev/fuse here that may be opened.");
        string film = await FilmFactory.GetAsync("plain.mp4");
        string films = TemporaryFolder.Create("list-films");
        string folder = TemporaryFolder.Create("list-hangs");
        File.Copy(film, Path.Combine(films, "slow.mp4"));
        File.Copy(film, Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "good")).FullName, "film.mp4"));
        await using SlowFolder storage =
            await SlowFolder.MountAsync(films, Directory.CreateDirectory(Path.Combine(folder, "slow")).FullName);
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--list", "--limit-opening-time", "8", "--workers", "1");
        using HttpClient client = new();
        string root = server.WebAddress("");
        try
        {
            Assert.Equal(["slow.mp4"], Names((await ReadAsync(client, root + "slow/"))["titles"]!));
            await storage.SayAsync("silent");
            await Task.Delay(TimeSpan.FromSeconds(2)); // the kernel believes what it was told for a second
            Stopwatch clock = Stopwatch.StartNew();
            Task<HttpResponseMessage>[] asked = [.. Enumerable.Range(0, 20).Select(_ => client.GetAsync(root + "slow/"))];
            Task<HttpResponseMessage> above = client.GetAsync(root);
            Assert.Equal(["film.mp4"], Names((await ReadAsync(client, root + "good/"))["titles"]!));
            Assert.Equal(await File.ReadAllBytesAsync(film), await client.GetByteArrayAsync(server.WebAddress("good/film.mp4")));
            Assert.All(asked, task => Assert.False(task.IsCompleted, $"another folder took {clock.Elapsed}"));
            foreach (HttpResponseMessage answer in await Task.WhenAll(asked))
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                Assert.Contains("does not answer", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }

            // It lies in the folder above, which is listed without a look at it, or refused as well.
            Assert.Contains((await above).StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(24), $"the refusals took {clock.Elapsed}");
            clock.Restart();
            using HttpResponseMessage again = await client.GetAsync(root + "slow/");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, again.StatusCode);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(7.9), $"who comes while it hangs is told at once, not after {clock.Elapsed}");
        }
        finally
        {
            await storage.SayAsync("ok"); // a server that hangs in a call cannot end
        }

        for (Stopwatch clock = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            using HttpResponseMessage answer = await client.GetAsync(root + "slow/");
            if (answer.IsSuccessStatusCode)
            {
                break;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "the folder answers again, and is not listed");
        }

        Assert.Equal(["slow"], Names((await ReadAsync(client, root))["folders"]!).Where(static name => name == "slow"));
    }

    private static async Task<JsonNode> ReadAsync(HttpClient client, string address)
    {
        using HttpResponseMessage answer = await client.GetAsync(address);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    private static string[] Names(JsonNode list) => [.. list.AsArray().Select(static one => one!["name"]!.GetValue<string>())];
}
