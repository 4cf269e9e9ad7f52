using System.Text.Json;
using Mapwire.Memory;

namespace Mapwire.Cli;

/// <summary>What is in memory, for programs. Sizes are bytes.</summary>
internal static class PagesJson
{
    /// <summary>Writes one object: pageSize, files (file, size, pages, residentPages or null) and their sum.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<PageReport> reports)
    {
        json.WriteStartObject();
        json.WriteNumber("pageSize", PlatformCapabilities.PageSize);
        json.WriteStartArray("files");
        foreach (PageReport report in reports)
        {
            json.WriteStartObject();
            json.WriteString("file", report.Path);
            WriteNumbers(json, report.Size, report.Pages, report.ResidentPages);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("sum");
        json.WriteNumber("files", reports.Count);
        WriteNumbers(
            json, reports.Sum(report => report.Size), reports.Sum(report => report.Pages), PagesText.Sum(reports, report => report.ResidentPages));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, long size, long pages, long? resident)
    {
        json.WriteNumber("size", size);
        json.WriteNumber("pages", pages);
        if (resident is long known)
        {
            json.WriteNumber("residentPages", known);
        }
        else
        {
            json.WriteNull("residentPages"); // the system does not tell this user
        }
    }
}
