using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Mapwire.Http;
using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http;

/// <summary>
/// Makes what is asked for of a film's segments, or finds what was made before. Plans and headers are made on threads of the catalogue:
/// of a long film they take milliseconds.
/// </summary>
/// <param name="context">What all share.</param>
/// <param name="file">Held by the caller.</param>
/// <param name="name">The film's path below the served folder, by which it was asked for.</param>
/// <param name="query">What of it is wanted.</param>
internal sealed class SegmentMaker(HttpContext context, MediaFile file, string name, WebQuery query)
{
    /// <summary>
    /// How long nobody may have written a film that has no whole segment yet before what there is counts as whole: it may be a short one
    /// that was put there just now.
    /// </summary>
    private static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(6);

    /// <summary>How long others may keep what has its version in its address.</summary>
    public const string Forever = "max-age=31536000, immutable";

    /// <summary>How long others may keep a playlist of what does not grow.</summary>
    public const string OfPlaylist = "max-age=60";
    private const string OfGrowingPlaylist = "max-age=2";

    private readonly FileContent _content = file.Content;
    private bool? _isOpenEnded;

    /// <summary>
    /// What tells versions of the film apart in the addresses of its segments. A film that can grow keeps it: what is added changes nothing
    /// of what was there, and players go on with the playlist that they have.
    /// </summary>
    public string Version => IsOpenEnded ? _content.Beginning
        : string.Create(CultureInfo.InvariantCulture, $"{_content.Identity.LastWriteTicks:x}{_content.Identity.Length:x}");

    /// <summary>
    /// Whether the film is told and cut as one that grows: it can, or was asked for by a playlist of the time when it did. It may be whole
    /// since, and who played it then goes on with the same segments.
    /// </summary>
    private bool IsOpenEnded => _isOpenEnded ??= _content.IsOpenEnded || query.Version == _content.Beginning;

    /// <summary>The film where a playlist of several names its segments.</summary>
    /// <param name="address">Of the film, seen from the playlist.</param>
    /// <param name="hasSubtitles">Whether its subtitles are wanted.</param>
    /// <returns>The film; null where it is being written and has no whole segment yet.</returns>
    /// <exception cref="TitleException">It cannot be sent so.</exception>
    public async Task<PlacedTitle?> TryPlaceAsync(string address, bool hasSubtitles)
    {
        bool isGrowing = _content.IsBeingWritten;
        if (isGrowing && _content.Samples == 0)
        {
            return null; // its head alone was written yet
        }

        SegmentedTitle title = await CutAsync(isGrowing, IsOpenEnded).ConfigureAwait(false);
        return title.Plan.Count == 0 ? null : await PlaceAsync(title, address, hasSubtitles).ConfigureAwait(false);
    }

    /// <summary>Refuses what only a stream can do.</summary>
    /// <param name="wishes">What of the title is wanted.</param>
    /// <param name="kind">As what.</param>
    /// <exception cref="TitleException">It was asked for.</exception>
    public static void RequireEnd(PlayQuery wishes, ResourceKind kind)
    {
        if (wishes.Loops && kind != ResourceKind.Stream)
        {
            throw new TitleException(TitleError.NotPlayable, "?loop=1 takes a stream: playlists, segments and clips have an end");
        }
    }

    /// <summary>Refuses what was asked for by a playlist of another version.</summary>
    /// <param name="wanted">In the address; null for any.</param>
    /// <param name="now">Of the title.</param>
    /// <exception cref="TitleException">It was.</exception>
    public static void RequireVersion(string? wanted, string now)
    {
        if (wanted is not null && wanted != now)
        {
            throw new TitleException(TitleError.NotFound, "the title has changed since its playlist was read");
        }
    }

    /// <summary>Opens a resource.</summary>
    /// <returns>The resource; null for a playlist or stream of a film that is being written and has no whole segment yet.</returns>
    /// <exception cref="TitleException">There is none.</exception>
    public async Task<Resource?> OpenAsync(Route route)
    {
        RequireEnd(query.Wishes, route.Kind);
        RequireVersion(query.Version, Version);

        if (route.Kind == ResourceKind.Clip)
        {
            return await MakeWholeAsync("clip", () => new MadeBody(MakeClip())).ConfigureAwait(false) with { Watched = Watch(route, null) };
        }

        bool isGrowing = _content.IsBeingWritten && (route.Kind != ResourceKind.Stream || query.Wishes.End is null);
        if (isGrowing && query.Wishes.Loops)
        {
            throw new TitleException(TitleError.NotPlayable, "?loop=1 takes a film that has an end: this one is being written");
        }

        if (isGrowing && route.HasSegments && _content.Samples == 0)
        {
            return null; // its head alone was written yet
        }

        // A stream goes on where it was for as long as the file is open: it has been sent more of it when it looks again.
        bool isGathered = IsOpenEnded || (route.Kind == ResourceKind.Stream && _content.MayGrow);
        SegmentedTitle title = await CutAsync(isGrowing, isGathered).ConfigureAwait(false);
        if (title.Plan.Count == 0 && route.HasSegments)
        {
            return null; // players take a playlist without segments for a film that cannot be played
        }

        isGrowing &= title.IsGrowing || query.Wishes.End is not null;
        if (route.Kind == ResourceKind.Stream)
        {
            Resource stream = await MakeWholeAsync(
                $"stream {isGrowing} {isGathered}",
                () => new MadeBody(new FragmentedFile(title.Get(title.MainName)))).ConfigureAwait(false);
            return stream with
            {
                Watched = Watch(route, title),
                IsGrowing = isGrowing,
                IsEndless = query.Wishes.Loops && LoopingStream.IsPossible(stream.Body),
            };
        }

        if (TitleParts.Has(route.Kind))
        {
            return await MakePartAsync(route, title).ConfigureAwait(false);
        }

        PlacedTitle placed = await PlaceAsync(title, "", TitleTexts.NamesSubtitles(route.Kind)).ConfigureAwait(false);
        TitleTexts texts = new([new TitleSequence(placed)], _content, file.Name, Version)
        {
            Played = TitleOf(file, _content),
            IsEvent = IsOpenEnded && query.Wishes.End is null,
            IsGrowing = title.IsGrowing,
            Written = Written,
            Files = [file],
        };
        return await texts.OpenAsync(context, route, query, isGrowing ? OfGrowingPlaylist : OfPlaylist).ConfigureAwait(false);
    }

    /// <summary>What somebody watches who reads a file as it is.</summary>
    public static WatchedPart WatchedOf(HttpContext context, MediaFile file) =>
        new(TitleOf(file, file.Content), PlayerProtocol.File, null, (long)context.SegmentDuration.TotalMilliseconds);

    /// <summary>What is shown of a film to those who look at the statistics.</summary>
    public static PlayedTitle TitleOf(MediaFile file, FileContent content) =>
        new(file.Name, (long)content.Movie.Duration.TotalMilliseconds, content.Identity.Length);

    /// <summary>What tells the state of a file from all others, where something is made of several files: also from one that only looks the
    /// same, since the file was opened anew.</summary>
    public static string StateOf(MediaFile file)
    {
        FileContent content = file.Content;
        int opened = RuntimeHelpers.GetHashCode(content);
        return string.Create(
            CultureInfo.InvariantCulture, $"{content.Identity.LastWriteTicks:x}-{content.Identity.Length:x}-{opened:x}");
    }

    /// <summary>What of the film a request is for.</summary>
    private WatchedPart Watch(Route route, SegmentedTitle? title)
    {
        TimeSpan target = HlsPlaylists.TargetOf(title?.Plan.MaxDuration ?? TimeSpan.Zero, IsOpenEnded);
        return new WatchedPart(
            TitleOf(file, _content), route.Kind is ResourceKind.Clip or ResourceKind.Stream ? PlayerProtocol.Mp4 : null, query.Viewer,
            (long)Math.Max(target.TotalMilliseconds, context.SegmentDuration.TotalMilliseconds))
        {
            IsLooping = query.Wishes.Loops,
            Times = title is null ? null : TitleParts.TimesOf(title, route, query.Wishes.Start),
        };
    }

    /// <summary>
    /// What is told as growing has no subtitles: all playlists of an EVENT have one target duration (RFC 8216, section 6.2.4), and these
    /// have one segment.
    /// </summary>
    private async Task<PlacedTitle> PlaceAsync(SegmentedTitle title, string address, bool hasSubtitles) =>
        new(title, address, query.ForChild(Version))
        {
            PeriodQuery = query.ForStart,
            Subtitles = hasSubtitles && !IsOpenEnded ? await Subtitles.FindAsync(context, file, name).ConfigureAwait(false) : [],
        };

    private DateTimeOffset Written => new(Math.Clamp(_content.Identity.LastWriteTicks, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);

    /// <summary>The film cut; as one that is whole, too, where it has no whole segment and was not written for a while.</summary>
    private async Task<SegmentedTitle> CutAsync(bool isGrowing, bool isGathered)
    {
        TimeSpan age = _content.Age;
        SegmentedTitle title = await FindAsync(
            $"segments {isGrowing} {isGathered} {query.Key}",
            () => SegmentedTitle.Create(_content, query.Wishes, context.SegmentDuration, isGrowing, isGathered)).ConfigureAwait(false);
        return title.Plan.Count > 0 || !title.IsGrowing || age < QuietTime
            ? title : await CutAsync(isGrowing: false, isGathered).ConfigureAwait(false);
    }

    /// <summary>A file that is made of the film, as it is now.</summary>
    private async Task<Resource> MakeWholeAsync(string kind, Func<MadeBody> make)
    {
        string what = $"{kind} {query.Key}";
        MadeBody body = await FindAsync(what, make).ConfigureAwait(false);
        EntityTag tag = new($"{Version}-{Crc32C.Of(Encoding.UTF8.GetBytes(what)):x8}-{body.Length:x}");
        return new Resource([file], body, new Representation(body.Length, tag), ContentTypes.Mp4, query.CacheControl("no-cache"));
    }

    private PieceList MakeClip()
    {
        PlayQuery wishes = query.Wishes;
        try
        {
            ImmutableArray<WebTrack> tracks = WebTracks.Choose(_content.Movie, wishes);
            (TimeSpan? start, TimeSpan? end) = SegmentedTitle.TimesOf(tracks, wishes);
            return ClipFile.Create(tracks.Select(static track => track.Track), start, end);
        }
        catch (Mp4WritingException exception)
        {
            throw new TitleException(TitleError.NotPlayable, exception.Message, exception);
        }
    }

    private async Task<Resource> MakePartAsync(Route route, SegmentedTitle title)
    {
        string what = MadePart.KeyOf(route, query);
        bool mayGoOn = route.Kind == ResourceKind.Segment && !title.IsGrowing && _content.Movie is { MayGrow: true, IsComplete: false };
        MadePart part = await FindAsync(
            what, () => MadePart.Create(title, route, Version, what, () => Watch(route, title) with { Id = null }) with
            {
                // More pictures would make the last segment of pictures longer, and cut what is behind it elsewhere.
                IsOpenEnd = mayGoOn
                    && (route.Index == title.Plan.Count - 1 || title.Get(title.Tracks[0].Name).IsEmpty(route.Index + 1)),
            }).ConfigureAwait(false);
        return part.ToResource(file, query);
    }

    private Task<T> FindAsync<T>(string what, Func<T> make)
        where T : class, IDerived => context.MakeAsync(
            new MadeKey(_content, what), what.StartsWith("clip", StringComparison.Ordinal) ? $"clip {file.Name}" : file.Name, make);
}
