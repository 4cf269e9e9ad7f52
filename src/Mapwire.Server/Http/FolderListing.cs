using System.Buffers;
using System.Text.Json;
using Mapwire.Http;
using Mapwire.Http.Targets;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Http;

/// <summary>The titles of a folder as JSON, for pages and programs that let people choose.</summary>
internal static class FolderListing
{
    /// <summary>Lists a folder.</summary>
    /// <param name="context">What is served.</param>
    /// <param name="folder">The folder's path below the served one; empty for itself.</param>
    /// <exception cref="TitleException">There is none, it cannot be read, or nothing is listed here.</exception>
    public static async Task<Resource> OpenAsync(HttpContext context, string folder)
    {
        if (!context.ListsTitles)
        {
            throw new TitleException(TitleError.NotFound, PathFaults.OfFolder(context, folder));
        }

        TitleListing listing = await context.Titles.Files.ListAsync(folder).ConfigureAwait(false);
        return Resource.OfBytes(Write(context.Titles.Files, folder, listing), ContentTypes.FromName(".json"), "no-cache");
    }

    private static byte[] Write(FileCatalog files, string folder, TitleListing listing)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter json = new(output))
        {
            json.WriteStartObject();
            json.WriteStartArray("folders");
            foreach (string name in listing.Folders)
            {
                WriteEntry(json, name, "/", null);
            }

            json.WriteEndArray();
            json.WriteStartArray("titles");
            foreach (string name in listing.Titles)
            {
                WriteEntry(json, name, "", files.FindDuration(folder.Length == 0 ? name : $"{folder}/{name}"));
            }

            json.WriteEndArray();
            json.WriteBoolean("complete", listing.IsWhole);
            if (!listing.IsWhole)
            {
                json.WriteString(
                    "reason", $"of a folder {TitleListing.MaxEntries} titles and folders are listed, those that its file system has first");
            }

            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>A name, and its address seen from the listing; one that no address leads to is left out.</summary>
    private static void WriteEntry(Utf8JsonWriter json, string name, string end, TimeSpan? duration)
    {
        if (PercentEncoding.TryEncodeSegment(name, out string? segment))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("url", segment + end);
            if (duration is { } length)
            {
                json.WriteNumber("duration", Math.Round(length.TotalSeconds, 3));
            }

            json.WriteEndObject();
        }
    }
}
