using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mapwire.Cli;

/// <summary>
/// Rows that each take one line of a terminal, whatever its width: a name is cut to what is left beside the figures, and where that is too
/// little the columns that matter least are left out.
/// </summary>
/// <param name="columns">From left to right.</param>
/// <param name="width">Characters of a line.</param>
internal sealed class TopTable(IReadOnlyList<TopColumn> columns, int width)
{
    private const int Gap = 2;

    /// <summary>Less than this of a name tells nothing.</summary>
    private const int MinFlexible = 12;

    private readonly List<(string[] Cells, Style Style)> _rows = [([.. columns.Select(static column => column.Header)], Style.Plain)];

    /// <summary>Adds a row.</summary>
    public void Add(Style style, params string[] cells) => _rows.Add((cells, style));

    /// <summary>The lines, the header first.</summary>
    public IEnumerable<IRenderable> Draw()
    {
        int[] widths = [.. columns.Select((_, i) => _rows.Max(row => row.Cells[i].Length))];
        List<int> shown = [.. Enumerable.Range(0, columns.Count)];
        int flexible = shown.Find(i => columns[i].IsFlexible);
        while (Rest(shown, widths, flexible) < Math.Min(MinFlexible, widths[flexible]) && shown.Count > 2)
        {
            shown.Remove(shown.Where(i => i != flexible).MinBy(i => columns[i].Priority));
        }

        widths[flexible] = Math.Clamp(Rest(shown, widths, flexible), 1, widths[flexible]);
        foreach ((string[] cells, Style style) in _rows)
        {
            string line = string.Join(new string(' ', Gap), shown.Select(i => Align(cells[i], widths[i], columns[i].IsRight)));
            yield return new Text(Cut(line.TrimEnd(), width), style);
        }
    }

    /// <summary>The text, with an ellipsis where it does not fit.</summary>
    public static string Cut(string text, int width) =>
        text.Length <= width ? text : string.Concat(text.AsSpan(0, Math.Max(0, width - 1)), "…");

    private int Rest(List<int> shown, int[] widths, int flexible) =>
        width - shown.Where(i => i != flexible).Sum(i => widths[i] + Gap);

    private static string Align(string cell, int width, bool isRight) =>
        isRight ? Cut(cell, width).PadLeft(width) : Cut(cell, width).PadRight(width);
}

/// <summary>A column of a <see cref="TopTable"/>.</summary>
/// <param name="Header">Its name.</param>
/// <param name="Priority">The lower, the sooner it is left out.</param>
/// <param name="IsRight">Whether figures are under each other.</param>
/// <param name="IsFlexible">Whether it has what is left of the line; exactly one of a table's.</param>
internal sealed record TopColumn(string Header, int Priority, bool IsRight = true, bool IsFlexible = false);
