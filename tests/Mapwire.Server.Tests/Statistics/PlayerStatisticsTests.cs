using Mapwire.Memory.Sharing;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;
using Xunit;

namespace Mapwire.Server.Tests.Statistics;

/// <summary>
/// What is said of a player, with its clock in the test's hand: moments to come, so that the reader's own clock adds nothing.
/// </summary>
public sealed class PlayerStatisticsTests : IDisposable
{
    private readonly Publication _publication = new();
    private readonly GatherList _list = new();
    private readonly WorkerStatistics _worker;
    private readonly long _start = Environment.TickCount64 + 1_000_000_000;
    private long _bytes;

    public PlayerStatisticsTests() => _worker = _publication.Server.ForWorker(0);

    public void Dispose()
    {
        _list.Dispose();
        _publication.Dispose();
    }

    [Fact]
    public async Task Position_and_lead_follow_the_player()
    {
        (Player player, PlayerStatistics shown) = await PlayAsync();
        PlayerSnapshot seen = Serve(player, shown, 0);
        Assert.Equal(PlayerState.Playing, seen.State);
        Assert.Equal("film.mp4", seen.Title);
        Assert.Equal(TimeSpan.Zero, seen.Position);
        Assert.InRange(seen.BufferLead, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3.1));
        Assert.Equal(_bytes, seen.Bytes);

        seen = Serve(player, shown, 1500);
        Assert.Equal(TimeSpan.FromSeconds(1.5), seen.Position);
        Assert.InRange(seen.BufferLead, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3.1));

        player.OnPause(1, paused: true, 0);
        seen = Serve(player, shown, 9000);
        Assert.Equal(PlayerState.Paused, seen.State);
        Assert.Equal(TimeSpan.FromSeconds(1.5), seen.Position);
        Assert.Equal(0, seen.Stalls);

        player.OnPause(1, paused: false, 0);
        player.OnSeek(1, 12_000);
        seen = Serve(player, shown, 9000);
        Assert.InRange(seen.Position, TimeSpan.FromSeconds(11), TimeSpan.FromSeconds(12));
        Assert.Equal(0, seen.Stalls);
        player.Abandon();
    }

    [Fact]
    public async Task Who_runs_out_of_media_has_stalled_once()
    {
        (Player player, PlayerStatistics shown) = await PlayAsync();
        Serve(player, shown, 0);
        Assert.Equal(0, Serve(player, shown, 2900).Stalls);
        Assert.Equal(1, Serve(player, shown, 2900 + 3500).Stalls);
        Assert.Equal(1, Serve(player, shown, 6500).Stalls);
        Assert.Equal(2, Serve(player, shown, 6500 + 4000).Stalls);
        _worker.EndRound(1, _start);
        Assert.Equal(2, _publication.Read().Stalls);
        Assert.Equal(2, Assert.Single(_publication.Read().Titles).Stalls);
        shown.Leave(_bytes);
        Assert.Equal(2, Assert.Single(_publication.Read().Titles).Stalls);
        player.Abandon();
    }

    [Fact]
    public async Task A_stall_counts_once_for_the_title_in_which_it_was()
    {
        (Player player, PlayerStatistics shown) = await PlayAsync("list.m3u8");
        Serve(player, shown, 0);
        shown.Update(player.Watched, player.Plays, _bytes, isBlocked: false, _start + 3500); // what it has ended at 3 s
        Assert.Equal("other.mp4", Serve(player, shown, 5000).Title);
        shown.Leave(_bytes);
        _worker.EndRound(1, _start);
        ServerSnapshot seen = _publication.Read();
        Assert.Equal(1, seen.Stalls);
        Assert.Equal([("film.mp4", 1), ("other.mp4", 0)], seen.Titles.Select(static title => (title.Name, (int)title.Stalls)).Order());
        player.Abandon();
    }

    [Fact]
    public async Task The_end_is_told_and_what_was_sent_stays_with_the_title()
    {
        (Player player, PlayerStatistics shown) = await PlayAsync();
        PlayerSnapshot seen = Serve(player, shown, 0);
        for (int second = 1; seen.State == PlayerState.Playing && second < 60; second++)
        {
            seen = Serve(player, shown, second * 1000);
        }

        Assert.Equal(PlayerState.Ended, seen.State);
        Assert.Equal(0, seen.Stalls);
        ServerSnapshot server = _publication.Read();
        TitleSnapshot title = Assert.Single(server.Titles);
        Assert.Equal((0, 1, _bytes), (title.Players, (int)title.Plays, title.Bytes));
        Assert.InRange(title.Bytes, title.FileLength / 2, title.FileLength * 2);
        Assert.NotNull(title.ResidentShare);
        Assert.Equal(1.0, title.ResidentShare.Value, 0.01);

        shown.Leave(_bytes + 7);
        title = Assert.Single(_publication.Read().Titles);
        Assert.Equal(_bytes + 7, title.Bytes);
        Assert.Empty(_publication.Read().Players);
        player.Abandon();
    }

    [Fact]
    public async Task Saying_how_a_player_stands_allocates_nothing()
    {
        (Player player, PlayerStatistics shown) = await PlayAsync();
        Serve(player, shown, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            _worker.BeginRound(_start + i);
            shown.Update(player.Watched, player.Plays, _bytes + i, isBlocked: false, _start + i);
            _worker.EndRound(1, _start + i);
        }

        // Less than a byte each: the runtime takes some thousand once where it compiles a loop anew.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 9999);
        player.Abandon();
    }

    [Fact]
    public async Task The_item_of_a_playlist_that_is_sent_is_named()
    {
        (Player player, PlayerStatistics shown) = await PlayAsync("list.m3u8"); // 2 s and 2 s of one film, 2 s of another
        Assert.Equal("film.mp4", Serve(player, shown, 0).Title);
        long first = _bytes;
        PlayerSnapshot seen = Serve(player, shown, 900);
        Assert.Equal("film.mp4", seen.Title);
        Assert.Equal(1, Assert.Single(_publication.Read().Titles).Plays); // its second piece is no new play
        Assert.Equal(TimeSpan.FromSeconds(2.9), seen.Position); // 1.1 s before the piece's beginning at 4 s
        seen = Serve(player, shown, 1500);
        Assert.Equal("other.mp4", seen.Title);
        Assert.Equal(TimeSpan.Zero, seen.Position);
        Assert.InRange(seen.BufferLead, TimeSpan.FromSeconds(2.9), TimeSpan.FromSeconds(3.1));
        Assert.InRange(Serve(player, shown, 5000).Position, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(1.1));
        Assert.Equal(PlayerState.Ended, Serve(player, shown, 9000).State);
        _worker.EndRound(1, _start);
        ServerSnapshot server = _publication.Read();
        Assert.Equal(1, server.Plays);
        Assert.Equal([("film.mp4", 1L), ("other.mp4", 1L)], server.Titles.Select(title => (title.Name, title.Plays)));
        Assert.Equal(_bytes, server.Titles.Sum(title => title.Bytes));
        Assert.True(server.Titles[0].Bytes > first && server.Titles[1].Bytes > 10_000, "each has what was sent of it");
        Assert.Equal(0, server.Stalls);
        player.Abandon();
    }

    [Fact]
    public async Task The_rate_is_that_of_the_last_seconds()
    {
        Player player = await _publication.PlayAsync(_start);
        long now = Environment.TickCount64;
        PlayerStatistics shown = _worker.Enter(null, now - 20_000)!;
        for (int second = 0; second <= 20; second++)
        {
            shown.Update(player.Watched, player.Plays, 50_000 * second, isBlocked: false, now - 20_000 + (second * 1000));
        }

        Assert.InRange(Assert.Single(_publication.Read().Players).BytesPerSecond, 45_000, 60_000);
        player.Abandon();
    }

    [Fact]
    public async Task What_a_killed_server_half_wrote_of_a_player_is_not_shown()
    {
        (Player player, PlayerStatistics shown) = await PlayAsync();
        PlayerSnapshot seen = Serve(player, shown, 0);
        using SharedMemory memory = SharedMemory.Open(
            StatisticsLayout.Prefix + Publication.Name, StatisticsLayout.Options(_publication.Folder));
        long place = PlaceOf(memory);
        uint version = memory.At<PlayerFigures>(place).FactsVersion;
        memory.At<PlayerFacts>(PlayerFigures.FactsAt(place, version + 1)) = new PlayerFacts { Id = 77, TitleId = 99 }; // and no more
        Assert.Equal((seen.Id, seen.Title), (Assert.Single(_publication.Read().Players).Id, "film.mp4"));
        memory.At<PlayerFigures>(place).FactsVersion = version + 1;
        Assert.Equal(77, Assert.Single(_publication.Read().Players).Id); // it is that copy
        player.Abandon();
    }

    private static long PlaceOf(SharedMemory memory)
    {
        long chunk = StatisticsLayout.ChunksAt(2);
        while (memory.Read<int>(chunk) != StatisticsLayout.PlayersKind)
        {
            chunk += StatisticsLayout.ChunkSize;
        }

        for (int i = 0; i < StatisticsLayout.PlayersPerChunk; i++)
        {
            long place = chunk + StatisticsLayout.PlacesAt + ((long)i * StatisticsLayout.PlayerSize);
            uint version = memory.At<PlayerFigures>(place).FactsVersion;
            if (memory.At<PlayerFacts>(PlayerFigures.FactsAt(place, version)).Id != 0)
            {
                return place;
            }
        }

        throw new InvalidOperationException("no player");
    }

    private async Task<(Player Player, PlayerStatistics Shown)> PlayAsync(string name = "film.mp4")
    {
        Player player = await _publication.PlayAsync(_start, name);
        PlayerStatistics shown = _worker.Enter(null, _start)!;
        return (player, shown);
    }

    /// <summary>Sends all that is due at a moment, and says so.</summary>
    private PlayerSnapshot Serve(Player player, PlayerStatistics shown, long after)
    {
        player.Now = _start + after;
        do
        {
            _list.Clear();
            player.GatherDue(_list, long.MaxValue);
            _bytes += _list.Length;
            player.AdvanceDue(_list.Length);
        }
        while (_list.Length > 0);
        shown.Update(player.Watched, player.Plays, _bytes, isBlocked: false, player.Now);
        return Assert.Single(_publication.Read().Players);
    }
}
