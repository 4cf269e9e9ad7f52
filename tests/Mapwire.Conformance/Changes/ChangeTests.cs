using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Changes;

/// <summary>
/// A film's file is changed while 50 players watch it. The process lives; every player gets the old film to its end or a
/// clean end before it, and never a byte of anything else; whoever comes next gets what is there then.
/// </summary>
public sealed class ChangeTests
{
    private const int Players = 50;

    private static readonly string[] CleanEnds = ["NetStream.Play.Stop", "NetStream.Play.StreamNotFound", "NetStream.Play.Failed"];

    private enum End
    {
        /// <summary>Play.Complete, Play.Stop and Stream EOF, with every packet.</summary>
        Whole,

        /// <summary>Told that it is over, before everything came.</summary>
        Told,

        /// <summary>The connection was closed: a message had begun and its bytes are gone.</summary>
        Closed,
    }

    [Fact]
    public async Task Truncated() => await ChangeAsync(path => Truncate(path, 4096), newFilm: false, mayPlayOn: false);

    [Fact]
    public async Task Truncated_to_nothing() => await ChangeAsync(path => Truncate(path, 0), newFilm: false, mayPlayOn: false);

    [Fact]
    public async Task Overwritten_in_place() => await ChangeAsync(path => Overwrite(path, NewFilm), newFilm: true, mayPlayOn: false);

    [Fact]
    public async Task Overwritten_in_place_with_a_file_of_the_same_length() =>
        await ChangeAsync(
            path =>
            {
                byte[] noise = new byte[new FileInfo(path).Length];
                new Random(7).NextBytes(noise);
                using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                file.Write(noise);
            },
            newFilm: false,
            mayPlayOn: false);

    [Fact]
    public async Task Replaced() =>
        await ChangeAsync(
            path =>
            {
                File.Copy(NewFilm, path + ".new");
                File.Move(path + ".new", path, overwrite: true);
            },
            newFilm: true,
            mayPlayOn: true);

    [Fact]
    public async Task Deleted() => await ChangeAsync(File.Delete, newFilm: false, mayPlayOn: true);

    [Fact]
    public async Task Changed_again_and_again()
    {
        string folder = TemporaryFolder.Create("again");
        string path = Path.Combine(folder, "film.mp4");
        string[] films =
            [await FilmFactory.GetAsync("moov-first.mp4"), await FilmFactory.GetAsync("mono.mp4"),
            await FilmFactory.GetAsync("large-frames.mp4")];
        HashSet<string> known =
            [.. (await Task.WhenAll(films.Select(film => Ffprobe.ReadAsync(film)))).SelectMany(film => film.Packets)
                .Select(packet => packet.Hash)];
        File.Copy(films[0], path);
        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        using CancellationTokenSource over = new();

        Task[] players = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
                await player.PlayAsync("film.mp4");
                await player.ListenAsync(TimeSpan.FromMilliseconds(300));

                // An overwrite in place cannot be told from the old film until its time of change is seen, so a packet may be torn;
                // after a replacement none is.
                Assert.All(player.Heard.Select(message => message.Packet).OfType<Packet>(), packet => Assert.Contains(packet.Hash, known));
            }
        }))];
        for (int round = 0; round < 60; round++)
        {
            string next = path + ".next";
            File.Copy(films[round % films.Length], next);
            File.Move(next, path, overwrite: true);
            if (round % 10 == 9)
            {
                File.Delete(path);
            }

            await Task.Delay(50);
        }

        await over.CancelAsync();
        await Task.WhenAll(players);
        File.Copy(films[0], path, overwrite: true);
        await PlaysAsync(server, films[0]);
    }

    private static string NewFilm { get; } = FilmFactory.GetAsync("mono.mp4").GetAwaiter().GetResult();

    private static async Task ChangeAsync(Action<string> change, bool newFilm, bool mayPlayOn)
    {
        string folder = TemporaryFolder.Create("change");
        string path = Path.Combine(folder, "film.mp4");
        File.Copy(await FilmFactory.GetAsync("large-frames.mp4"), path); // 13 MB: more than sockets and page readahead hide
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(folder, "other.mp4"));
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(path));
        await using MapwireServer server = await MapwireServer.StartAsync(folder);

        await using RtmpPlayer bystander = await RtmpPlayer.ConnectAsync(server.Port);
        await bystander.SetBufferAsync(TimeSpan.FromMilliseconds(200));
        await bystander.PlayAsync("other.mp4");
        Task bystanding = bystander.ToTheEndAsync();

        int waiting = Players;
        TaskCompletionSource watching = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<End>[] ends =
            [.. Enumerable.Range(0, Players).Select(i => Task.Run(() => WatchAsync(server, expected, i, Begun, changed.Task)))];
        await Task.WhenAny(watching.Task, Task.WhenAll(ends)).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(watching.Task.IsCompleted, $"{waiting} players did not begin"); // else one of them threw
        change(path);
        changed.SetResult();

        End[] all = await Task.WhenAll(ends).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(server.Process.HasExited, server.Process.Said);
        if (!mayPlayOn)
        {
            Assert.Contains(all, end => end != End.Whole); // else nothing was tried
        }
        else
        {
            Assert.DoesNotContain(End.Closed, all);
        }

        await bystanding;
        Expectation.Same(
            Expectation.Of(await Ffprobe.ReadAsync(Path.Combine(folder, "other.mp4"))),
            bystander.Film,
            "the player of another film");

        if (newFilm)
        {
            await PlaysAsync(server, NewFilm);
        }
        else
        {
            await using RtmpPlayer late = await RtmpPlayer.ConnectAsync(server.Port);
            await late.PlayAsync("film.mp4");
            Message status = await late.UntilAsync(message => message.Name == "onStatus");
            Assert.Contains(status.StatusCode, CleanEnds);
            Assert.NotEqual("NetStream.Play.Start", status.StatusCode);
        }

        void Begun()
        {
            if (Interlocked.Decrement(ref waiting) == 0)
            {
                watching.SetResult();
            }
        }
    }

    /// <summary>Reads slowly, so that most of the film is still to be sent when the file changes.</summary>
    private static async Task<End> WatchAsync(MapwireServer server, Recording expected, int index, Action begun, Task changed)
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port, receiveBuffer: 16 * 1024);
        await player.SetBufferAsync(TimeSpan.FromSeconds(index % 2 == 0 ? 30 : 0.5));
        await player.PlayAsync("film.mp4");
        await player.UntilAsync(message => message.Packet is not null, TimeSpan.FromSeconds(20));
        begun();
        await changed.WaitAsync(TimeSpan.FromSeconds(30));

        End end = End.Closed;
        while (await player.NextAsync(TimeSpan.FromSeconds(15)) is { } message)
        {
            if (message.Event == 1)
            {
                end = player.Heard.Exists(heard => heard.StatusCode == "NetStream.Play.Complete") ? End.Whole : End.Told;
                break;
            }
        }

        Packet[] packets = [.. player.Heard.Select(message => message.Packet).OfType<Packet>()];
        foreach (string kind in (string[])["video", "audio"])
        {
            string[] came = [.. packets.Where(packet => packet.Kind == kind).Select(packet => packet.Hash)];
            string[] film = [.. expected.Of(kind).Select(packet => packet.Hash)];

            // Whatever came whole is the old film from its beginning; the last message may hold what lay in the file by then.
            int whole = Math.Max(0, came.Length - 1);
            Assert.Equal(film.Take(whole), came.Take(whole));
            if (end == End.Whole)
            {
                Assert.Equal(film.Length, came.Length);
            }
        }

        return end;
    }

    private static async Task PlaysAsync(MapwireServer server, string film)
    {
        Recording actual = await Ffprobe.ReadAsync(server.Address("film.mp4"), "-rtmp_buffer", "60000");
        Expectation.Same(Expectation.Of(await Ffprobe.ReadAsync(film)), actual, "the new film");
    }

    private static void Truncate(string path, long length)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(length);
    }

    private static void Overwrite(string path, string with)
    {
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        file.Write(File.ReadAllBytes(with));
    }
}
