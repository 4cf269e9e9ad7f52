using System.Globalization;
using Mapwire.Memory;
using Mapwire.Server;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mapwire.Cli;

/// <summary>What is in memory, for people: a line a file and one for all.</summary>
internal static class PagesText
{
    private const string Eighths = " ▁▂▃▄▅▆▇█";

    private static readonly LineColumn[] Columns =
    [
        new("FILE", 4, IsRight: false, IsFlexible: true, IsPath: true), new("SIZE", 3), new("RESIDENT", 3), new("", 2),
        new("", 1, IsRight: false),
    ];

    /// <summary>The files in a table that ends with their sum, a line each.</summary>
    /// <param name="reports">The files.</param>
    /// <param name="width">Characters of a line.</param>
    public static IRenderable Draw(IReadOnlyList<PageReport> reports, int width)
    {
        LineTable table = new(Columns, width);
        foreach (PageReport report in reports)
        {
            table.Add(
                Style.Plain, TerminalText.Clean(report.Path, int.MaxValue), Size(report.Size),
                Resident(report) is long bytes ? Size(bytes) : "not known", Share(report.ResidentPages, report.Pages), Bar(report));
        }

        if (reports.Count > 1)
        {
            table.Add(
                Style.Plain, string.Create(CultureInfo.InvariantCulture, $"{reports.Count} files"),
                Size(reports.Sum(report => report.Size)), Sum(reports, Resident) is long sum ? Size(sum) : "not known",
                Share(Sum(reports, report => report.ResidentPages), reports.Sum(report => report.Pages)), "");
        }

        return new Rows(table.Draw());
    }

    /// <summary>A cell for each piece of the file, the higher the more of it is in memory; any page at all shows.</summary>
    public static string Bar(PageReport report) => report.Density.Length == 0
        ? ""
        : "[" + string.Concat(report.Density.Select(part => Eighths[(int)Math.Ceiling(part * 8)])) + "]";

    /// <summary>Bytes with three digits and a binary unit.</summary>
    public static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        string digits = value.ToString(unit == 0 || value >= 100 ? "0" : value >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);
        return $"{digits} {units[unit]}";
    }

    /// <summary>The last page of a file may be larger than what is left of the file.</summary>
    private static long? Resident(PageReport report) =>
        report.ResidentPages is long pages ? Math.Min(report.Size, pages * PlatformCapabilities.PageSize) : null;

    /// <summary>The sum of what is known of all files; null if one is not.</summary>
    public static long? Sum(IReadOnlyList<PageReport> reports, Func<PageReport, long?> part) =>
        reports.Aggregate((long?)0, (sum, report) => sum + part(report));

    private static string Share(long? some, long all) =>
        all == 0 || some is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * some / all:0} %");
}
