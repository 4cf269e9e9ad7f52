using Mapwire.Fuzzing;
using Mapwire.Media.Mp4;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Media.Tests.Tools;

namespace Mapwire.Media.Tests.Fuzzing;

/// <summary>
/// Writes what was read of a damaged film as the server would: segments, a stream of all, a clip. Either it is refused in words, or every
/// answer has the length that was promised, points into the file, and is read again with the same samples.
/// </summary>
internal static class FilmWriting
{
    /// <summary>So small that they are met.</summary>
    private static readonly WritingLimits Limits =
        new() { SegmentSamples = 5000, Segments = 200, MovieBytes = 100_000, HiddenPictures = 50 };

    /// <param name="movie">Whatever was read.</param>
    /// <param name="file">Its bytes.</param>
    /// <param name="features">What was met.</param>
    public static void Check(Movie movie, byte[] file, FeatureSet features)
    {
        Track[] tracks = Pieces.TracksOf(movie);
        if (tracks.Length == 0)
        {
            return;
        }

        Try(() => WriteSegments(Timeline.Create(tracks, limits: Limits), file, features), features);
        TimeSpan middle = movie.Duration / 2;
        Try(() => WriteSegments(Timeline.Create(tracks, middle, middle + TimeSpan.FromSeconds(1), Limits), file, features), features);
        Try(() => WriteClip(tracks, middle, file, features), features);
    }

    private static void Try(Action write, FeatureSet features)
    {
        try
        {
            write();
        }
        catch (Mp4WritingException refusal)
        {
            features.AddMessage(refusal.Message);
            Require(refusal.Message.Length > 10, "a refusal says nothing");
        }
    }

    private static void WriteSegments(Timeline timeline, byte[] file, FeatureSet features)
    {
        foreach (TimelineTrack track in timeline.Tracks)
        {
            long before = 0;
            TimelineTrack.Enumerator samples = track.From(0);
            while (samples.MoveNext())
            {
                TimedSample sample = samples.Current;
                Require(sample.DecodeTime >= before && sample.CompositionOffset >= 0 && sample.Duration >= 0, "times go back");
                before = sample.DecodeTime;
            }
        }

        SegmentPlan plan = SegmentPlan.Create(timeline, new SegmentOptions { TargetDuration = TimeSpan.FromSeconds(1), Limits = Limits });
        Rendition rendition = plan.CreateRendition([.. Enumerable.Range(0, timeline.Tracks.Length)]);
        features.Add("plan", FeatureSet.Size(plan.Count), plan.Periods,
            (rendition.IsContiguous ? 1 : 0) + (timeline.Tracks[0].HiddenCount > 0 ? 2 : 0));
        features.AddMessage(rendition.WhyGathered ?? "contiguous");
        _ = RenditionAttributes.From(rendition);
        for (int i = 0; i < Math.Min(3, rendition.Count); i++)
        {
            Require(rendition.CreateSegment(i).Length == rendition.GetLength(i), "a segment has another length");
            foreach (SyncPicture picture in rendition.GetSyncPictures(i))
            {
                Require(picture.Offset + picture.Length <= rendition.GetLength(i), "a picture is outside its segment");
            }
        }

        FragmentedFile whole = new(rendition);
        if (whole.Length > 100_000)
        {
            return; // of samples that lie upon each other
        }

        byte[] stream = Pieces.Join(whole, file);
        Require(stream.Length == whole.Length, "the stream has another length");
        CheckSame(stream, file, timeline.Tracks);
    }

    private static void WriteClip(Track[] tracks, TimeSpan middle, byte[] file, FeatureSet features)
    {
        PieceList body = ClipFile.Create(tracks, middle, middle + TimeSpan.FromSeconds(1), Limits);
        features.Add("clip", body.Count);
        if (body.Length <= 100_000)
        {
            byte[] clip = Pieces.Join(body, file);
            Require(clip.Length == body.Length, "the clip has another length");
            Require(MovieFiles.Parse(clip).Warnings.Count == 0, "the clip is damaged");
        }
    }

    private static void CheckSame(byte[] stream, byte[] file, IReadOnlyList<TimelineTrack> tracks)
    {
        Movie movie = MovieFiles.Parse(stream);
        Require(movie.Warnings.Count == 0, "what was written is damaged");
        for (int i = 0; i < tracks.Count; i++)
        {
            if (movie.Tracks[i].Codec is null)
            {
                continue; // all its samples are empty
            }

            Require(movie.Tracks[i].Samples.Count == tracks[i].Count, "samples are missing");
            TimelineTrack.Enumerator expected = tracks[i].From(0);
            foreach (Sample sample in movie.Tracks[i].Samples)
            {
                expected.MoveNext();
                TimedSample from = expected.Current;
                Require(sample.PresentationTime - sample.DecodeTime == from.CompositionOffset,
                    $"a picture is presented {sample.CompositionOffset} ticks late, not {from.CompositionOffset}");
                Require(sample.IsSync == from.IsSync || (expected.Index == 0 && movie.Tracks[i].Rates.SyncSamples == 1),
                    $"sample {expected.Index} of track {i} has another sync flag"); // without any, players start with the first
                Require(file.AsSpan((int)from.Offset, (int)from.Size).SequenceEqual(stream.AsSpan((int)sample.Offset, (int)sample.Size)),
                    "a sample has other bytes");
            }
        }
    }

    private static void Require(bool holds, string promise)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(promise);
        }
    }
}
