using Mapwire.Media.Mp4.Writing;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Mp4.Writing;

/// <summary>
/// Films that ffmpeg writes, cut into segments, streams and clips, and read by ffmpeg and GStreamer as they read the film itself.
/// </summary>
public sealed class RealFilmTests
{
    private const string Picture = "-f lavfi -i testsrc2=s=160x120:r=25:d=4";
    private const string Sound = "-f lavfi -i sine=440:r=44100:d=4";
    private const string Hevc = "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25:bframes=2";
    private const string Avc = "-c:v libx264 -preset veryfast -g 25 -bf 3";

    public static TheoryData<string, string> Films
    {
        get
        {
            TheoryData<string, string> films = [];
            foreach ((string name, string arguments) in ReferenceTests.Files.Select(static row => row.Data))
            {
                films.Add(name, arguments);
            }

            foreach ((string name, string arguments) in More)
            {
                films.Add(name, arguments);
            }

            return films;
        }
    }

    /// <summary>One of each kind.</summary>
    public static TheoryData<string, string> OtherFilms
    {
        get
        {
            TheoryData<string, string> films = [];
            string[] some = ["bframes.mp4", "trim.mp4", "delayed.mp4", "noedit.mp4", "audio.m4a", "rate23976.mp4"];
            foreach ((string name, string arguments) in ReferenceTests.Files.Select(static row => row.Data)
                .Where(film => some.Contains(film.Item1)).Concat(More))
            {
                films.Add(name, arguments);
            }

            return films;
        }
    }

    private static (string Name, string Arguments)[] More =>
    [
        ("w-hevc.mp4", $"{Picture} {Sound} {Hevc} -tag:v hvc1 -c:a aac"),
        ("w-hev1.mov", $"{Picture} {Sound} {Hevc} -tag:v hev1 -c:a aac"),
        ("w-av1-opus.mp4", $"{Picture} {Sound} -c:v libaom-av1 -cpu-used 8 -crf 60 -g 25 -c:a libopus -ar 48000"),
        ("w-vp9-opus.mp4", $"{Picture} {Sound} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -c:a libopus -ar 48000"),
        ("w-flac.mp4", $"{Picture} {Sound} {Avc} -c:a flac -strict -2"),
        ("w-ac3.mp4", $"{Picture} {Sound} {Avc} -c:a ac3 -ac 6 -ar 48000"),
        ("w-eac3.mov", $"{Picture} {Sound} {Avc} -c:a eac3 -ar 48000"),
        ("w-flv.flv", $"{Picture} {Sound} {Avc} -c:a aac"),
        ("w-mp3.flv", $"{Picture} {Sound} {Avc} -c:a libmp3lame"),
        ("w-fragments.mp4", $"{Picture} {Sound} {Avc} -c:a aac -movflags frag_keyframe+empty_moov -use_editlist 0"),
        ("w-short-fragments.mp4",
            $"{Picture} {Sound} {Avc} -c:a aac -movflags empty_moov+default_base_moof -frag_duration 200000 -use_editlist 0"),
        ("w-large-chunks.mp4", $"{Picture} {Sound} {Avc} -c:a aac -movflags +faststart"),
    ];

    [Theory]
    [MemberData(nameof(Films))]
    public void Segments_hold_the_packets_of_the_film_at_their_times(string name, string arguments)
    {
        (string path, byte[] file, Track[] tracks) = Open(name, arguments);
        Timeline timeline = Timeline.Create(tracks);
        SegmentPlan plan = SegmentPlan.Create(timeline, new SegmentOptions { TargetDuration = TimeSpan.FromSeconds(1.5) });
        Rendition muxed = plan.CreateRendition([.. Enumerable.Range(0, timeline.Tracks.Length)]);
        string joined = Write(Pieces.JoinPeriod(muxed, file));
        string stream = Write(Pieces.Join(new FragmentedFile(muxed), file));
        Compare(path, joined, timeline);
        AssertQuiet(stream);
        for (int i = 0; i < timeline.Tracks.Length && Array.Exists(More, film => film.Name == name); i++)
        {
            string alone = Write(Pieces.JoinPeriod(plan.CreateRendition(i), file));
            AssertQuiet(alone);
        }
    }

    [Theory]
    [MemberData(nameof(OtherFilms))]
    public void GStreamer_reads_segments_and_clips_without_a_warning(string name, string arguments)
    {
        (_, byte[] file, Track[] tracks) = Open(name, arguments);
        Timeline timeline = Timeline.Create(tracks);
        Rendition muxed = SegmentPlan.Create(timeline, new SegmentOptions { TargetDuration = TimeSpan.FromSeconds(1.5) })
            .CreateRendition([.. Enumerable.Range(0, timeline.Tracks.Length)]);
        string clip = Write(Pieces.Join(ClipFile.Create(tracks, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.5)), file));
        foreach (string path in new[] { Write(Pieces.JoinPeriod(muxed, file)), clip })
        {
            string pads = string.Concat(Mp4Files.Parse(path).Tracks.Select(static track => track.Kind).Distinct().Select(static kind =>
                $" d.{(kind == TrackKind.Video ? "video" : "audio")}_0 ! queue ! fakesink async=false sync=false"));
            string output = Ffmpeg.RunAll(
                "gst-launch-1.0", $"--gst-debug=qtdemux:2 --gst-debug-no-color filesrc location={path} ! qtdemux name=d{pads}".Split(' '));
            // Its table of names lacks some sample entries that it reads all the same, and it misses fragments in files that have none.
            IEnumerable<string> complaints = output.Split('\n').Where(line =>
                (line.Contains(" WARN ", StringComparison.Ordinal) || line.Contains(" ERROR ", StringComparison.Ordinal))
                && !line.Contains("unknown QuickTime node type", StringComparison.Ordinal)
                && (path != clip || !line.Contains("failed to find fragment defaults", StringComparison.Ordinal)));
            Assert.Equal("", string.Join('\n', complaints));
        }
    }

    [Theory]
    [MemberData(nameof(OtherFilms))]
    public void Clips_show_the_frames_of_their_piece(string name, string arguments)
    {
        const double from = 0.71;
        const double to = 1.87;
        (string path, byte[] file, Track[] tracks) = Open(name, arguments);
        string clip = Write(Pieces.Join(ClipFile.Create(tracks, TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to)), file));
        AssertQuiet(clip);
        Timeline whole = Timeline.Create(tracks);
        double origin = (double)whole.Origin / whole.Reference.Timescale;
        Movie movie = MovieFiles.Parse(file);
        foreach (Track track in Mp4Files.Parse(clip).Tracks)
        {
            Assert.InRange(track.Duration.TotalSeconds, 0.5, to - from + 0.002);
        }

        if (tracks[0].Kind != TrackKind.Video)
        {
            return;
        }

        // A picture is shown from its time to the next one's; the first may have begun before the clip.
        double start = from - origin;
        double end = to - origin;
        List<(double Time, string Hash)> expected = Ffmpeg.DecodedPictures(path);
        double zero = expected[0].Time - ((double)tracks[0].PresentationStart / tracks[0].Timescale);
        List<(double Time, string Hash)> actual = Ffmpeg.DecodedPictures(clip);
        string[] shown = [.. expected.Where((picture, i) =>
            picture.Time - zero < end - 0.001
            && (picture.Time - zero >= start || (i + 1 < expected.Count && expected[i + 1].Time - zero > start + 0.001)))
            .Select(static picture => picture.Hash)];
        Assert.True(shown.Length > 10 || movie.Tracks[0].Rates.FrameRate < 10);
        // ffmpeg leaves out a picture that began before the edit; with some decoders it leaves out none, and gives them negative times.
        string[] all = [.. actual.Where(static picture => picture.Time >= 0).Select(static picture => picture.Hash)];
        Assert.True(all.SequenceEqual(shown) || all.SequenceEqual(shown.Skip(1)),
            $"{string.Join(' ', actual.Select(static picture => picture.Time))} of {shown.Length}");
    }

    private static (string Path, byte[] File, Track[] Tracks) Open(string name, string arguments)
    {
        ReferenceTests.MakeSources(arguments);
        string path = Ffmpeg.Make(name, arguments);
        byte[] file = File.ReadAllBytes(path);
        return (path, file, Pieces.TracksOf(MovieFiles.Parse(file)));
    }

    private static string Write(byte[] bytes)
    {
        string path = Ffmpeg.NewPath(".mp4");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>The same packets, their times moved by one constant for all tracks, to within a millisecond.</summary>
    private static void Compare(string source, string written, Timeline timeline)
    {
        AssertQuiet(written);
        Dictionary<string, List<HashedPacket>> ofSource = Ffmpeg.HashedPackets(source);
        Dictionary<string, List<HashedPacket>> ofWritten = Ffmpeg.HashedPackets(written);
        double? shift = null;
        for (int i = 0, video = 0, audio = 0; i < timeline.Tracks.Length; i++)
        {
            TimelineTrack track = timeline.Tracks[i];
            bool isVideo = track.Source.Kind == TrackKind.Video;
            string stream = isVideo ? $"v:{video++}" : $"a:{audio++}";
            List<HashedPacket> expected = ofSource[stream];
            List<HashedPacket> actual = ofWritten[stream];
            int last = expected.FindLastIndex(static packet => !packet.IsDiscarded);
            expected.RemoveRange(last + 1, expected.Count - last - 1);
            int first = expected.FindIndex(static packet => !packet.IsDiscarded);
            expected.RemoveRange(0, isVideo ? 0 : Math.Max(0, first - 1));
            Assert.Equal(expected.Select(static packet => packet.Hash), actual.Select(static packet => packet.Hash));
            shift ??= actual[^1].Time - expected[^1].Time;
            for (int packet = 0; packet < expected.Count; packet++)
            {
                if (!isVideo || !expected[packet].IsDiscarded)
                {
                    Assert.InRange(actual[packet].Time - expected[packet].Time, shift.Value - 0.001, shift.Value + 0.001);
                }
            }
        }
    }

    private static void AssertQuiet(string path)
    {
        string said = Ffmpeg.RunAll("ffmpeg", ["-v", "warning", "-nostdin", "-i", path, "-map", "0", "-c", "copy", "-f", "null", "-"]);
        Assert.Equal("", said.Trim());
    }
}
