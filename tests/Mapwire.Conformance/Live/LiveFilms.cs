using System.Collections.Concurrent;
using System.Globalization;
using Mapwire.Conformance.Browsers;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Live;

/// <summary>What a live encoder sends, made beforehand: key pictures at each second, no B-frames, and a number on each picture.</summary>
internal static class LiveFilms
{
    /// <summary>How long they are, in seconds.</summary>
    public const int Seconds = 20;

    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Made = new(StringComparer.Ordinal);

    /// <summary>Pictures whose number <c>reader.js</c> reads, and a tone that ends with them, or so many seconds behind them.</summary>
    public static Task<string> GetAsync(int seconds = Seconds, double behind = 0) => GetAsync(
        string.Create(CultureInfo.InvariantCulture, $"{seconds}s{behind:+0.00;-0.00;''}.flv"),
        $"-f lavfi -i nullsrc=size=320x64:rate=25:duration={seconds}", $"-vf {NumberedFilms.Numbers}", seconds + behind);

    /// <summary>Pictures of another size.</summary>
    public static Task<string> GetOtherAsync(int seconds) => GetAsync(
        string.Create(CultureInfo.InvariantCulture, $"other-{seconds}s.flv"),
        $"-f lavfi -i testsrc2=size=640x360:rate=30:duration={seconds}", "", seconds);

    private static Task<string> GetAsync(string name, string picture, string filter, double sound) =>
        Made.GetOrAdd(name, key => new Lazy<Task<string>>(async () =>
        {
            string path = Path.Combine(TemporaryFolder.Create("live"), key);
            await FilmFactory.EncodeAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{picture} -f lavfi -i sine=frequency=440:sample_rate=48000:duration={sound} {filter} -c:v libx264 -preset veryfast ")
                + "-tune zerolatency -g 25 -pix_fmt yuv420p -c:a aac -ar 44100 -b:a 64k -f flv",
                path);
            return path;
        })).Value;
}
