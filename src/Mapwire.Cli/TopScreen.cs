using Mapwire.Server;
using Mapwire.Server.Statistics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mapwire.Cli;

/// <summary>The live screen of <c>mapwire top</c>: what is drawn and what keys do.</summary>
internal sealed class TopScreen(TopServers servers, TimeSpan interval)
{
    /// <summary>The last lines, which explain the keys.</summary>
    private const int KeyLines = 2;

    private static readonly TimeSpan KeyInterval = TimeSpan.FromMilliseconds(50);

    private List<ServerSnapshot> _seen = [];
    private TopSort _sort;
    private long? _player;
    private int _server;
    private bool _isDetail;
    private bool _quits;

    /// <summary>Shows until q is pressed or it is cancelled.</summary>
    public void Run(CancellationToken stop)
    {
        _seen = servers.Look();
        AnsiConsole.AlternateScreen(() => AnsiConsole.Live(Draw()).Overflow(VerticalOverflow.Crop).Start(live =>
        {
            long next = Environment.TickCount64 + (long)interval.TotalMilliseconds;
            while (!_quits && !stop.WaitHandle.WaitOne(KeyInterval))
            {
                bool changed = false;
                while (!_quits && !stop.IsCancellationRequested && Console.KeyAvailable)
                {
                    ConsoleKeyInfo key = Console.ReadKey(intercept: true);
                    changed = true;
                    if (key == default)
                    {
                        break; // the terminal is gone: there is always something to read, and it is nothing
                    }

                    Press(key);
                }

                if (Environment.TickCount64 >= next)
                {
                    next = Environment.TickCount64 + (long)interval.TotalMilliseconds;
                    _seen = servers.Look();
                    changed = true;
                }

                if (changed)
                {
                    live.UpdateTarget(Draw());
                }
            }
        }));
    }

    private void Press(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Q:
                _quits = true;
                break;
            case ConsoleKey.Escape or ConsoleKey.Backspace:
                _isDetail = false;
                break;
            case ConsoleKey.Enter:
                _isDetail = _player is not null;
                break;
            case ConsoleKey.DownArrow or ConsoleKey.J:
                Move(1);
                break;
            case ConsoleKey.UpArrow or ConsoleKey.K:
                Move(-1);
                break;
            case ConsoleKey.Tab when _seen.Count > 0:
                _server = (_server + 1) % _seen.Count;
                _player = null;
                _isDetail = false;
                break;
            case ConsoleKey.S:
                _sort = (TopSort)(((int)_sort + 1) % Enum.GetValues<TopSort>().Length);
                break;
            default:
                _sort = char.ToLowerInvariant(key.KeyChar) switch
                {
                    'r' => TopSort.Rate,
                    'b' => TopSort.Bytes,
                    'l' => TopSort.Lead,
                    'x' => TopSort.Stalls,
                    't' => TopSort.Title,
                    'p' => TopSort.Peer,
                    _ => _sort,
                };
                break;
        }
    }

    private void Move(int by)
    {
        if (Shown is not { Players.Count: > 0 } server)
        {
            return;
        }

        IReadOnlyList<PlayerSnapshot> players = TopText.Sorted(server, _sort);
        int at = players.ToList().FindIndex(player => player.Id == _player);
        _player = players[at < 0 ? (by > 0 ? 0 : players.Count - 1) : Math.Clamp(at + by, 0, players.Count - 1)].Id;
    }

    private ServerSnapshot? Shown => _seen.Count == 0 ? null : _seen[Math.Min(_server, _seen.Count - 1)];

    private Rows Draw()
    {
        List<IRenderable> parts =
            [.. servers.Unreadable.Select(static line => new Text(LineTable.Cut(TerminalText.Clean(line), Console.WindowWidth)))];
        if (Shown is not { } server)
        {
            parts.Add(new Text("No server publishes statistics now."));
        }
        else if (_isDetail && server.Players.FirstOrDefault(player => player.Id == _player) is { } player)
        {
            parts.Add(TopText.Detail(server, player, Console.WindowWidth));
        }
        else
        {
            parts.Add(TopText.Draw([server], _sort, Console.WindowWidth, Console.WindowHeight - KeyLines - parts.Count, _player));
        }

        Style dim = new(decoration: Decoration.Dim);
        string others = _seen.Count > 1 ? $"  Tab: next of {_seen.Count} servers" : "";
        parts.Add(new Text(
            LineTable.Cut($"Sorted by {_sort.ToString().ToLowerInvariant()}. Sort by: r rate  b bytes  l lead  x stalls  t title  p peer",
            Console.WindowWidth), dim));
        parts.Add(new Text(LineTable.Cut($"Up, Down and Enter: one player  Esc: back  q: quit{others}", Console.WindowWidth), dim));
        return new Rows(parts);
    }
}
