using System.Collections.Immutable;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mapwire.Server.Reports;

/// <summary>What the server would make of a playlist: the same opening as for a player, told instead of played.</summary>
public sealed class PlaylistReport
{
    /// <summary>Why the list is refused; null when it plays, be it only for players that offer its codecs (Enhanced RTMP).</summary>
    public string? Refusal { get; internal init; }

    /// <summary>Why players that offer no codecs are refused; null when they are not.</summary>
    public string? PlainRefusal { get; internal init; }

    /// <summary>How long it plays; zero when it is refused.</summary>
    public TimeSpan Duration { get; internal init; }

    /// <summary>The length of the list's file in bytes.</summary>
    public long FileLength { get; internal init; }

    /// <summary>The items; empty when the list could not be read.</summary>
    public IReadOnlyList<PlaylistItemReport> Items { get; internal init; } = [];

    /// <summary>Whether the items are qualities of one film, which play by HLS and DASH alone, and no films one after the other.</summary>
    public bool IsQualities { get; internal init; }

    /// <summary>Whether a file of this name is served as a playlist.</summary>
    /// <param name="path">Only its extension counts.</param>
    public static bool IsPlaylist(string path) => PlaylistFile.IsPlaylist(path);

    /// <summary>Opens a playlist as the server would and tells what it found. A list that is refused is a report too.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What each file may cost before it is refused; null for the defaults.</param>
    /// <param name="served">
    /// The served folder, in which the list lies: items that are links out of it are not found. Null for the list's own folder.
    /// </param>
    public static async Task<PlaylistReport> OfAsync(string path, TitleLimits? limits = null, string? served = null)
    {
        string full = Path.GetFullPath(path);
        served = Path.GetFullPath(served ?? Path.GetDirectoryName(full)!);
        string name = Path.GetRelativePath(served, full).Replace(Path.DirectorySeparatorChar, '/');
        string below = name.Contains('/', StringComparison.Ordinal) ? name[..name.LastIndexOf('/')] : "";
        ServedFolder folder = new(served);
        using TitleCatalog titles = new(new FileCatalog(folder, new FileBudget(), limits: limits), NullLogger.Instance);
        ReelOpener opener = new(folder, titles, PlaylistFile.MaxItems);
        TrackChoice able = new(PlayerCodecs.All);
        IReadOnlyList<PlaylistItem> items;
        try
        {
            items = PlaylistFile.Read(folder.Find(name) ?? full, name, folder, PlaylistFile.MaxItems);
        }
        catch (TitleException refused)
        {
            return new PlaylistReport
            {
                Refusal = refused.Message,
                PlainRefusal = refused.Message,
                FileLength = TitleReport.LengthOf(full),
            };
        }

        (ImmutableArray<ReelPart>? parts, string? plainRefusal) =
            await TryAsync(() => opener.JoinAsync(items, below, default)).ConfigureAwait(false);
        string? refusal = null;
        if (parts is null)
        {
            (parts, refusal) = await TryAsync(() => opener.JoinAsync(items, below, able)).ConfigureAwait(false);
        }

        Reel? reel = parts is { } joined ? new Reel(joined, loops: false) : null;
        PlaylistReport report = new()
        {
            Refusal = refusal,
            PlainRefusal = plainRefusal,
            Duration = TimeSpan.FromMilliseconds(reel?.Length ?? 0),
            FileLength = TitleReport.LengthOf(full),
            Items = await ItemsAsync(opener, below, items, parts, able).ConfigureAwait(false),
        };
        reel?.Release();
        return report;
    }

    /// <summary>Each item by itself, so that a list with several bad ones tells of all.</summary>
    private static async Task<IReadOnlyList<PlaylistItemReport>> ItemsAsync(
        ReelOpener opener, string folder, IReadOnlyList<PlaylistItem> items, ImmutableArray<ReelPart>? joined, TrackChoice able)
    {
        List<PlaylistItemReport> reports = [];
        for (int i = 0; i < items.Count; i++)
        {
            PlaylistItem item = items[i];
            int number = i + 1;
            (ReelPart? plain, string? plainRefusal) =
                await TryAsync(() => opener.OpenItemAsync(folder, item, number, default), isItem: true).ConfigureAwait(false);
            string? refusal = null;
            ReelPart? part = plain;
            if (part is null)
            {
                (part, refusal) =
                    await TryAsync(() => opener.OpenItemAsync(folder, item, number, able), isItem: true).ConfigureAwait(false);
            }

            ReelPart? shown = joined is { } parts ? parts[i] : part; // joined, it begins where the one before leaves off
            reports.Add(new PlaylistItemReport
            {
                Number = number,
                Name = TerminalText.Clean(item.Name),
                Place = item.Place.ToString(),
                In = TimeSpan.FromMilliseconds(shown?.In.Milliseconds ?? 0),
                Out = TimeSpan.FromMilliseconds(shown?.Out.Milliseconds ?? 0),
                Refusal = refusal,
                PlainRefusal = plainRefusal,
                Warnings = [.. part?.Title.File.Content.Movie.Warnings ?? []],
            });
            part?.Title.Release();
        }

        return reports;
    }

    private static async Task<(T? Opened, string? Refusal)> TryAsync<T>(Func<Task<T>> open, bool isItem = false)
        where T : struct
    {
        try
        {
            return (await open().ConfigureAwait(false), null);
        }
        catch (TitleException refused)
        {
            return (null, isItem && refused.InnerException is TitleException item ? item.Message : refused.Message);
        }
    }
}

/// <summary>One item of a <see cref="PlaylistReport"/>.</summary>
public sealed class PlaylistItemReport
{
    /// <summary>The item's number in its list, from 1.</summary>
    public int Number { get; internal init; }

    /// <summary>The name as the list has it.</summary>
    public string Name { get; internal init; } = "";

    /// <summary>Where the list names it: <c>line 3 at offset 40</c>.</summary>
    public string Place { get; internal init; } = "";

    /// <summary>Where it begins in its recording; zero when it is refused.</summary>
    public TimeSpan In { get; internal init; }

    /// <summary>Where it ends in its recording; zero when it is refused.</summary>
    public TimeSpan Out { get; internal init; }

    /// <summary>Why it is refused; null when it plays, be it only for players that offer its codecs (Enhanced RTMP).</summary>
    public string? Refusal { get; internal init; }

    /// <summary>Why it is refused to players that offer no codecs; null when it is not.</summary>
    public string? PlainRefusal { get; internal init; }

    /// <summary>What is wrong with its recording though it plays, a line each: that it is cut off, and where it is damaged.</summary>
    public IReadOnlyList<string> Warnings { get; internal init; } = [];
}
