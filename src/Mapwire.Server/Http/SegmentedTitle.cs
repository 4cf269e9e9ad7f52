using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Playback;

namespace Mapwire.Server.Http;

/// <summary>
/// A film, or a piece of one, cut into segments: one line of time for all its tracks, and what is sent of them in whatever combination.
/// Made once for all who have the same wishes.
/// </summary>
internal sealed class SegmentedTitle : IDerived
{
    /// <summary>What a rendition takes a segment and track, and a plan besides, in bytes, about.</summary>
    private const int BytesPerSegment = 64;

    private readonly Dictionary<string, Rendition> _renditions = [];
    private readonly Lock _gate = new();
    private RenditionPictures? _pictures;

    private SegmentedTitle(ImmutableArray<WebTrack> tracks, SegmentPlan plan, bool isGrowing)
    {
        Tracks = tracks;
        Plan = plan;
        IsGrowing = isGrowing;
    }

    /// <summary>The tracks on the line, in its order.</summary>
    public ImmutableArray<WebTrack> Tracks { get; }

    /// <summary>Where segments begin.</summary>
    public SegmentPlan Plan { get; }

    /// <summary>Whether more is expected at its end.</summary>
    public bool IsGrowing { get; }

    /// <summary>The picture with the sound that is heard by default, or what there is of the two.</summary>
    public string MainName => string.Concat(Tracks.Where((track, index) => index == 0 || (index == 1 && HasPictures)).Select(
        static track => track.Name));

    /// <summary>Whether the first track is pictures.</summary>
    public bool HasPictures => Tracks[0].Track.Kind == TrackKind.Video;

    /// <summary>When a segment begins, in milliseconds from where the first one does.</summary>
    /// <param name="segment">Counted from 0; the number of segments for the end of the last.</param>
    public long GetTime(int segment) =>
        (long)((Int128)(Plan.GetStart(segment) - Plan.GetStart(0)) * 1000 / Plan.Timeline.Reference.Timescale);

    /// <summary>The sounds, the default one first.</summary>
    public IEnumerable<WebTrack> Sounds => Tracks.Where(static track => track.Track.Kind == TrackKind.Audio);

    /// <summary>How long it is presented.</summary>
    public TimeSpan Duration => ToTime(Plan.GetStart(Plan.Count) - Math.Max(0, Plan.Timeline.Origin));

    /// <summary>When a period begins, from the beginning of the presentation on, and how long it is.</summary>
    /// <param name="period">Counted from 0.</param>
    public (TimeSpan Start, TimeSpan Length) GetPeriodTimes(int period)
    {
        (int first, int end) = Plan.GetSegments(period);
        long origin = Math.Max(0, Plan.Timeline.Origin);
        long from = first == 0 ? origin : Plan.GetStart(first);
        return (ToTime(from - origin), ToTime(Plan.GetStart(end) - from));
    }

    /// <inheritdoc/>
    public long ByteSize =>
        4096 + ((long)BytesPerSegment * Plan.Count * (Tracks.Length + 1)) + (Volatile.Read(ref _pictures)?.ByteSize ?? 0);

    /// <summary>Cuts what a file held.</summary>
    /// <param name="content">What it held.</param>
    /// <param name="wishes">Which of its tracks, and from when to when.</param>
    /// <param name="duration">How long a segment should be.</param>
    /// <param name="isGrowing">Whether more is expected at its end.</param>
    /// <param name="isGathered">Whether segments are never contiguous, as those of what grew are not.</param>
    /// <exception cref="TitleException">It cannot be sent so.</exception>
    public static SegmentedTitle Create(FileContent content, PlayQuery wishes, TimeSpan duration, bool isGrowing, bool isGathered)
    {
        try
        {
            ImmutableArray<WebTrack> chosen = WebTracks.Choose(content.Movie, wishes);
            (TimeSpan? start, TimeSpan? end) = TimesOf(chosen, wishes);
            Timeline line = Timeline.Create(chosen.Select(static track => track.Track), start, end);
            SegmentPlan plan = SegmentPlan.Create(line, new SegmentOptions
            {
                TargetDuration = duration,
                IsGrowing = isGrowing && end is null,
                IsGathered = isGathered,
            });
            return new SegmentedTitle(TracksOf(line, chosen), plan, isGrowing && end is null);
        }
        catch (Mp4WritingException exception)
        {
            throw new TitleException(TitleError.NotPlayable, exception.Message, exception);
        }
    }

    private TimeSpan ToTime(long ticks) =>
        TimeSpan.FromTicks((long)((Int128)Math.Max(0, ticks) * TimeSpan.TicksPerSecond / Plan.Timeline.Reference.Timescale));

    /// <summary>Cuts several qualities of a film at the same times.</summary>
    /// <param name="contents">One a quality.</param>
    /// <param name="wishes">Which of their tracks, and from when to when.</param>
    /// <param name="duration">How long a segment should be.</param>
    /// <exception cref="TitleException">They cannot be sent so.</exception>
    public static ImmutableArray<SegmentedTitle> CreateAligned(IReadOnlyList<FileContent> contents, PlayQuery wishes, TimeSpan duration)
    {
        try
        {
            ImmutableArray<WebTrack>[] chosen = [.. contents.Select(content => WebTracks.Choose(content.Movie, wishes))];
            int silent = Array.FindIndex(chosen, static tracks => tracks[0].Track.Kind != TrackKind.Video);
            if (silent >= 0)
            {
                throw new TitleException(TitleError.NotPlayable, $"quality {silent + 1} has no pictures");
            }

            Timeline[] lines = [.. chosen.Select(tracks => Place(tracks, null))];
            TimeSpan origin = lines.Max(static line => line.OriginTime);
            lines = [.. chosen.Select(tracks => Place(tracks, origin))];
            ImmutableArray<SegmentPlan> plans = AlignedPlans.Create(lines, new SegmentOptions { TargetDuration = duration });
            int changing = plans.Select(static plan => plan.Periods > 1).ToList().IndexOf(true);
            return changing < 0
                ? [.. plans.Select((plan, index) => new SegmentedTitle(TracksOf(lines[index], chosen[index]), plan, isGrowing: false))]
                : throw new TitleException(TitleError.NotPlayable, $"quality {changing + 1} changes its codec's configuration");

            Timeline Place(ImmutableArray<WebTrack> tracks, TimeSpan? leastOrigin)
            {
                (TimeSpan? start, TimeSpan? end) = TimesOf(tracks, wishes);
                return Timeline.Create(tracks.Select(static track => track.Track), start, end, leastOrigin: leastOrigin);
            }
        }
        catch (Mp4WritingException exception)
        {
            throw new TitleException(TitleError.NotPlayable, exception.Message, exception);
        }
    }

    /// <summary>
    /// Where a piece begins and ends on the line of the whole film: the query counts from the beginning of the presentation, as over RTMP.
    /// </summary>
    /// <param name="tracks">Of the film.</param>
    /// <param name="wishes">From when to when.</param>
    /// <exception cref="Mp4WritingException">The film has no such line.</exception>
    /// <exception cref="TitleException">It begins behind the film's end.</exception>
    public static (TimeSpan? Start, TimeSpan? End) TimesOf(IEnumerable<WebTrack> tracks, PlayQuery wishes)
    {
        if (wishes is { Start: 0, End: null })
        {
            return (null, null);
        }

        Timeline line = Timeline.Create(tracks.Select(static track => track.Track));
        TimeSpan origin = line.OriginTime;
        if (wishes.Start > 0 && (long)(EndOf(line) - origin).TotalMilliseconds is var length && wishes.Start >= length)
        {
            throw ReelOpener.Nothing(wishes.Start, wishes.End, length);
        }

        return (wishes.Start == 0 ? null : origin + TimeSpan.FromMilliseconds(wishes.Start),
            wishes.End is { } end ? origin + TimeSpan.FromMilliseconds(end) : null);
    }

    /// <summary>When the last sample of a line has been shown.</summary>
    private static TimeSpan EndOf(Timeline line)
    {
        const int Reordered = 32; // samples at the end that may be shown in another order
        TimeSpan end = TimeSpan.Zero;
        foreach (TimelineTrack track in line.Tracks)
        {
            TimelineTrack.Enumerator samples = track.From(Math.Max(0, track.Count - Reordered));
            while (samples.MoveNext())
            {
                Int128 ticks = samples.Current.PresentationTime + samples.Current.Duration;
                TimeSpan time = TimeSpan.FromTicks((long)(ticks * TimeSpan.TicksPerSecond / track.Timescale));
                end = time > end ? time : end;
            }
        }

        return end;
    }

    private static ImmutableArray<WebTrack> TracksOf(Timeline line, ImmutableArray<WebTrack> chosen) =>
        [.. line.Tracks.Select(placed => chosen.First(track => track.Track == placed.Source))];

    /// <summary>What is sent of some of the tracks.</summary>
    /// <param name="name">Their names, one behind the other: <c>v1a2</c>.</param>
    /// <exception cref="TitleException">There is no such track, or it cannot be sent so.</exception>
    public Rendition Get(string name)
    {
        lock (_gate)
        {
            if (_renditions.TryGetValue(name, out Rendition? made))
            {
                return made;
            }

            List<int> numbers = [];
            string rest = name;
            for (int i = 0; i < Tracks.Length; i++)
            {
                string track = Tracks[i].Name;
                if (rest.StartsWith(track, StringComparison.Ordinal)
                    && (rest.Length == track.Length || !char.IsAsciiDigit(rest[track.Length])))
                {
                    numbers.Add(i);
                    rest = rest[track.Length..];
                }
            }

            // One track alone, or pictures with a sound: every other combination is one that no playlist names.
            if (rest.Length > 0 || numbers.Count is 0 or > 2 || (numbers.Count == 2 && (numbers[0] != 0 || !HasPictures)))
            {
                throw new TitleException(TitleError.NotFound, "the title has no such tracks");
            }

            try
            {
                made = Plan.CreateRendition([.. numbers]);
            }
            catch (Mp4WritingException exception)
            {
                throw new TitleException(TitleError.NotPlayable, exception.Message, exception);
            }

            _renditions.Add(name, made);
            return made;
        }
    }

    /// <summary>The pictures that decoding can start with; one walk through the film.</summary>
    public RenditionPictures GetPictures()
    {
        lock (_gate)
        {
            return _pictures ??= new RenditionPictures(Get(Tracks[0].Name));
        }
    }
}

/// <summary>
/// The sync pictures of a rendition of pictures alone, each until the next one: all of them, or where there are very many one a second. A
/// film that grows keeps the numbers that it has.
/// </summary>
internal sealed class RenditionPictures
{
    /// <summary>From this one on there is one a second: 18 hours of one a second, and 43 minutes of a film of key pictures alone.</summary>
    private const int MaxDense = 1 << 16;

    /// <summary>The most: as many as there are segments (<see cref="WritingLimits.Segments"/>). The last stands until the end.</summary>
    private const int MaxPictures = 1 << 17;

    /// <summary>What a picture takes in memory, in bytes, about.</summary>
    private const int BytesPerPicture = 64;

    private readonly List<(SyncPicture Picture, int Segment)> _pictures = [];
    private long _headers; // of each picture's segment, in bytes; 0 until one was made

    /// <summary>Finds them.</summary>
    public RenditionPictures(Rendition rendition)
    {
        Rendition = rendition;
        long second = rendition.Tracks[0].Timescale;
        for (int segment = 0; segment < rendition.Count && Count < MaxPictures; segment++)
        {
            foreach (SyncPicture picture in rendition.GetSyncPictures(segment))
            {
                if (Count < MaxDense
                    || (Count < MaxPictures && picture.PresentationTime - _pictures[^1].Picture.PresentationTime >= second))
                {
                    _pictures.Add((picture, segment));
                }
            }
        }
    }

    /// <summary>Of which they are.</summary>
    public Rendition Rendition { get; }

    /// <summary>How many there are.</summary>
    public int Count => _pictures.Count;

    /// <summary>What they take in memory, in bytes, about.</summary>
    public long ByteSize => 256 + ((long)BytesPerPicture * _pictures.Capacity);

    /// <summary>The period that a picture is in.</summary>
    public int GetPeriod(int index) => Rendition.Plan.GetPeriod(_pictures[index].Segment);

    /// <summary>How long a picture stands, in ticks of its track.</summary>
    public long GetDuration(int index)
    {
        long end = index + 1 < Count ? _pictures[index + 1].Picture.PresentationTime : Rendition.GetStart(Rendition.Count);
        return Math.Clamp(end - _pictures[index].Picture.PresentationTime, 1, uint.MaxValue);
    }

    /// <summary>The bytes of a picture's segment: all have the same headers.</summary>
    public long GetLength(int index)
    {
        if (_headers == 0)
        {
            _headers = Create(0).Length - _pictures[0].Picture.Length;
        }

        return _headers + _pictures[index].Picture.Length;
    }

    /// <summary>A segment of the picture alone.</summary>
    public PieceList Create(int index) => Rendition.CreatePicture(_pictures[index].Picture, GetDuration(index));
}
