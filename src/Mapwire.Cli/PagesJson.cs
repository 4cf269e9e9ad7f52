using Mapwire.Memory;

namespace Mapwire.Cli;

/// <summary>What is in memory, for programs. Sizes are bytes; null where the system does not tell this user.</summary>
internal sealed record PagesJson(long PageSize, IReadOnlyList<PagesFileJson> Files, PagesSumJson Sum)
{
    public static PagesJson From(IReadOnlyList<PageReport> reports) => new(
        PlatformCapabilities.PageSize,
        [.. reports.Select(static report => new PagesFileJson(report.Path, report.Size, report.Pages, report.ResidentPages))],
        new PagesSumJson(
            reports.Count, reports.Sum(static report => report.Size), reports.Sum(static report => report.Pages),
            PagesText.Sum(reports, static report => report.ResidentPages)));
}

/// <summary>A file.</summary>
internal sealed record PagesFileJson(string File, long Size, long Pages, long? ResidentPages);

/// <summary>All files.</summary>
internal sealed record PagesSumJson(int Files, long Size, long Pages, long? ResidentPages);
