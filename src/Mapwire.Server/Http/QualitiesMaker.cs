using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Playback;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http;

/// <summary>
/// Makes what is asked for of several qualities of one film, each a file of its own, cut at the same times
/// (docs/adr/0046-qualities-are-files.md).
/// </summary>
/// <param name="context">What all share.</param>
/// <param name="name">The title's path below the served folder.</param>
/// <param name="query">What of it is wanted.</param>
internal sealed class QualitiesMaker(HttpContext context, string name, WebQuery query)
{
    /// <summary>The most qualities; their numbers have one digit in addresses.</summary>
    public const int MaxQualities = 9;

    /// <summary>The qualities that a file lists.</summary>
    /// <param name="reels">Reads the list.</param>
    /// <param name="files">Finds the qualities.</param>
    /// <param name="list">The file.</param>
    /// <exception cref="TitleException">It lists none or too many, or one is not there.</exception>
    public static async Task<List<FoundFile>> ReadAsync(ReelOpener reels, FileCatalog files, FoundFile list)
    {
        (IReadOnlyList<PlaylistItem> items, string folder) = await reels.ReadListAsync(list).ConfigureAwait(false);
        if (items.Count > MaxQualities)
        {
            throw new TitleException(TitleError.NotPlayable, $"{items.Count} qualities are listed, {MaxQualities} are the most");
        }

        List<FoundFile> found = [];
        foreach (PlaylistItem item in items)
        {
            PlayName file = PlayName.Parse(folder, item.Name);
            if (item is not { In: null, Out: null } || file.Query.Length > 0)
            {
                throw new TitleException(TitleError.NotPlayable, $"a quality is a whole film, and {item.Name} a piece ({item.Place})");
            }

            found.Add(await files.FindAsync(file).ConfigureAwait(false));
        }

        return found;
    }

    /// <summary>Opens a resource.</summary>
    /// <param name="route">What is asked for.</param>
    /// <param name="found">The qualities' files.</param>
    /// <exception cref="TitleException">There is none, or the qualities cannot be played together.</exception>
    public async Task<Resource> OpenAsync(Route route, List<FoundFile> found)
    {
        SegmentMaker.RequireEnd(query.Wishes, route.Kind);
        if (route.Kind is ResourceKind.Stream or ResourceKind.Clip)
        {
            throw ReelOpener.SeveralQualities();
        }

        using OpenFiles files = new(context.Titles.Files);
        MediaFile[] opened = await Task.WhenAll(found.Select(files.OpenAsync)).ConfigureAwait(false);
        string version = VersionOf(opened);
        SegmentMaker.RequireVersion(query.Version, version);
        AlignedTitles aligned = await AlignAsync(opened).ConfigureAwait(false);
        bool isPart = TitleParts.Has(route.Kind);
        bool isOfQuality = isPart || route.Kind is ResourceKind.Playlist or ResourceKind.PicturePlaylist;
        if (route.Quality > opened.Length || (route.Quality == 0 && isOfQuality))
        {
            throw new TitleException(TitleError.NotFound, $"there are {opened.Length} qualities, and not {route.Quality}");
        }

        return isPart
            ? await MakePartAsync(route, opened[route.Quality - 1], aligned.Titles[route.Quality - 1], version, files).ConfigureAwait(false)
            : await MakeTextAsync(route, opened, aligned, version).ConfigureAwait(false);
    }

    private async Task<Resource> MakeTextAsync(Route route, MediaFile[] files, AlignedTitles aligned, string version)
    {
        string children = query.ForChild(version);
        PlacedTitle[] placed =
        [
            .. aligned.Titles.Select((title, index) => new PlacedTitle(
                title, string.Create(CultureInfo.InvariantCulture, $"q{index + 1}-"), children)),
        ];
        if (TitleTexts.NamesSubtitles(route.Kind))
        {
            placed[0] = placed[0] with
            {
                PeriodQuery = query.ForStart,
                Subtitles = await Subtitles.FindAsync(context, files[0], Stem + ".mp4").ConfigureAwait(false),
            };
        }

        TitleTexts texts = new(
            [.. placed.Select(static one => new TitleSequence(one) { Prefix = one.Address })], files[0].Content, name, version)
        {
            Played = TitleOf(files[0], aligned.Titles[0]),
            OtherStates = string.Join(' ', files.Select(SegmentMaker.StateOf)),
        };
        return await texts.OpenAsync(context, route, query, SegmentMaker.OfPlaylist).ConfigureAwait(false);
    }

    private PlayedTitle TitleOf(MediaFile file, SegmentedTitle title) =>
        new(name, (long)title.Duration.TotalMilliseconds, file.Identity.Length);

    /// <summary>The film's name, whose subtitles these are: without its extension, or what says that it lists qualities.</summary>
    private string Stem => PlaylistFile.IsQualities(name)
        ? name[..^PlaylistFile.QualitiesExtension.Length] : Path.ChangeExtension(name, null);

    private async Task<Resource> MakePartAsync(Route route, MediaFile file, SegmentedTitle title, string version, OpenFiles files)
    {
        string what = $"quality {version} {route.Kind} {route.Tracks} {route.Index} {query.Key}";
        MadePart part = await context.MakeAsync(
            new MadeKey(file.Content, $"{what} {name}"), name, // the same files can be qualities of several titles
            () => MadePart.Create(title, route, version, what, Watch)).ConfigureAwait(false);
        files.Take(file);
        return part.ToResource(file, query);

        WatchedPart Watch() => new(
            TitleOf(file, title), null, null, (long)HlsPlaylists.TargetOf(title.Plan.MaxDuration, isEvent: false).TotalMilliseconds)
        {
            Times = TitleParts.TimesOf(title, route, query.Wishes.Start),
        };
    }

    private async Task<AlignedTitles> AlignAsync(MediaFile[] files)
    {
        FileContent[] contents = [.. files.Select(static file => file.Content)];
        MadeKey key = new(contents[0], $"qualities {string.Join(' ', files.Select(SegmentMaker.StateOf))} {query.Key}");
        AlignedTitles made = await context.MakeAsync(key, name, Align).ConfigureAwait(false);
        return made.Contents.Zip(contents).All(static pair => ReferenceEquals(pair.First, pair.Second))
            ? made
            : await context.Titles.Files.ComputeAsync($"segments {name}", Align).ConfigureAwait(false);

        AlignedTitles Align() => new([.. contents], SegmentedTitle.CreateAligned(contents, query.Wishes, context.SegmentDuration));
    }

    private static string VersionOf(MediaFile[] files)
    {
        string text = string.Join(' ', files.Select(
            static file => $"{file.Identity.FileId} {file.Identity.LastWriteTicks} {file.Identity.Length}"));
        return string.Create(CultureInfo.InvariantCulture, $"{Crc32C.Of(Encoding.UTF8.GetBytes(text)):x8}{files.Length}");
    }

    /// <summary>Qualities that were cut at the same times.</summary>
    /// <param name="Contents">What their files held.</param>
    /// <param name="Titles">One for each.</param>
    private sealed record AlignedTitles(ImmutableArray<FileContent> Contents, ImmutableArray<SegmentedTitle> Titles) : IDerived
    {
        public long ByteSize => Titles.Sum(static title => title.ByteSize);
    }
}
