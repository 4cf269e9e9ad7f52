using System.Globalization;
using Mapwire.Server;
using Mapwire.Server.Statistics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mapwire.Cli;

/// <summary>Servers' statistics for people: a head, titles and players of each server.</summary>
internal static class TopText
{
    private static readonly TimeSpan StuckAfter = ServerStatisticsReader.StuckAfter;

    private static readonly LineColumn[] StreamColumns =
    [
        new("LIVE", 9, IsRight: false, IsFlexible: true), new("VIEWERS", 8), new("KBIT/S", 7), new("FPS", 6), new("KEYFRAMES", 3),
        new("A-V", 2), new("JITTER", 2), new("PAUSE", 4), new("LEFT OUT", 5), new("LATENCY", 7), new("WORST", 5), new("LAG", 6),
    ];

    private static readonly LineColumn[] TitleColumns =
    [
        new("TITLE", 9, IsRight: false, IsFlexible: true), new("PLAYERS", 8), new("PLAYS", 2), new("RATE", 7), new("BYTES", 4),
        new("LEAST LEAD", 6), new("STALLS", 5), new("SIZE", 1), new("RESIDENT", 3),
    ];

    private static readonly LineColumn[] PlayerColumns =
    [
        new("PLAYER", 8, IsRight: false), new("TITLE", 9, IsRight: false, IsFlexible: true), new("STATE", 3, IsRight: false),
        new("BY", 1, IsRight: false), new("POSITION", 4),
        new("LEAD", 6), new("RATE", 7), new("BYTES", 2), new("STALLS", 5),
    ];

    /// <summary>All of it, one server after another.</summary>
    /// <param name="servers">The servers.</param>
    /// <param name="sort">The order of titles and players.</param>
    /// <param name="width">Characters of a line.</param>
    /// <param name="rows">The most lines of a server; at least 9.</param>
    /// <param name="selected">The player that is marked; null for none.</param>
    public static IRenderable Draw(IReadOnlyList<ServerSnapshot> servers, TopSort sort, int width, int rows = int.MaxValue,
        long? selected = null)
    {
        List<IRenderable> lines = [];
        foreach (ServerSnapshot server in servers)
        {
            if (lines.Count > 0)
            {
                lines.Add(Text.NewLine);
            }

            lines.AddRange(Draw(server, sort, width, rows, selected));
        }

        return new Rows(lines);
    }

    /// <summary>
    /// Of the lines below the head a quarter is for live streams, where there are any and at least nine lines, and a third of what is left
    /// for titles, the rest for players; each table ends with how many more there are.
    /// </summary>
    private static List<IRenderable> Draw(ServerSnapshot server, TopSort sort, int width, int rows, long? selected)
    {
        List<IRenderable> lines = [.. Head(server, width)];
        int left = rows == int.MaxValue ? int.MaxValue : rows - lines.Count;
        if (server.Streams.Count > 0 && left >= 9)
        {
            List<IRenderable> streams = Streams(server, width, left == int.MaxValue ? int.MaxValue : Math.Max(3, left / 4));
            lines.AddRange(streams);
            left = left == int.MaxValue ? int.MaxValue : left - streams.Count;
        }

        int titles = left == int.MaxValue ? int.MaxValue : Math.Max(3, left / 3);
        int before = lines.Count;
        lines.AddRange(Titles(server, sort, width, titles));
        left = left == int.MaxValue ? int.MaxValue : left - (lines.Count - before);
        lines.AddRange(Players(server, sort, width, left, selected));
        return lines;
    }

    /// <summary>One player in full.</summary>
    public static IRenderable Detail(ServerSnapshot server, PlayerSnapshot player, int width)
    {
        TitleSnapshot? title = server.Titles.FirstOrDefault(other => other.Name == player.Title);
        Table table = new() { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumn(new TableColumn("").NoWrap());
        table.AddColumn(new TableColumn(""));
        Line("player", $"{player.Id} at {Peer(player)} of server {TerminalText.Clean(server.Name)}");
        Line("title", player.Title is null ? "none yet" : TerminalText.Clean(player.Title));
        Line("by", Protocol(player.Protocol));
        Line("state", $"{Word(player)}, sent something {Seconds(player.Silence)} ago");
        Line("position", $"{Clock(player.Position)} of {Clock(title?.Duration ?? TimeSpan.Zero)}");
        Line("buffer lead", Lead(player));
        Line("rate",
            $"{Rate(player.BytesPerSecond)}; {Rate(player.Bytes / Math.Max(1, player.Connected.TotalSeconds))} since it connected");
        Line("bytes", PagesText.Size(player.Bytes));
        Line("stalls", Number(player.Stalls));
        if (player.Lag is { } lag)
        {
            Line("latency", player is { Latency: { } latency, WorstLatency: { } worst }
                ? $"{Milliseconds(latency)} from arrival to send; {Milliseconds(worst)} at most in the last seconds"
                : "nothing has come since it watches");
            Line("lag", $"{Seconds(lag)} behind the newest");
        }

        if (server.Streams.FirstOrDefault(stream => stream.PublisherId == player.Id) is { } stream)
        {
            Publishing(stream);
        }

        Line("playing for", Clock(player.Played));
        Line("connected for", Clock(player.Connected));
        if (title is not null)
        {
            Line("file", $"{PagesText.Size(title.FileLength)}, {Share(title.ResidentShare)} in memory");
        }

        return new Rows([.. Head(server, width), table]);

        void Line(string name, string value) => table.AddRow(new Text(name), new Text(value));

        void Publishing(StreamSnapshot stream)
        {
            Line(
                "comes",
                $"{Kilobits(stream.VideoBitsPerSecond)} kbit/s of pictures, {Kilobits(stream.AudioBitsPerSecond)} kbit/s of sound");
            Line("pictures", $"{Rounded(stream.FrameRate)} a second, a keyframe each {Seconds(stream.KeyframeInterval)}");
            Line("sound", stream.SoundAhead is { } ahead ? $"{Milliseconds(ahead)} ahead of the pictures" : "not with pictures");
            Line("arrival", $"jitter {Milliseconds(stream.Jitter)}, longest pause {Milliseconds(stream.LongestPause)}");
            Line("messages", $"{Number(stream.LeftOut)} left out of the stream, {Number(stream.Malformed)} not understood");
            Line("viewers", Number(stream.Viewers));
        }
    }

    /// <summary>Players in the order of the screen.</summary>
    public static IReadOnlyList<PlayerSnapshot> Sorted(ServerSnapshot server, TopSort sort) =>
    [
        .. sort switch
        {
            TopSort.Rate => server.Players.OrderByDescending(static player => player.BytesPerSecond),
            TopSort.Bytes => server.Players.OrderByDescending(static player => player.Bytes),
            TopSort.Lead => server.Players.OrderBy(
                static player => player.State == PlayerState.Playing ? player.BufferLead : TimeSpan.MaxValue),
            TopSort.Stalls => server.Players.OrderByDescending(static player => player.Stalls),
            TopSort.Title => server.Players.OrderBy(static player => player.Title, StringComparer.Ordinal)
                .ThenBy(Peer, StringComparer.Ordinal),
            _ => server.Players.OrderBy(Peer, StringComparer.Ordinal),
        },
    ];

    private static IEnumerable<TitleSnapshot> SortedTitles(ServerSnapshot server, TopSort sort) => sort switch
    {
        TopSort.Rate => server.Titles.OrderByDescending(static title => title.BytesPerSecond),
        TopSort.Bytes => server.Titles.OrderByDescending(static title => title.Bytes),
        TopSort.Lead => server.Titles.OrderBy(static title => title.LeastLead ?? TimeSpan.MaxValue),
        TopSort.Stalls => server.Titles.OrderByDescending(static title => title.Stalls),
        _ => server.Titles,
    };

    private static IEnumerable<IRenderable> Head(ServerSnapshot server, int width)
    {
        string state = server.State switch
        {
            ServerState.Dead => $"DEAD: its process is gone; last sign of life {Seconds(server.HeartbeatAge)} ago",
            ServerState.Stuck when server.HeartbeatAge > StuckAfter => $"STUCK: its process is there; "
                + $"no sign of life for {Seconds(server.HeartbeatAge)}",
            ServerState.Stuck => $"STUCK: {Count(server.Workers.Count(static worker => worker.Silence > StuckAfter), "worker")} of "
                + $"{Number(server.Workers.Count)} gave no sign of life for {Seconds(server.Workers.Max(static worker => worker.Silence))}",
            _ => $"running for {Clock(server.Uptime)}",
        };
        Style style = server.State == ServerState.Running ? Style.Plain : new Style(Color.Red, decoration: Decoration.Bold);
        yield return new Text(LineTable.Cut(
            $"{TerminalText.Clean(server.Name)}  {TerminalText.Clean(string.Join(' ', server.Addresses), int.MaxValue)}  process "
            + $"{Number(server.ProcessId)}  {TerminalText.Clean(server.Folder)}", width));
        yield return new Text(LineTable.Cut(state, width), style);
        yield return new Text(LineTable.Cut(
            $"{Count(server.Connections, "connection")}  {Count(server.Players.Count, "player")}{Protocols(server)}  "
            + $"{Rate(server.BytesPerSecond)}  {PagesText.Size(server.Bytes)} sent  "
            + $"{Count(server.Plays, "play")}  {Count(server.Stalls, "stall")}",
            width));
    }

    private static List<IRenderable> Streams(ServerSnapshot server, int width, int rows)
    {
        int shown = GetShownRows(server.Streams.Count, rows);
        LineTable table = new(StreamColumns, width);
        foreach (StreamSnapshot stream in server.Streams.Take(shown))
        {
            table.Add(
                Style.Plain, TerminalText.Clean(stream.Name), Number(stream.Viewers),
                Kilobits(stream.VideoBitsPerSecond + stream.AudioBitsPerSecond), Rounded(stream.FrameRate),
                Seconds(stream.KeyframeInterval), Milliseconds(stream.SoundAhead), Milliseconds(stream.Jitter),
                Milliseconds(stream.LongestPause), Number(stream.LeftOut + stream.Malformed), Milliseconds(stream.Latency),
                Milliseconds(stream.WorstLatency), Milliseconds(stream.WorstLag));
        }

        return [.. table.Draw(), .. More(server.Streams.Count - shown, "streams")];
    }

    private static IEnumerable<IRenderable> Titles(ServerSnapshot server, TopSort sort, int width, int rows)
    {
        if (server.Titles.Count == 0)
        {
            return [new Text("Nothing has been played.")];
        }

        int shown = GetShownRows(server.Titles.Count, rows);
        LineTable table = new(TitleColumns, width);
        foreach (TitleSnapshot title in SortedTitles(server, sort).Take(shown))
        {
            table.Add(
                Style.Plain, TerminalText.Clean(title.Name), Number(title.Players), Number(title.Plays), Rate(title.BytesPerSecond),
                PagesText.Size(title.Bytes),
                title.LeastLead is { } lead ? Signed(lead) : "-", Number(title.Stalls), PagesText.Size(title.FileLength),
                Share(title.ResidentShare));
        }

        return [.. table.Draw(), .. More(server.Titles.Count - shown, "titles")];
    }

    private static IEnumerable<IRenderable> Players(ServerSnapshot server, TopSort sort, int width, int rows, long? selected)
    {
        if (server.Players.Count == 0)
        {
            return [new Text("No player is connected.")];
        }

        IReadOnlyList<PlayerSnapshot> players = Sorted(server, sort);
        int shown = GetShownRows(players.Count, rows);
        int first = 0;
        for (int i = 0; i < players.Count; i++)
        {
            // the marked one stays in sight
            first = players[i].Id == selected ? Math.Clamp(i - (shown / 2), 0, players.Count - shown) : first;
        }

        LineTable table = new(PlayerColumns, width);
        foreach (PlayerSnapshot player in players.Skip(first).Take(shown))
        {
            table.Add(
                player.Id == selected ? new Style(decoration: Decoration.Invert) : Style.Plain,
                Peer(player), player.Title is null ? "-" : TerminalText.Clean(player.Title), Word(player), Protocol(player.Protocol),
                Clock(player.Position),
                Lead(player),
                Rate(player.BytesPerSecond), PagesText.Size(player.Bytes), Number(player.Stalls));
        }

        return [.. table.Draw(), .. More(players.Count - shown, "players")];
    }

    /// <summary>
    /// How many of a table's rows fit into lines of which the header has one and, where not all fit, the last one says so.
    /// </summary>
    private static int GetShownRows(int count, int lines) =>
        lines == int.MaxValue || count <= lines - 1 ? count : Math.Clamp(lines - 2, 1, count);

    private static IEnumerable<IRenderable> More(int left, string what) => left > 0 ? [new Text($"and {Number(left)} more {what}")] : [];

    private static string Word(PlayerSnapshot player) =>
        player.State.ToString().ToLowerInvariant() + (player.IsBlocked ? ", blocked" : "");

    /// <summary>As a protocol is called in a column.</summary>
    internal static string Protocol(PlayerProtocol protocol) => protocol switch
    {
        PlayerProtocol.WebSocketFlv => "ws-flv",
        _ => protocol.ToString().ToLowerInvariant(),
    };

    private static string Protocols(ServerSnapshot server) => server.Protocols.Count == 0
        ? ""
        : $" ({string.Join(", ", server.Protocols.Select(static one => $"{Number(one.Players)} {Protocol(one.Protocol)}"))})";

    private static string Peer(PlayerSnapshot player) => player.Peer?.ToString() ?? "gone";

    private static string Lead(PlayerSnapshot player) =>
        player.State is PlayerState.Playing or PlayerState.Paused ? Signed(player.BufferLead) : "-";

    private static string Signed(TimeSpan time) => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";

    private static string Seconds(TimeSpan time) => time < TimeSpan.FromMinutes(2) ? Signed(time) : Clock(time);

    private static string Seconds(TimeSpan? time) => time is { } known ? Seconds(known) : "-";

    private static string Milliseconds(TimeSpan? time) =>
        time is { } known ? known.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms" : "-";

    private static string Kilobits(double bits) => (bits / 1000).ToString("0", CultureInfo.InvariantCulture);

    private static string Rounded(double number) => number.ToString("0.0#", CultureInfo.InvariantCulture);

    private static string Clock(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}");

    private static string Rate(double bytes) => PagesText.Size((long)bytes) + "/s";

    private static string Share(double? share) => share is { } part ? (100 * part).ToString("0", CultureInfo.InvariantCulture) + " %" : "-";

    private static string Count(long number, string what) => $"{Number(number)} {what}{(number == 1 ? "" : "s")}";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
