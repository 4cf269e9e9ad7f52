using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mapwire.Cli;

/// <summary>
/// Rows that each take one line of a terminal, whatever its width: a name is cut to what is left beside the figures, and where that is too
/// little the columns that matter least are left out.
/// </summary>
/// <param name="columns">From left to right.</param>
/// <param name="width">Characters of a line.</param>
internal sealed class LineTable(IReadOnlyList<LineColumn> columns, int width)
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
        int[] widths = [.. columns.Select((_, i) => _rows.Max(row => row.Cells[i].GetCellWidth()))];
        List<int> shown = [.. Enumerable.Range(0, columns.Count)];
        int flexible = shown.Find(i => columns[i].IsFlexible);
        while (Rest(shown, widths, flexible) < Math.Min(MinFlexible, widths[flexible]) && shown.Count > 2)
        {
            shown.Remove(shown.Where(i => i != flexible).MinBy(i => columns[i].Priority));
        }

        widths[flexible] = Math.Clamp(Rest(shown, widths, flexible), 1, widths[flexible]);
        foreach ((string[] cells, Style style) in _rows)
        {
            string line = string.Join(new string(' ', Gap), shown.Select(i => Align(columns[i], cells[i], widths[i])));
            yield return new Text(Cut(line.TrimEnd(), width), style);
        }
    }

    /// <summary>The text, with an ellipsis where it does not fit.</summary>
    /// <param name="text">One line; an ideograph is as wide as two letters.</param>
    /// <param name="width">At least 1, in widths of a letter.</param>
    public static string Cut(string text, int width)
    {
        if (text.GetCellWidth() <= width)
        {
            return text;
        }

        int length = 0;
        for (int used = 1; (used += text[length..(length + LengthAt(text, length))].GetCellWidth()) <= width;)
        {
            length += LengthAt(text, length);
        }

        return string.Concat(text.AsSpan(0, length), "…");
    }

    private int Rest(List<int> shown, int[] widths, int flexible) =>
        width - shown.Where(i => i != flexible).Sum(i => widths[i] + Gap);

    private static string Align(LineColumn column, string cell, int width)
    {
        string shown = column.IsPath ? CutPath(cell, width) : Cut(cell, width);
        string rest = new(' ', Math.Max(0, width - shown.GetCellWidth()));
        return column.IsRight ? rest + shown : shown + rest;
    }

    /// <summary>Cut at its beginning: the end tells a path from the others of its folder.</summary>
    private static string CutPath(string path, int width)
    {
        if (path.GetCellWidth() <= width)
        {
            return path;
        }

        int from = 0;
        for (int left = path.GetCellWidth(); left >= width; from += LengthAt(path, from))
        {
            left -= path[from..(from + LengthAt(path, from))].GetCellWidth();
        }

        return string.Concat("…", path.AsSpan(from));
    }

    /// <summary>Of a character, which no cut divides: 2 for a pair of surrogates.</summary>
    private static int LengthAt(string text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length ? 2 : 1;
}

/// <summary>A column of a <see cref="LineTable"/>.</summary>
/// <param name="Header">Its name.</param>
/// <param name="Priority">The lower, the sooner it is left out.</param>
/// <param name="IsRight">Whether figures are under each other.</param>
/// <param name="IsFlexible">Whether it has what is left of the line; exactly one of a table's.</param>
/// <param name="IsPath">Whether it is cut at its beginning.</param>
internal sealed record LineColumn(string Header, int Priority, bool IsRight = true, bool IsFlexible = false, bool IsPath = false);
