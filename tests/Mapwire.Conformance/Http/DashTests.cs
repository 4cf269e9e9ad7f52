using System.Net;
using System.Xml.Linq;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;

namespace Mapwire.Conformance.Http;

/// <summary>
/// DASH of the films of the matrix: ffmpeg reads the packets of the file, and every segment that the MPD names is there.
/// </summary>
public sealed class DashTests(WebFilms films)
{
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";

    public static TheoryData<string> Names() => [.. MatrixFilms.OfSweep(1)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Segments_are_there_and_ffmpeg_reads_the_file(string name)
    {
        MapwireServer server = await films.ServerOf(name);
        string url = server.WebAddress(name) + "/manifest.mpd";
        using HttpClient client = new();
        XDocument manifest = XDocument.Parse(await client.GetStringAsync(url));
        XElement[] templates = [.. manifest.Descendants(Mpd + "SegmentTemplate")];
        Assert.NotEmpty(templates);
        foreach (XElement template in templates)
        {
            await ThereAsync(client, url, template.Attribute("initialization")!.Value);
            int number = int.Parse(template.Attribute("startNumber")!.Value, System.Globalization.CultureInfo.InvariantCulture);
            int count = template.Descendants(Mpd + "S").Sum(
                static one => 1 + int.Parse(one.Attribute("r")?.Value ?? "0", System.Globalization.CultureInfo.InvariantCulture));
            for (int i = 0; i < count; i++)
            {
                await ThereAsync(client, url, template.Attribute("media")!.Value.Replace("$Number$", $"{number + i}"));
            }
        }

        if (manifest.Descendants(Mpd + "Period").Count() == 1) // of several, ffmpeg's reader knows the first
        {
            // ffmpeg's reader ends with the track that ends first: each is read alone, and both together to find them side by side.
            Recording file = await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name));
            Recording together = await Ffprobe.ReadEnhancedAsync(url + (file.Of("audio").Any() ? "?audio=1" : ""));
            WebExpectation.SameBeginning(file, together, name);
            foreach ((string kind, string query) in ((string, string)[])[("video", "?audio=none"), ("audio", "?video=none&audio=1")])
            {
                Recording alone = file with { Packets = [.. file.Of(kind)] };
                if (alone.Packets.Count > 0)
                {
                    WebExpectation.Same(alone, await Ffprobe.ReadEnhancedAsync(url + query), name);
                }
            }
        }
    }

    private static async Task ThereAsync(HttpClient client, string manifest, string child)
    {
        using HttpResponseMessage answer = await client.GetAsync(new Uri(new Uri(manifest), child));
        Assert.True(answer.StatusCode == HttpStatusCode.OK, child);
    }
}
