using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>Files that ffmpeg writes, read as ffprobe reads them: place, size, times and sync flag of every sample.</summary>
public sealed class ReferenceTests
{
    private const string Picture = "-f lavfi -i testsrc2=s=160x120:r=25:d=4";
    private const string Sound = "-f lavfi -i sine=440:r=44100:d=4";
    private const string Avc = "-c:v libx264 -preset ultrafast -g 25";
    private const string AvcB = "-c:v libx264 -preset veryfast -g 25 -bf 3 -x264-params b-pyramid=normal";

    public static TheoryData<string, string> Files => new()
    {
        { "plain.mp4", $"{Picture} {Sound} {Avc} -c:a aac" },
        { "faststart.mp4", $"{Picture} {Sound} {Avc} -c:a aac -movflags +faststart" },
        { "bframes.mp4", $"{Picture} {Sound} {AvcB} -c:a aac" },
        { "opengop.mp4", $"{Picture} {Sound} -c:v libx264 -g 25 -bf 3 -x264-params open-gop=1 -c:a aac" },
        { "negative.mp4", $"{Picture} {Sound} {AvcB} -c:a aac -movflags +negative_cts_offsets" },
        { "bframes.mov", $"{Picture} {Sound} {AvcB} -c:a aac" },
        { "noedit.mp4", $"{Picture} {Sound} {AvcB} -c:a aac -use_editlist 0" },
        { "video.m4v", $"{Picture} {AvcB} -f mp4" },
        { "audio.m4a", $"{Sound} -c:a aac" },
        { "flash.f4v", $"{Picture} {Sound} {Avc} -c:a aac" },
        { "mp3.mp4", $"{Picture} {Sound} {Avc} -c:a libmp3lame" },
        { "mp3.mov", $"{Sound} -c:a libmp3lame" },
        { "timescale10M.mp4", $"{Picture} {Sound} {AvcB} -c:a aac -video_track_timescale 10000000" },
        { "timescale1000.mp4", $"{Picture} {Sound} {AvcB} -c:a aac -video_track_timescale 1000" },
        { "rate23976.mp4", $"-f lavfi -i testsrc2=s=160x120:r=24000/1001:d=4 {Sound} {AvcB} -c:a aac" },
        { "variable.mp4", $"{Picture} {Sound} -vf select='not(between(mod(n\\,7)\\,2\\,4))' -vsync vfr {AvcB} -c:a aac" },
        { "trim.mp4", "-ss 1.5 -i {bframes.mp4} -c copy -t 1.3" },
        { "trimopen.mp4", "-ss 1.5 -i {opengop.mp4} -c copy -t 1.3" },
        { "trim.mov", "-ss 2.21 -i {bframes.mp4} -c copy -t 1" },
        { "trimnegative.mp4", "-ss 1.77 -i {bframes.mp4} -c copy -t 1 -movflags +negative_cts_offsets" },
        { "delayed.mp4", "-i {bframes.mp4} -itsoffset 0.7 -i {bframes.mp4} -map 0:v -map 1:a -c copy" },
        { "delayedvideo.mp4", "-itsoffset 0.7 -i {bframes.mp4} -i {bframes.mp4} -map 0:v -map 1:a -c copy" },
        { "phone.3gp", $"{Picture} {Sound} {Avc} -c:a aac -f 3gp" },
        { "player.ipod.mp4", $"{Picture} {Sound} {AvcB} -c:a aac -f ipod" },
        { "psp.mp4", $"{Picture} {Sound} {AvcB} -c:a aac -f psp" },
        { "intra.mp4", $"{Picture} {Sound} -c:v libx264 -x264-params intra-refresh=1 -c:a aac" },
        { "timecode.mov", $"{Picture} {Sound} {AvcB} -c:a aac -timecode 01:00:00:00" },
        { "slow.mp4", "-f lavfi -i testsrc2=s=160x120:r=1/5:d=120 -c:v libx264" },
        { "fast.mp4", "-f lavfi -i testsrc2=s=160x120:r=240:d=1 -c:v libx264" },
        { "odd.mp4", "-f lavfi -i testsrc2=s=160x120:r=1000/33:d=2 -c:v libx264" },
        { "two.mp4",
        $"{Picture} {Sound} -f lavfi -i sine=880:r=48000:d=5 -map 0 -map 1 -map 2 {AvcB} -c:a aac -metadata:s:a:1 language=deu" },
        { "middle.mp4", "-ss 1 -copyts -i {bframes.mp4} -c copy -t 2" },
        { "twochannels48k.mp4", $"{Picture} -f lavfi -i sine=440:r=48000:d=4 {Avc} -c:a aac -ac 2" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Reads_what_ffprobe_reads(string name, string arguments)
    {
        MakeSources(arguments);
        string path = Ffmpeg.Make(name, arguments);
        Movie movie = Mp4Files.Parse(path);

        int video = 0;
        int audio = 0;
        foreach (Track track in movie.Tracks.Where(track => track.Kind != TrackKind.Other))
        {
            string stream = track.Kind == TrackKind.Video ? $"v:{video++}" : $"a:{audio++}";
            Reference.AssertSame(path, track, stream);
        }

        Assert.True(video + audio > 0);
    }

    [Fact]
    public void Languages_are_read()
    {
        Movie movie = Mp4Files.Parse(Ffmpeg.Make("two.mp4", Files.Single(row => row.Data.Item1 == "two.mp4").Data.Item2));
        Assert.Equal([null, null, "deu"], movie.Tracks.Select(track => track.Language));
        Assert.Equal([true, true, false], movie.Tracks.Select(track => track.IsEnabled));
    }

    /// <summary>GStreamer's writers lay files out in other ways than ffmpeg's.</summary>
    [Theory]
    [InlineData("mp4mux")]
    [InlineData("mp4mux faststart=true")]
    [InlineData("mp4mux trak-timescale=10000000")]
    [InlineData("qtmux")]
    [InlineData("3gppmux")]
    [InlineData("qtmux reserved-max-duration=10000000000 reserved-moov-update-period=500000000")]
    [InlineData("mp4mux fragment-duration=500")]
    public void Reads_the_files_of_GStreamer(string mux)
    {
        string path = Ffmpeg.NewPath(".mp4");
        string picture =
            "videotestsrc num-buffers=75 ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc key-int-max=25 bframes=2 "
            + "b-adapt=false ! h264parse";
        string sound = "audiotestsrc num-buffers=130 samplesperbuffer=1024 ! audio/x-raw,rate=44100 ! avenc_aac ! aacparse";
        Ffmpeg.Run(
            "gst-launch-1.0", $"-q {picture} ! queue ! mux. {sound} ! queue ! mux. {mux} name=mux ! filesink location={path}".Split(' '));
        Movie movie = Mp4Files.Parse(path);
        Assert.Equal(2, movie.Tracks.Length);
        foreach (Track track in movie.Tracks)
        {
            Reference.AssertSame(path, track, track.Kind == TrackKind.Video ? "v:0" : "a:0");
        }
    }

    internal static void MakeSources(string arguments)
    {
        foreach ((string name, string source) in Files.Select(row => row.Data))
        {
            if (arguments.Contains($"{{{name}}}", StringComparison.Ordinal))
            {
                Ffmpeg.Make(name, source);
            }
        }
    }
}
