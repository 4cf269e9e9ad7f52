using System.Collections.Frozen;

namespace Mapwire.Conformance.Films;

/// <summary>What the films are: one entry for each way in which a playable file can be unusual.</summary>
internal static class FilmRecipes
{
    /// <summary>Past the 16,777.216 s that 24 bits of milliseconds hold.</summary>
    public const int LongSeconds = 17_040;

    private const string Picture = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=4";
    private const string Tone = "-f lavfi -i aevalsrc=0.2*sin(880*PI*t)|0.2*sin(1320*PI*t):sample_rate=44100:duration=4";
    private const string H264 = "-c:v libx264 -preset veryfast -crf 35 -pix_fmt yuv420p -threads 1 -g 25 -bf 3";
    private const string Hevc =
        "-c:v libx265 -preset ultrafast -pix_fmt yuv420p -g 25 -bf 2 -x265-params log-level=none:keyint=25:bframes=2";
    private const string Aac = "-c:a aac -b:a 48k -ac 2";
    private const string Usual = $"{Picture} {Tone} -map 0:v -map 1:a {H264} {Aac}";

    /// <summary>Films that every player can play, by file name, with what makes each.</summary>
    public static FrozenDictionary<string, Func<string, Task>> Plain { get; } =
        new Dictionary<string, Func<string, Task>>(StringComparer.Ordinal)
        {
            ["moov-last.mp4"] = Encode(Usual),
            ["moov-first.mp4"] = Encode($"{Usual} -movflags +faststart"),
            ["twelve-seconds.mp4"] = Encode($"{Usual} -g 50".Replace("duration=4", "duration=12", StringComparison.Ordinal)),
            ["no-b-frames.mp4"] = Encode($"{Picture} {Tone} {H264} -bf 0 {Aac}"),
            ["no-edit-list.mp4"] = Encode($"{Usual} -use_editlist 0"),
            ["quick.mov"] = Encode(Usual),
            ["pod.m4v"] = Encode(Usual),
            ["flash.f4v"] = Encode($"{Usual} -f f4v"),
            ["audio-only.m4a"] = Encode($"{Tone} {Aac}"),
            ["video-only.mp4"] = Encode($"{Picture} {H264}"),
            ["mp3.mp4"] = Encode($"{Picture} {Tone} {H264} -c:a libmp3lame -b:a 64k"),
            ["mp3-mono-22050.mp4"] = Encode($"{Picture} {Tone} {H264} -c:a libmp3lame -ac 1 -ar 22050 -b:a 32k"),
            ["mono.mp4"] = Encode($"{Picture} {Tone} {H264} -c:a aac -ac 1 -ar 22050 -b:a 24k"),
            ["audio-48000.mp4"] = Encode($"{Picture} {Tone} {H264} {Aac} -ar 48000"),
            ["negative-ctts.mp4"] = Encode($"{Usual} -movflags +negative_cts_offsets"),
            ["ntsc.mp4"] = Encode($"-f lavfi -i testsrc2=size=160x120:rate=24000/1001:duration=4 {Tone} {H264} {Aac}"),
            ["variable-rate.mp4"] = Encode($"{Picture} {Tone} -vf select=not(mod(n\\,3))+not(mod(n\\,7)) -fps_mode vfr {H264} {Aac}"),
            ["short-video.mp4"] = Encode($"{Picture} {Tone} -map 0:v -map 1:a -filter:v trim=duration=1.5 {H264} {Aac}"),
            ["short-audio.mp4"] = Encode($"{Picture} {Tone} -map 0:v -map 1:a -filter:a atrim=duration=1.5 {H264} {Aac}"),
            ["trimmed.mp4"] = Copy("moov-last.mp4", "-ss 1.3 -i {0} -c copy"),
            ["trimmed-on-keyframe.mp4"] = Copy("moov-last.mp4", "-ss 2 -i {0} -c copy"),
            ["late-video.mp4"] = Copy("moov-last.mp4", "-itsoffset 0.5 -i {0} -i {0} -map 0:v -map 1:a -c copy"),
            ["late-audio.mp4"] = Copy("moov-last.mp4", "-i {0} -itsoffset 0.7 -i {0} -map 0:v -map 1:a -c copy"),
            ["audio-first.mp4"] = Copy("moov-last.mp4", "-i {0} -map 0:a -map 0:v -c copy"),
            ["extra-tracks.mp4"] = ExtraTracks,
            ["large-frames.mp4"] =
            Encode($"-f lavfi -i nullsrc=size=1280x720:rate=10:duration=1 {Tone} -map 0:v -map 1:a -vf geq=random(1)*255:128:128 "
                + $"-c:v libx264 -preset ultrafast -qp 2 -g 5 -threads 2 {Aac} -shortest"),
            ["huge-frames.mp4"] =
            Encode("-f lavfi -i nullsrc=size=2560x1600:rate=10:duration=0.3 -vf geq=random(1)*255:random(2)*255:random(3)*255 "
                + "-c:v libx264 -preset ultrafast -qp 1 -g 1 -threads 2"),
            ["past-4-gib.mp4"] = async path => BoxFile.Read(await FilmFactory.GetAsync("moov-first.mp4")).WriteBehindHole(path, 5L << 30),
            ["fragmented.mp4"] = Copy("no-edit-list.mp4", "-i {0} -c copy -movflags frag_keyframe+empty_moov -use_editlist 0"),
            ["trak-size-0.mp4"] = TrackToTheEnd,
            ["fine-timescale.mp4"] = Repeat(Minute("-video_track_timescale 10000000"), 450),
            ["long.mp4"] = Repeat(Minute(""), LongSeconds),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Films with something for players that offer more codecs, or more tracks.</summary>
    public static FrozenDictionary<string, Func<string, Task>> Enhanced { get; } =
        new Dictionary<string, Func<string, Task>>(StringComparer.Ordinal)
        {
            ["hevc.mp4"] = Encode($"{Picture} {Tone} {Hevc} -tag:v hvc1 -c:a libopus -b:a 32k -ar 48000"),
            ["hevc-in-band.mp4"] = Encode($"{Picture} {Tone} {Hevc} -tag:v hev1 {Aac}"),
            ["hevc-hdr.mp4"] =
            Encode($"{Picture} {Hevc}:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc -tag:v hvc1 -color_primaries bt2020 "
                + "-color_trc smpte2084 -colorspace bt2020nc -movflags +write_colr"),
            ["av1.mp4"] =
            Encode($"{Picture} {Tone} -c:v libaom-av1 -cpu-used 8 -crf 50 -g 25 -pix_fmt yuv420p -c:a libopus -b:a 32k -ar 48000"),
            ["vp9.mp4"] =
            Encode($"{Picture} {Tone} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -pix_fmt yuv420p -c:a flac -strict -2"),
            ["ac3.mp4"] = Encode($"{Picture} {Tone} {H264} -c:a ac3 -b:a 96k"),
            ["eac3.mp4"] = Encode($"{Picture} {Tone} {H264} -c:a eac3 -b:a 96k"),
            ["three-sounds.mp4"] =
            Encode($"{Picture} {Tone} {Tone} {Tone} -map 0:v -map 1:a -map 2:a -map 3:a {H264} {Aac} -b:a:1 32k -c:a:2 libopus "
                + "-ar:a:2 48000 -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu -metadata:s:a:2 language=fra"),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>All films.</summary>
    public static FrozenDictionary<string, Func<string, Task>> All { get; } =
        Plain.Concat(Enhanced).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The films that take minutes of film time; the server must be told to send far ahead.</summary>
    public static bool IsLong(string name) => name is "long.mp4" or "fine-timescale.mp4";

    private static Func<string, Task> Encode(string words) => path => FilmFactory.EncodeAsync(words, path);

    private static Func<string, Task> Copy(string from, string words) =>
        async path => await FilmFactory.EncodeAsync(words.Replace("{0}", await FilmFactory.GetAsync(from), StringComparison.Ordinal), path);

    private static string Minute(string more) =>
        $"-f lavfi -i testsrc2=size=64x48:rate=1:duration=60 -f lavfi -i aevalsrc=0:sample_rate=8000:duration=60 -c:v libx264 "
        + $"-preset ultrafast -bf 2 -crf 45 -g 10 -pix_fmt yuv420p {more} -c:a aac -ac 1 -b:a 8k";

    /// <summary>Encodes a minute and repeats it without encoding again.</summary>
    private static Func<string, Task> Repeat(string words, int seconds) => async path =>
    {
        string minute = path + ".minute.mp4";
        await FilmFactory.EncodeAsync(words, minute);
        await FilmFactory.EncodeAsync(
            $"-stream_loop {(seconds / 60) + 1} -i {minute} -c copy "
            + $"-t {seconds} {(words.Contains("10000000", StringComparison.Ordinal) ? "-video_track_timescale 10000000" : "")}", path);
        File.Delete(minute);
    };

    /// <summary>The first track's box has size 0, so that it reaches to the end of the movie box and the second lies in it.</summary>
    private static async Task TrackToTheEnd(string path)
    {
        BoxFile file = BoxFile.Read(await FilmFactory.GetAsync("moov-first.mp4"));
        file.Moov.At("trak").DeclaredSize = 0;
        file.Write(path);
    }

    /// <summary>Subtitles, a second film and a second sound beside the pair that is played.</summary>
    private static async Task ExtraTracks(string path)
    {
        string subtitles = path + ".srt";
        await File.WriteAllTextAsync(subtitles, "1\n00:00:00,500 --> 00:00:02,000\nHello\n\n2\n00:00:02,500 --> 00:00:03,000\nthere\n");
        string film = await FilmFactory.GetAsync("moov-last.mp4");
        await FilmFactory.EncodeAsync(
            $"-i {film} -i {subtitles} {Tone} -map 1:s -map 0:v -map 0:a -map 2:a -c:v copy -c:a:0 copy -c:a:1 aac -b:a:1 24k "
            + "-c:s mov_text", path);
        File.Delete(subtitles);
    }
}
