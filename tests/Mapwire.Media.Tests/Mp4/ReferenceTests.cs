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
        foreach (Track track in movie.Tracks)
        {
            string stream = track.Kind == TrackKind.Video ? $"v:{video++}" : $"a:{audio++}";
            Reference.AssertSame(path, track, stream);
        }

        Assert.True(video + audio > 0);
    }

    internal static void MakeSources(string arguments)
    {
        foreach ((string name, string source) in Files.Select(row => row.Data))
        {
            if (arguments.Contains($"{{{name}}}", StringComparison.Ordinal))
                Ffmpeg.Make(name, source);
        }
    }
}
