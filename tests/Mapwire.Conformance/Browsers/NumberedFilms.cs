using System.Collections.Concurrent;
using System.Collections.Frozen;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Browsers;

/// <summary>Films whose every picture carries its number as a bar code, which <c>reader.js</c> reads back; and films that lie.</summary>
internal static class NumberedFilms
{
    /// <summary>Pictures a second.</summary>
    public const double Rate = 25;

    /// <summary>Pictures of a good film.</summary>
    public const int Count = 100;

    // Twenty columns of 16 pixels: white, the bits of N with the least first, black; the lower half has the bits turned over.
    private const string Column = "floor(X/16)";
    private const string Bit = $"mod(floor(N/pow(2\\,max(0\\,{Column}-1)))\\,2)";

    /// <summary>The filter that writes its number on each picture.</summary>
    public const string Numbers =
        $"geq=lum='if(eq({Column}\\,0)\\,235\\,if(between({Column}\\,1\\,16)\\,16+219*abs(gte(Y\\,32)-{Bit})\\,16))':cb=128:cr=128";

    private const string Picture = "-f lavfi -i nullsrc=size=320x64:rate=25:duration=4";
    private const string Tone = "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=4";
    private const string H264 = "-c:v libx264 -preset veryfast -crf 20 -g 25 -bf 2 -pix_fmt yuv420p";
    private const string Aac = "-c:a aac -b:a 64k -ac 2";

    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Made = new(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Words = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["numbered.mp4"] = $"{Picture} {Tone} -vf {Numbers} {H264} {Aac}",
        ["no-b-frames.mp4"] = $"{Picture} {Tone} -vf {Numbers} {H264} -bf 0 {Aac}",
        ["numbered-fragments.mp4"] = $"{Picture} {Tone} -vf {Numbers} {H264} {Aac} -movflags frag_keyframe+empty_moov",
        ["numbered-silent.mp4"] = $"{Picture} -vf {Numbers} {H264}",
        ["numbered-mp3.mp4"] = $"{Picture} {Tone} -vf {Numbers} {H264} -c:a libmp3lame -b:a 64k",
        ["numbered-vp9.mp4"] =
            $"{Picture} {Tone} -vf {Numbers} -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -pix_fmt yuv420p -c:a libopus -b:a 48k",
        ["numbered-av1.mp4"] =
            $"{Picture} {Tone} -vf {Numbers} -c:v libaom-av1 -cpu-used 8 -crf 30 -g 25 -pix_fmt yuv420p -c:a flac -strict -2",
        ["numbered.flv"] = $"{Picture} {Tone} -vf {Numbers} {H264} -c:a aac -ar 44100 -b:a 64k",
        ["one-missing.mp4"] = $"{Picture} -vf {Numbers},select='not(eq(n\\,57))',setpts=N/25/TB -fps_mode passthrough {H264}",
        ["one-twice.mp4"] = $"{Picture} -vf {Numbers},loop=loop=1:size=1:start=57,setpts=N/25/TB -fps_mode passthrough {H264}",
        ["unnumbered.mp4"] = $"-f lavfi -i testsrc2=size=320x64:rate=25:duration=4 {H264}",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The folder that all of them lie in.</summary>
    public static string Folder { get; } = TemporaryFolder.Create("numbered");

    /// <summary>The good ones.</summary>
    public static IEnumerable<string> Good => Words.Keys.Where(static name => name.Contains("numbered", StringComparison.Ordinal)
        && name != "unnumbered.mp4").Append("no-b-frames.mp4").Order(StringComparer.Ordinal);

    /// <summary>The path of a film, made if it is not there yet.</summary>
    public static Task<string> GetAsync(string name) => Made.GetOrAdd(name, static key => new Lazy<Task<string>>(async () =>
    {
        string draft = Path.Combine(TemporaryFolder.Create("draft"), key);
        await FilmFactory.EncodeAsync(Words[key], draft);
        string path = Path.Combine(Folder, key);
        File.Move(draft, path);
        return path;
    })).Value;
}
