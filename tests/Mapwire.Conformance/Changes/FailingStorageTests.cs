using System.Diagnostics;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Native;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Changes;

/// <summary>Storage that fails, dies or hangs while a film of it plays, on the worker of a viewer of another film.</summary>
public sealed class FailingStorageTests : IAsyncLifetime
{
    private const int Frames = 20 * 25;

    /// <summary>A film of a steady rate, made once for all of these tests.</summary>
    private static readonly Lazy<Task<string>> Film = new(MakeFilmAsync);

    private readonly string _folder = TemporaryFolder.Create("failing");
    private SlowFolder? _storage;
    private MapwireServer _server = null!;
    private RtmpPlayer _good = null!;
    private RtmpPlayer _failing = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && SlowFolder.IsPossible, "There is no /dev/fuse here that may be opened.");
        string film = await Film.Value;
        File.Copy(film, Path.Combine(_folder, "good.mp4"));
        string mount = Directory.CreateDirectory(Path.Combine(_folder, "slow")).FullName;
        _storage = await SlowFolder.MountAsync(Path.GetDirectoryName(film)!, mount);
        _server = await MapwireServer.StartAsync(_folder, "--workers", "1");
        _good = await PlayingAsync(_server, "good.mp4");
        _failing = await PlayingAsync(_server, "slow/film.mp4");
    }

    public async ValueTask DisposeAsync()
    {
        if (_storage is not null)
        {
            await _storage.SayAsync("ok");
            await _failing.DisposeAsync();
            await _good.DisposeAsync();
            await _server.DisposeAsync();
            await _storage.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("eio")]
    [InlineData("dead")]
    public async Task Storage_that_begins_to_fail_ends_its_viewer_with_the_reason_and_nobody_else(string word)
    {
        Task<TimeSpan> good = ToTheEndAsync(_good);
        await _storage!.SayAsync(word);
        Message stop = await _failing.StatusAsync("NetStream.Play.Stop", TimeSpan.FromSeconds(15));
        Assert.Contains("the file can no longer be read", stop.StatusDescription, StringComparison.Ordinal);
        await _failing.PlayAsync("good.mp4"); // the connection is as good as before
        await _failing.StatusAsync("NetStream.Play.Start");
        Assert.True(await good < TimeSpan.FromSeconds(5), "the other viewer stood still");
        Assert.DoesNotContain("unhandled exception", _server.Process.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hang")]
    [InlineData("silent")]
    public async Task Storage_that_hangs_delays_its_own_viewer_alone_which_goes_on_when_it_answers(string word)
    {
        Task<TimeSpan> good = ToTheEndAsync(_good);
        Task<TimeSpan> hanging = ToTheEndAsync(_failing);
        await _storage!.SayAsync(word);
        await Task.Delay(TimeSpan.FromSeconds(12)); // longer than an opening may take, and less than a viewer waits
        await _storage.SayAsync("ok");
        Assert.True(await hanging > TimeSpan.FromSeconds(2), "its own viewer was not delayed: nothing hung");
        Assert.True(await good < TimeSpan.FromSeconds(5), "the other viewer stood still");
    }

    [Theory]
    [InlineData("hang")]
    [InlineData("silent")]
    public async Task Storage_that_hangs_for_longer_than_the_limit_ends_its_viewer_with_the_reason(string word)
    {
        await using MapwireServer server = await MapwireServer.StartAsync(_folder, "--storage-timeout", "2");
        await using RtmpPlayer player = await PlayingAsync(server, "slow/film.mp4");
        await _storage!.SayAsync(word);
        try
        {
            Stopwatch clock = Stopwatch.StartNew();
            Message stop = await player.StatusAsync("NetStream.Play.Stop", TimeSpan.FromSeconds(60));
            Assert.True(clock.Elapsed > TimeSpan.FromSeconds(1), $"it was given up after {clock.Elapsed}");
            Assert.Contains(
                "the file can no longer be read: reading took more than the limit of 2 s (--storage-timeout): "
                + "the file system does not answer",
                stop.StatusDescription, StringComparison.Ordinal);
            await player.PlayAsync("good.mp4"); // the connection is as good as before
            await player.StatusAsync("NetStream.Play.Start");
        }
        finally
        {
            await _storage.SayAsync("ok"); // a server that hangs in a read cannot end, and would be waited for
        }
    }

    private static async Task<string> MakeFilmAsync()
    {
        string film = Path.Combine(TemporaryFolder.Create("films"), "film.mp4");
        await FilmFactory.EncodeAsync(
            "-f lavfi -i testsrc2=size=320x240:rate=25 -f lavfi -i sine=440 -t 20 -c:v libx264 -preset ultrafast -g 50 -pix_fmt yuv420p "
            + "-b:v 1900k -minrate 1900k -maxrate 1900k -bufsize 1900k -x264-params nal-hrd=cbr:force-cfr=1 -c:a aac -b:a 64k "
            + "-movflags faststart",
            film);
        return film;
    }

    /// <summary>Watches all that is left.</summary>
    /// <returns>The longest time without a packet.</returns>
    private static async Task<TimeSpan> ToTheEndAsync(RtmpPlayer player)
    {
        TimeSpan longest = TimeSpan.Zero;
        long last = Stopwatch.GetTimestamp();
        bool isOver = false;
        while (!isOver)
        {
            await player.UntilAsync(message => message.Packet is not null || (isOver = message.StatusCode == "NetStream.Play.Stop"),
                TimeSpan.FromSeconds(60));
            TimeSpan gap = Stopwatch.GetElapsedTime(last);
            longest = gap > longest ? gap : longest;
            last = Stopwatch.GetTimestamp();
        }

        Assert.Equal(Frames, player.Film.Packets.Count(static packet => packet.Kind == "video"));
        return longest;
    }

    private static async Task<RtmpPlayer> PlayingAsync(MapwireServer server, string name)
    {
        RtmpPlayer player = await RtmpPlayer.WatchAsync(server.Port, name, TimeSpan.FromSeconds(1));
        await player.UntilAsync(static message => message.Packet is not null);
        return player;
    }
}
