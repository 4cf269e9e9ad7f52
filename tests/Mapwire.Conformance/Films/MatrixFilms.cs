using System.Collections.Frozen;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Films;

/// <summary>
/// Files of every container, codec and layout that is read, a second or two each: the matrix that play is held to, besides the films of
/// <see cref="FilmRecipes"/>.
/// </summary>
internal static class MatrixFilms
{
    private const string Picture = "-f lavfi -i testsrc2=size=96x64:rate=25:duration=1.6";
    private const string Tone = "-f lavfi -i sine=440:sample_rate=44100:duration=1.6";
    private const string Avc = "-c:v libx264 -preset veryfast -crf 40 -pix_fmt yuv420p -threads 1 -g 12 -bf 3";
    private const string Hevc = "-c:v libx265 -preset ultrafast -g 12 -x265-params log-level=none:keyint=12:bframes=2";
    private const string Av1 = "-c:v libaom-av1 -cpu-used 8 -crf 60 -g 12";
    private const string Vp9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 12";
    private const string Aac = "-c:a aac -b:a 32k";
    private const string Opus = "-c:a libopus -b:a 32k -ar 48000";
    private const string InBand = "h264parse config-interval=-1 ! video/x-h264,stream-format=avc3,alignment=au";
    private const string Usual = $"{Picture} {Tone} {Avc} {Aac}";

    private static readonly bool TakesAll = Environment.GetEnvironmentVariable("MAPWIRE_MATRIX_FILMS") == "1";

    private static readonly string[] InEverySweep =
    [
        "plain.mp4", "keyframe-fragments.mp4", "tags.flv", "eac3.mov", "hvc1.mp4", "av1-opus.mp4", "vp9-opus.mp4", "vp8-opus.mp4",
        "mp3-48000.mp4", "flac.mp4", "ac3-surround.mp4", "cut.mp4", "two-sounds.mp4",
    ];

    /// <summary>Files by name, with what writes each.</summary>
    public static FrozenDictionary<string, Func<string, Task>> All { get; } =
        new Dictionary<string, Func<string, Task>>(StringComparer.Ordinal)
        {
            // containers and layouts
            ["plain.mp4"] = Encode(Usual),
            ["faststart.mp4"] = Encode($"{Usual} -movflags +faststart"),
            ["keyframe-fragments.mp4"] = Encode($"{Usual} -movflags frag_keyframe+empty_moov -use_editlist 0"),
            ["short-fragments.mp4"] = Encode($"{Usual} -movflags empty_moov+default_base_moof -frag_duration 200000 -use_editlist 0"),
            ["separate-moofs.mp4"] = Encode($"{Usual} -movflags frag_keyframe+empty_moov+separate_moof -use_editlist 0"),
            ["samples-in-the-moov-too.mp4"] = Encode($"{Usual} -movflags frag_keyframe -use_editlist 0"),
            ["indexed-fragments.mp4"] = Encode($"{Usual} -movflags dash+frag_keyframe -use_editlist 0"),
            ["cmaf.mp4"] = Encode($"{Usual} -bf 0 -movflags cmaf+frag_keyframe -use_editlist 0"),
            ["smooth.ismv.mp4"] = Encode($"{Usual} -bf 0 -f ismv"),
            ["quicktime.mov"] = Encode(Usual),
            ["timecode.mov"] = Encode($"{Usual} -timecode 01:00:00:00"),
            ["fragments.mov"] = Encode($"{Usual} -movflags frag_keyframe+empty_moov -use_editlist 0"),
            ["ipod.m4v"] = Encode($"{Usual} -f ipod"),
            ["flash-video.f4v"] = Encode($"{Usual} -f f4v"),
            ["phone.mp4"] = Encode($"{Usual} -f 3gp"),
            ["phone2.mp4"] = Encode($"{Usual} -f 3g2"),
            ["station.mp4"] = Encode($"{Usual} -f psp"),
            ["tags.flv"] = Encode(Usual),
            ["indexed.flv"] = Encode($"{Usual} -flvflags add_keyframe_index"),
            ["mp3.flv"] = Encode($"{Picture} {Tone} {Avc} -c:a libmp3lame"),
            ["large-sizes.mp4"] = Change("plain.mp4", FileShapes.LargeSizes),
            ["odd-boxes.mp4"] = Change("plain.mp4", FileShapes.OddBoxes),
            ["free-in-the-moov.mp4"] = Change("plain.mp4", FileShapes.FreeInside),
            ["half-byte-sizes.mp4"] = Change("quiet.m4a", FileShapes.CompactSizes),
            ["not-interleaved.mp4"] = Change("plain.mp4", FileShapes.NotInterleaved),
            ["interleaved-by-sample.mp4"] = Change("plain.mp4", FileShapes.BySample),
            ["interleaved-by-half-seconds.mp4"] = Change("plain.mp4", FileShapes.HalfSeconds),
            ["large-everything.mp4"] = Change("plain.mp4", FileShapes.LargeEverything),
            ["camera.mov"] = Change("quicktime.mov", FileShapes.Camera),
            ["camera.mp4"] = Change("plain.mp4", FileShapes.Camera),
            ["hybrid.mp4"] = Change("plain.mp4", "keyframe-fragments.mp4", FileShapes.Hybrid),
            ["quiet.m4a"] = Encode($"-f lavfi -i anullsrc=r=8000:cl=mono:d=2 -c:a aac -b:a 8k"),

            // rates and times
            ["film-rate.mp4"] = Encode($"{Usual} -r 24000/1001"),
            ["tv-rate.mp4"] = Encode($"{Usual} -r 30000/1001"),
            ["double-rate.mp4"] = Encode($"{Usual} -r 60000/1001"),
            ["odd-rate.mp4"] = Encode($"{Usual} -r 1000/33"),
            ["slow.mp4"] = Encode($"-f lavfi -i testsrc2=size=96x64:rate=1/5:duration=60 {Avc}"),
            ["fast.mp4"] = Encode($"-f lavfi -i testsrc2=size=96x64:rate=240:duration=0.5 {Avc}"),
            ["variable.mp4"] = Encode($"{Usual} -vf select=not(mod(n\\,3))+not(mod(n\\,7)) -fps_mode vfr"),
            ["timescale-600.mov"] = Encode($"{Usual} -video_track_timescale 600"),
            ["timescale-1000.mp4"] = Encode($"{Usual} -video_track_timescale 1000"),
            ["timescale-90000.mp4"] = Encode($"{Usual} -video_track_timescale 90000"),
            ["timescale-10000000.mp4"] = Encode($"{Usual} -video_track_timescale 10000000"),
            ["twenty-hours.mp4"] =
            Encode($"-f lavfi -i testsrc2=size=32x32:rate=1/10:duration=72000 -c:v libx264 -preset ultrafast -crf 51 -g 60 -bf 1 "
                + "-pix_fmt yuv420p"),

            // edit lists
            ["editless.mp4"] = Encode($"{Usual} -use_editlist 0"),
            ["negative-offsets.mp4"] = Encode($"{Usual} -movflags +negative_cts_offsets"),
            ["cut.mp4"] = Copy("plain.mp4", "-ss 0.7 -i {0} -c copy"),
            ["trimmed.mov"] = Copy("quicktime.mov", "-ss 0.61 -i {0} -c copy -t 0.5"),
            ["late-sound.mp4"] = Copy("plain.mp4", "-i {0} -itsoffset 0.3 -i {0} -map 0:v -map 1:a -c copy"),
            ["late-picture.mp4"] = Copy("plain.mp4", "-itsoffset 0.3 -i {0} -i {0} -map 0:v -map 1:a -c copy"),
            ["trimmed-negative.mp4"] = Copy("plain.mp4", "-ss 0.7 -i {0} -c copy -movflags +negative_cts_offsets"),

            // pictures
            ["open-gop.mp4"] = Encode($"{Usual} -x264-params open-gop=1"),
            ["pyramid.mp4"] = Encode($"{Usual} -x264-params b-pyramid=normal:ref=4"),
            ["intra-refresh.mp4"] = Encode($"{Usual} -x264-params intra-refresh=1"),
            ["rolling.mp4"] = Change("intra-refresh.mp4", static file => CodecShapes.RollGroups(file, keepFirst: false, 12)),
            ["rolling-behind-a-key.mp4"] = Change("intra-refresh.mp4", static file => CodecShapes.RollGroups(file, keepFirst: true, 12)),
            ["in-band-sets.mp4"] = Change("plain.mp4", CodecShapes.InBandSets),
            ["in-band-sets-hevc.mp4"] = Change("hvc1.mp4", CodecShapes.InBandSets),
            ["first-take.mp4"] = Encode($"{Usual} -use_editlist 0 -video_track_timescale 12800"),
            ["second-take.mp4"] =
            Encode($"-f lavfi -i mandelbrot=size=128x80:rate=25 {Tone} {Avc} -x264-params cabac=0:bframes=2 {Aac} -ac 2 -t 1.2 "
                + "-use_editlist 0 -video_track_timescale 12800"),
            ["other-sets.mp4"] =
            Encode($"-f lavfi -i testsrc=size=96x64:rate=25:duration=1.2 {Tone} {Avc} -x264-params sps-id=1 {Aac} -use_editlist 0 "
                + "-video_track_timescale 12800"),
            ["two-takes.mp4"] =
            Change("first-take.mp4", "second-take.mp4", static (file, second) => CodecShapes.Join(file, second, oneEntry: false)),
            ["several-sets.mp4"] =
            Change("first-take.mp4", "other-sets.mp4", static (file, second) => CodecShapes.Join(file, second, oneEntry: true)),
            ["ten-bits.mp4"] = Encode($"{Usual} -pix_fmt yuv420p10le"),
            ["full-colour.mp4"] = Encode($"{Usual} -pix_fmt yuv444p"),
            ["8k.mp4"] =
            Encode("-f rawvideo -pixel_format yuv420p -video_size 7680x4320 -framerate 5 -i /dev/urandom -frames:v 2 -c:v libx264 "
                + "-preset ultrafast -qp 51 -threads 2"),
            ["hvc1.mp4"] = Encode($"{Picture} {Tone} {Hevc} -tag:v hvc1 {Aac}"),
            ["hev1.mov"] = Encode($"{Picture} {Tone} {Hevc} -tag:v hev1 {Aac}"),
            ["hvc1-fragments.mp4"] = Encode($"{Picture} {Tone} {Hevc} -tag:v hvc1 {Aac} -movflags frag_keyframe+empty_moov "
                + "-use_editlist 0"),
            ["hvc1-ten-bits.mp4"] = Encode($"{Picture} {Hevc} -tag:v hvc1 -pix_fmt yuv420p10le"),
            ["hvc1-trimmed.mp4"] = Copy("hvc1.mp4", "-ss 0.7 -i {0} -c copy -tag:v hvc1"),
            ["av1-opus.mp4"] = Encode($"{Picture} {Tone} {Av1} {Opus}"),
            ["av1-fragments.mp4"] = Encode($"{Picture} {Av1} -movflags frag_keyframe+delay_moov"),
            ["av1-ten-bits.mp4"] = Encode($"{Picture} {Av1} -pix_fmt yuv420p10le"),
            ["vp9-opus.mp4"] = Encode($"{Picture} {Tone} {Vp9} {Opus}"),
            ["vp8-opus.mp4"] = Vp8,
            ["vp9-ten-bits.mp4"] = Encode($"{Picture} {Vp9} -profile:v 2 -pix_fmt yuv420p10le"),

            // sounds
            ["aac-mono-8000.mp4"] = Encode($"{Tone} {Aac} -ar 8000 -ac 1"),
            ["aac-96000.m4a"] = Encode($"{Tone} {Aac} -ar 96000"),
            ["aac-surround.mp4"] = Encode($"{Picture} {Tone} {Avc} -c:a aac -ac 6"),
            ["aac-elements.mp4"] = Encode($"{Tone} {Aac} -af aformat=channel_layouts=quad"), // its channels are in a program config element
            ["aac-22050.mp4"] = Encode($"{Picture} {Tone} {Avc} {Aac} -ar 22050 -ac 2"),
            ["aac-22050-mono.mp4"] = Encode($"{Tone} {Aac} -ar 22050 -ac 1"),
            ["he-aac.mp4"] = Change("aac-22050.mp4", static file => CodecShapes.AudioConfiguration(file, [0x2B, 0x92, 0x08, 0, 0])),
            ["he-aac-compatible.mp4"] =
            Change("aac-22050.mp4", static file => CodecShapes.AudioConfiguration(file, [0x13, 0x90, 0x56, 0xE5, 0xA0])),
            ["he-aac-v2.mp4"] = Change("aac-22050-mono.mp4", static file => CodecShapes.AudioConfiguration(file, [0xEB, 0x8A, 0x08, 0, 0])),
            ["mp3-48000.mp4"] = Encode($"{Picture} {Tone} {Avc} -c:a libmp3lame -ar 48000"),
            ["mp3-24000.mov"] = Encode($"{Tone} -c:a libmp3lame -ar 24000"),
            ["opus-mono.mp4"] = Encode($"{Tone} {Opus} -ac 1"),
            ["opus-surround.mp4"] = Encode($"{Picture} {Tone} {Avc} {Opus} -ac 6 -mapping_family 1"),
            ["flac.mp4"] = Encode($"{Picture} {Tone} {Avc} -c:a flac -strict -2"),
            ["flac-24.mp4"] = Encode($"{Tone} -c:a flac -sample_fmt s32 -strict -2"),
            ["ac3-surround.mp4"] = Encode($"{Picture} {Tone} {Avc} -c:a ac3 -ac 6 -ar 48000"),
            ["eac3.mov"] = Encode($"{Picture} {Tone} {Avc} -c:a eac3 -ar 48000"),

            // more than one track of a kind, and others
            ["two-pictures.mp4"] =
            Encode($"{Picture} -f lavfi -i testsrc=size=96x64:rate=25:duration=1.6 {Tone} -map 0:v -map 1:v -map 2:a {Avc} {Aac}"),
            ["two-sounds.mp4"] = Encode($"{Picture} {Tone} {Tone} -map 0:v -map 1:a -map 2:a {Avc} {Aac} -c:a:1 libopus -ar:a:1 48000"),
            ["cover.m4a"] =
            Encode($"{Tone} -f lavfi -i testsrc2=size=64x64:rate=1:duration=1 -map 0:a -map 1:v {Aac} -c:v mjpeg -pix_fmt yuvj420p "
                + "-frames:v 1 -disposition:v attached_pic -f mp4"),

            // GStreamer's writers
            ["gst.mp4"] = Gst("mp4mux"),
            ["gst-fine.mp4"] = Gst("mp4mux trak-timescale=10000000 faststart=true"),
            ["gst.mov"] = Gst("qtmux interleave-time=1000000000"),
            ["gst-prepared.mov"] = Gst("qtmux reserved-max-duration=10000000000 reserved-moov-update-period=500000000"),
            ["gst-fragments.mp4"] = Gst("mp4mux fragment-duration=400"),
            ["gst-in-band.mp4"] = Gst("mp4mux", InBand),
            ["gst-in-band-fragments.mp4"] = Gst("mp4mux fragment-duration=400", InBand),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>
    /// The films that one of the sweeps by HTTP takes: by day a fixed third and one film of each codec and container, so that all sweeps
    /// together have every film; at night (MAPWIRE_MATRIX_FILMS=1) all. Over RTMP every film is played by day too.
    /// </summary>
    /// <param name="sweep">Which third: 0, 1 or 2.</param>
    public static IEnumerable<string> OfSweep(int sweep) => All.Keys.Order(StringComparer.Ordinal)
        .Where((name, index) => TakesAll || index % 3 == sweep || InEverySweep.Contains(name, StringComparer.Ordinal));

    private static Func<string, Task> Encode(string words) => path => FilmFactory.EncodeAsync(words, path);

    private static Func<string, Task> Copy(string from, string words) =>
        async path => await FilmFactory.EncodeAsync(words.Replace("{0}", await FilmFactory.GetAsync(from), StringComparison.Ordinal), path);

    private static Func<string, Task> Change(string from, Action<BoxFile> change) => async path =>
    {
        BoxFile file = BoxFile.Read(await FilmFactory.GetAsync(from));
        change(file);
        file.Write(path);
    };

    private static Func<string, Task> Change(string from, string other, Action<BoxFile, BoxFile> change) => async path =>
    {
        BoxFile file = BoxFile.Read(await FilmFactory.GetAsync(from));
        change(file, BoxFile.Read(await FilmFactory.GetAsync(other)));
        file.Write(path);
    };

    /// <summary>ffmpeg 5.1 writes VP8 into no MP4; its pictures take the place of those of VP9.</summary>
    private static async Task Vp8(string path)
    {
        string ivf = path + ".ivf";
        await FilmFactory.EncodeAsync($"{Picture} -c:v libvpx -deadline realtime -cpu-used 8 -g 12 -auto-alt-ref 0", ivf);
        BoxFile file = BoxFile.Read(await FilmFactory.GetAsync("vp9-opus.mp4"));
        CodecShapes.Vp8(file, await File.ReadAllBytesAsync(ivf));
        file.Write(path);
        File.Delete(ivf);
    }

    private static Func<string, Task> Gst(string mux, string parser = "h264parse") => async path =>
    {
        const string Picture =
            "videotestsrc num-buffers=40 ! video/x-raw,width=96,height=64,framerate=25/1 ! x264enc key-int-max=12 bframes=2 b-adapt=false";
        const string Sound = "audiotestsrc num-buffers=70 samplesperbuffer=1024 ! audio/x-raw,rate=44100 ! avenc_aac ! aacparse";
        await Tool.SucceedAsync("gst-launch-1.0",
            $"-q {Picture} ! {parser} ! queue ! mux. {Sound} ! queue ! mux. {mux} name=mux ! filesink location={path}".Split(' '));
    };
}
