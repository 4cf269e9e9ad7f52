using Mapwire.Server;
using System.Globalization;
using Mapwire.Server.Statistics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mapwire.Cli;

/// <summary>Servers' statistics for people: a head, titles and players of each server.</summary>
internal static class TopText
{
    private const int TitleWidth = 40;

    private static readonly TimeSpan StuckAfter = ServerStatisticsReader.StuckAfter;

    /// <summary>All of it, one server after another.</summary>
    /// <param name="servers">The servers.</param>
    /// <param name="sort">The order of titles and players.</param>
    /// <param name="rows">The most titles and the most players to show of a server.</param>
    /// <param name="selected">The player that is marked; null for none.</param>
    public static IRenderable Draw(IReadOnlyList<ServerSnapshot> servers, TopSort sort, int rows = int.MaxValue, long? selected = null)
    {
        List<IRenderable> parts = [];
        foreach (ServerSnapshot server in servers)
        {
            if (parts.Count > 0)
            {
                parts.Add(Text.NewLine);
            }

            parts.Add(Head(server));
            parts.Add(Titles(server, sort, Math.Max(1, rows / 3)));
            parts.Add(Players(server, sort, rows, selected));
        }

        return new Rows(parts);
    }

    /// <summary>One player in full.</summary>
    public static IRenderable Detail(ServerSnapshot server, PlayerSnapshot player)
    {
        TitleSnapshot? title = server.Titles.FirstOrDefault(other => other.Name == player.Title);
        Table table = new() { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumn(new TableColumn("").NoWrap());
        table.AddColumn(new TableColumn(""));
        Line("player", $"{player.Id} at {Peer(player)} of server {TerminalText.Clean(server.Name)}");
        Line("title", player.Title is null ? "none yet" : TerminalText.Clean(player.Title));
        Line("state", $"{Word(player)}, sent something {Seconds(player.Silence)} ago");
        Line("position", $"{Clock(player.Position)} of {Clock(title?.Duration ?? TimeSpan.Zero)}");
        Line("buffer lead", Lead(player));
        Line("rate", $"{Rate(player.BytesPerSecond)}; {Rate(player.Bytes / Math.Max(1, player.Connected.TotalSeconds))} since it connected");
        Line("bytes", PagesText.Size(player.Bytes));
        Line("stalls", Number(player.Stalls));
        Line("playing for", Clock(player.Played));
        Line("connected for", Clock(player.Connected));
        if (title is not null)
        {
            Line("file", $"{PagesText.Size(title.FileLength)}, {Share(title.ResidentShare)} in memory");
        }

        return new Rows(Head(server), table);

        void Line(string name, string value) => table.AddRow(new Text(name), new Text(value));
    }

    /// <summary>Players in the order of the screen.</summary>
    public static IReadOnlyList<PlayerSnapshot> Sorted(ServerSnapshot server, TopSort sort) =>
    [
        .. sort switch
        {
            TopSort.Rate => server.Players.OrderByDescending(static player => player.BytesPerSecond),
            TopSort.Bytes => server.Players.OrderByDescending(static player => player.Bytes),
            TopSort.Lead => server.Players.OrderBy(static player => player.State == PlayerState.Playing ? player.BufferLead : TimeSpan.MaxValue),
            TopSort.Stalls => server.Players.OrderByDescending(static player => player.Stalls),
            TopSort.Title => server.Players.OrderBy(static player => player.Title, StringComparer.Ordinal).ThenBy(Peer, StringComparer.Ordinal),
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

    private static Rows Head(ServerSnapshot server)
    {
        string state = server.State switch
        {
            ServerState.Dead => $"DEAD: its process is gone; last sign of life {Seconds(server.HeartbeatAge)} ago",
            ServerState.Stuck when server.HeartbeatAge > StuckAfter => $"STUCK: its process is there; no sign of life for {Seconds(server.HeartbeatAge)}",
            ServerState.Stuck => $"STUCK: {Count(server.Workers.Count(static worker => worker.Silence > StuckAfter), "worker")} of {Number(server.Workers.Count)} gave no sign of life for {Seconds(server.Workers.Max(static worker => worker.Silence))}",
            _ => $"running for {Clock(server.Uptime)}",
        };
        Style style = server.State == ServerState.Running ? Style.Plain : new Style(Color.Red, decoration: Decoration.Bold);
        return new Rows(
            new Text($"{TerminalText.Clean(server.Name)}  {TerminalText.Clean(server.Address)}  {TerminalText.Clean(server.Folder)}  process {Number(server.ProcessId)}"),
            new Text(state, style),
            new Text(
                $"{Count(server.Connections, "connection")}  {Rate(server.BytesPerSecond)}  {PagesText.Size(server.Bytes)} sent  {Count(server.Plays, "play")}  {Count(server.Stalls, "stall")}"));
    }

    private static IRenderable Titles(ServerSnapshot server, TopSort sort, int rows)
    {
        if (server.Titles.Count == 0)
        {
            return new Text("Nothing has been played.");
        }

        Table table = Columns("TITLE", "PLAYERS", "PLAYS", "RATE", "BYTES", "LEAST LEAD", "STALLS", "SIZE", "RESIDENT");
        foreach (TitleSnapshot title in SortedTitles(server, sort).Take(rows))
        {
            table.AddRow(
                new Text(TerminalText.Clean(title.Name, TitleWidth)), new Text(Number(title.Players)), new Text(Number(title.Plays)),
                new Text(Rate(title.BytesPerSecond)), new Text(PagesText.Size(title.Bytes)),
                new Text(title.LeastLead is { } lead ? Signed(lead) : "-"), new Text(Number(title.Stalls)),
                new Text(PagesText.Size(title.FileLength)), new Text(Share(title.ResidentShare)));
        }

        return More(table, server.Titles.Count - rows, "titles");
    }

    private static IRenderable Players(ServerSnapshot server, TopSort sort, int rows, long? selected)
    {
        if (server.Players.Count == 0)
        {
            return new Text("Nobody is connected.");
        }

        IReadOnlyList<PlayerSnapshot> players = Sorted(server, sort);
        int first = 0;
        for (int i = 0; i < players.Count; i++)
        {
            first = players[i].Id == selected ? Math.Max(0, i - (rows / 2)) : first; // the marked one stays in sight
        }

        Table table = Columns("PLAYER", "TITLE", "STATE", "POSITION", "LEAD", "RATE", "BYTES", "STALLS");
        foreach (PlayerSnapshot player in players.Skip(first).Take(rows))
        {
            Style style = player.Id == selected ? new Style(decoration: Decoration.Invert) : Style.Plain;
            table.AddRow(
                new Text(Peer(player), style), new Text(player.Title is null ? "-" : TerminalText.Clean(player.Title, TitleWidth), style),
                new Text(Word(player), style), new Text(Clock(player.Position), style), new Text(Lead(player), style),
                new Text(Rate(player.BytesPerSecond), style), new Text(PagesText.Size(player.Bytes), style), new Text(Number(player.Stalls), style));
        }

        return More(table, players.Count - first - rows, "players");
    }

    private static Table Columns(string name, params string[] figures)
    {
        Table table = new() { Border = TableBorder.None, ShowHeaders = true };
        table.AddColumn(new TableColumn(name).NoWrap());
        foreach (string figure in figures)
        {
            TableColumn column = new TableColumn(figure).NoWrap();
            table.AddColumn(figure is "TITLE" or "STATE" ? column : column.RightAligned());
        }

        return table;
    }

    private static IRenderable More(Table table, int left, string what) => left > 0 ? new Rows(table, new Text($"and {Number(left)} more {what}")) : table;

    private static string Word(PlayerSnapshot player) =>
        player.State.ToString().ToLowerInvariant() + (player.IsBlocked ? ", blocked" : "");

    private static string Peer(PlayerSnapshot player) => player.Peer?.ToString() ?? "gone";

    private static string Lead(PlayerSnapshot player) => player.State is PlayerState.Playing or PlayerState.Paused ? Signed(player.BufferLead) : "-";

    private static string Signed(TimeSpan time) => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";

    private static string Seconds(TimeSpan time) => time < TimeSpan.FromMinutes(2) ? Signed(time) : Clock(time);

    private static string Clock(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}");

    private static string Rate(double bytes) => PagesText.Size((long)bytes) + "/s";

    private static string Share(double? share) => share is { } part ? (100 * part).ToString("0", CultureInfo.InvariantCulture) + " %" : "-";

    private static string Count(long number, string what) => $"{Number(number)} {what}{(number == 1 ? "" : "s")}";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
