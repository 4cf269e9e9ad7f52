using System.Net;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;
using Mapwire.Server.Tests.Statistics;
using Xunit;

namespace Mapwire.Server.Tests.Http.Viewers;

/// <summary>Who is a viewer, for how long, and how it stands, by a clock that the test sets.</summary>
public sealed class ViewerRegistryTests : IDisposable
{
    private const int Target = 6000;

    private static readonly PlayedTitle Film = new("film.mp4", 60_000, 1_000_000);
    private static readonly IPEndPoint Home = new(IPAddress.Parse("192.0.2.7"), 1000);

    private readonly Publication _publication = new();
    private readonly PlayerLimits _limits = new(3, 0, "--max", "");
    private readonly ViewerRegistry _viewers;
    private readonly ServerStatisticsReader _reader;
    private long _now = Environment.TickCount64; // as readers do

    public ViewerRegistryTests()
    {
        _viewers = new ViewerRegistry(_limits, _publication.Server.ForViewers());
        _reader = _publication.Open();
    }

    public void Dispose()
    {
        _viewers.Dispose();
        _reader.Dispose();
        _publication.Dispose();
    }

    [Fact]
    public void Requests_of_one_id_over_several_connections_are_one_player_with_the_bytes_of_all()
    {
        string id = _viewers.Ids.Create(PlayerProtocol.Hls);
        Viewer first = Ask(Segment(id, 0), Home, connection: 1);
        Viewer second = Ask(Segment(id, 1), new IPEndPoint(Home.Address, 2000), connection: 2);
        Assert.Same(first, second);
        first.Sent(1000);
        second.Sent(500);
        first.EndRequest(_now);
        _viewers.Sweep(_now);
        PlayerSnapshot player = Assert.Single(_reader.Read().Players);
        Assert.Equal((PlayerProtocol.Hls, "film.mp4", 1500L), (player.Protocol, player.Title, player.Bytes));
        Assert.Equal(Home, player.Peer);
        Assert.Equal([(PlayerProtocol.Hls, 1)], _reader.Read().Protocols);
        Assert.Equal(1, _reader.Read().Titles.Single().Players);
        Assert.Equal(1, _reader.Read().Titles.Single().Plays);
        Assert.Equal(1, _limits.Count);
    }

    [Fact]
    public void Every_id_is_a_player_of_its_own_and_so_is_an_id_that_was_passed_on_to_another_address()
    {
        string id = _viewers.Ids.Create(PlayerProtocol.Dash);
        Viewer one = Ask(Segment(id, 0), Home);
        Viewer other = Ask(Segment(_viewers.Ids.Create(PlayerProtocol.Hls), 0), Home);
        Viewer passedOn = Ask(Segment(id, 0), new IPEndPoint(IPAddress.Parse("192.0.2.8"), 1));
        Assert.Equal(3, new[] { one, other, passedOn }.Distinct().Count());
        Assert.Equal([(PlayerProtocol.Hls, 1), (PlayerProtocol.Dash, 2)], _reader.Read().Protocols);
    }

    [Fact]
    public void Ids_that_were_made_up_are_together_one_player_of_their_address_and_title()
    {
        Viewer none = Ask(Segment(null, 0), Home);
        for (int i = 0; i < 1000; i++)
        {
            Assert.Same(none, Ask(Segment($"{i:x24}", 0), Home));
        }

        Assert.Equal(1, _viewers.Count);
        Assert.NotSame(none, Ask(Segment(null, 0) with { Title = Film with { Name = "other.mp4" } }, Home));
    }

    [Fact]
    public void A_viewer_is_gone_after_three_target_durations_without_a_request_and_not_before()
    {
        string id = _viewers.Ids.Create(PlayerProtocol.Hls);
        Ask(Segment(id, 0), Home).EndRequest(_now);
        _now += 3 * Target;
        _viewers.Sweep(_now);
        Assert.Equal(1, _viewers.Count);
        Ask(Segment(id, 1), Home).EndRequest(_now);
        _now += 3 * Target;
        _viewers.Sweep(_now);
        Assert.Equal(1, _viewers.Count);
        _viewers.Sweep(_now + 1);
        Assert.Equal(0, _viewers.Count);
        Assert.Empty(_reader.Read().Players);
        Assert.Equal(0, _limits.Count);
        Ask(Segment(id, 2), Home); // a pause is over: its id is as good as before
        Assert.Equal(1, _viewers.Count);
    }

    [Fact]
    public void A_viewer_whose_answer_is_still_sent_is_not_gone_however_long_it_takes()
    {
        Viewer slow = Ask(Segment(_viewers.Ids.Create(PlayerProtocol.Hls), 0), Home);
        _viewers.Sweep(_now + (1000 * Target));
        Assert.Equal(1, _viewers.Count);
        slow.EndRequest(_now + (1000 * Target));
        _viewers.Sweep(_now + (1004 * Target));
        Assert.Equal(0, _viewers.Count);
    }

    [Fact]
    public void One_viewer_more_than_there_may_be_is_refused_with_the_reason_and_those_that_are_there_are_not()
    {
        string[] ids = [.. Enumerable.Range(0, 4).Select(_ => _viewers.Ids.Create(PlayerProtocol.Hls))];
        for (int i = 0; i < 3; i++)
        {
            Ask(Segment(ids[i], 0), Home);
        }

        Assert.Null(_viewers.TryBegin(Segment(ids[3], 0), 0, 1, Home, 1, _now, out _, out string? refusal));
        Assert.Equal("there are 3 of the 3 players that this server has (--max)", refusal);
        Assert.Null(_viewers.TryBegin(Segment(ids[3], 0) with { IsWatching = false }, 0, 1, Home, 1, _now, out _, out refusal));
        Assert.NotNull(refusal);
        Assert.NotNull(_viewers.TryBegin(Segment(ids[2], 1), 0, 1, Home, 1, _now, out _, out _));
        Assert.Equal(3, _reader.Read().Players.Count);
    }

    [Fact]
    public void Who_is_told_an_id_is_not_a_player_yet()
    {
        WatchedPart master = Segment(_viewers.Ids.Create(PlayerProtocol.Hls), 0) with { IsWatching = false };
        Assert.Null(_viewers.TryBegin(master, 0, 1, Home, 1, _now, out _, out string? refusal));
        Assert.Null(refusal);
        Assert.Equal(0, _viewers.Count);
    }

    [Fact]
    public void Position_and_lead_are_those_of_a_player_that_begins_with_its_first_segment()
    {
        string id = _viewers.Ids.Create(PlayerProtocol.Hls);
        Ask(Segment(id, 2), Home);
        Ask(Segment(id, 3), Home);
        PlayerSnapshot player = Look();
        Assert.InRange(player.Position.TotalSeconds, 12, 13);
        Assert.InRange(player.BufferLead.TotalSeconds, 11, 12);
        _now += 5000;
        Ask(Segment(id, 3), Home); // of another track
        player = Look();
        Assert.InRange(player.Position.TotalSeconds, 17, 18);
        Assert.InRange(player.BufferLead.TotalSeconds, 6, 7);
        Ask(Segment(id, 8), Home); // a seek
        player = Look();
        Assert.InRange(player.Position.TotalSeconds, 48, 49);
        _now += 10_000; // more than it has
        player = Look();
        Assert.InRange(player.Position.TotalSeconds, 54, 55);
        Assert.Equal(PlayerState.Playing, player.State);
        Ask(Segment(id, 9), Home);
        Assert.InRange(Look().Position.TotalSeconds, 54, 55);
        _now += 6100;
        Assert.Equal(PlayerState.Ended, Look().State);

        PlayerSnapshot Look()
        {
            _viewers.Sweep(_now);
            return Assert.Single(_reader.Read().Players);
        }
    }

    [Fact]
    public void A_reader_of_a_file_is_its_connection_is_where_its_bytes_are_and_goes_with_it()
    {
        WatchedPart file = new(Film, PlayerProtocol.File, null, Target);
        Viewer one = Ask(file, Home, connection: 1, from: 500_000, length: 1_000_000);
        Viewer other = Ask(file, Home, connection: 2, length: 1_000_000);
        Assert.NotSame(one, other);
        one.Sent(250_000);
        _viewers.Sweep(_now);
        Assert.InRange(_reader.Read().Players.Max(static player => player.Position).TotalSeconds, 44.9, 46);
        one.EndRequest(_now);
        _viewers.Leave(one);
        _viewers.Leave(one);
        Assert.Equal(1, _viewers.Count);
        Assert.Equal(1, _limits.Count);
        Viewer segments = Ask(Segment(_viewers.Ids.Create(PlayerProtocol.Hls), 0), Home);
        _viewers.Leave(segments); // it goes on elsewhere
        Assert.Equal(2, _viewers.Count);
    }

    [Fact]
    public void A_registry_that_is_disposed_of_takes_nobody_and_gives_all_back()
    {
        Ask(Segment(null, 0), Home);
        _viewers.Dispose();
        Assert.Equal(0, _limits.Count);
        Assert.Null(_viewers.TryBegin(Segment(null, 0), 0, 1, Home, 1, _now, out _, out string? refusal));
        Assert.NotNull(refusal);
    }

    [Fact]
    public void Requests_of_several_threads_lose_no_byte_and_no_viewer()
    {
        ViewerRegistry viewers = new(new PlayerLimits(1000, 0, "", ""), _publication.Server.ForViewers());
        string[] ids = [.. Enumerable.Range(0, 100).Select(_ => viewers.Ids.Create(PlayerProtocol.Hls))];
        Parallel.For(0, 4000, i =>
        {
            Viewer viewer = viewers.TryBegin(Segment(ids[i % 100], i % 10), 0, 1, Home, i, _now, out _, out _)!;
            viewer.Sent(10);
            viewer.EndRequest(_now);
            if (i % 50 == 0)
            {
                viewers.Sweep(_now);
            }
        });
        viewers.Sweep(_now);
        Assert.Equal(100, viewers.Count);
        Assert.Equal(Enumerable.Repeat(400L, 100), _reader.Read().Players.Select(static player => player.Bytes));
        viewers.Sweep(_now + (4 * Target));
        Assert.Empty(_reader.Read().Players);
        viewers.Dispose();
    }

    private static WatchedPart Segment(string? id, int index) =>
        new(Film, null, id, Target) { Times = (index * Target, (index + 1) * Target) };

    private Viewer Ask(WatchedPart part, IPEndPoint peer, long connection = 1, long from = 0, long length = 1)
    {
        Viewer? viewer = _viewers.TryBegin(part, from, length, peer, connection, _now, out _, out string? refusal);
        Assert.Null(refusal);
        return viewer!;
    }
}
