using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary>What Kestrel reads in place of the loop: other versions of HTTP, and all of it where the fast lane is off.</summary>
public sealed class OtherReaderTests
{
    private const string Film = "moov-first.mp4";

    [Theory]
    [InlineData("2", "--http2-prior-knowledge")]
    [InlineData("1.1", "--http2")] // an offer to upgrade, which is not taken
    [InlineData("1.1", "--http1.0")]
    [InlineData("1.1", "--http1.1", "-H", "Cookie: caf\u00e9")]
    [InlineData("1.1", "--http1.1", "--request-target", "http://host/vod/moov-first.mp4")]
    public async Task Curl_is_given_the_file_as_it_lies_on_the_disk(string version, params string[] words)
    {
        byte[] film = await File.ReadAllBytesAsync(await FilmFactory.GetAsync(Film));
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder);
        string copy = Path.Combine(TemporaryFolder.Create("other-reader"), "copy.mp4");
        ToolResult result = await Tool.SucceedAsync(
            "curl", ["-sS", "--fail", .. words, "-o", copy, "-w", "%{http_version}", server.WebAddress(Film)]);
        Assert.Equal(version, result.Output);
        Assert.Equal(film, await File.ReadAllBytesAsync(copy));
    }

    [Theory]
    [InlineData("")]
    [InlineData("index.m3u8")]
    [InlineData("manifest.mpd")]
    [InlineData("stream.flv?buffer=60")]
    public async Task Ffmpeg_reads_the_film_where_the_fast_lane_is_off(string resource)
    {
        Recording file = await Ffprobe.ReadAsync(await FilmFactory.GetAsync(Film));
        await using MapwireServer fast = await MapwireServer.StartAsync(FilmFactory.Folder);
        await using MapwireServer slow = await MapwireServer.StartAsync(FilmFactory.Folder, "--http-fast-lane", "off");
        Recording read = await Ffprobe.ReadAsync(slow.WebAddress(Film, resource));
        Assert.Empty(Expectation.Differences(await Ffprobe.ReadAsync(fast.WebAddress(Film, resource)), read, from: 0));
        Assert.Equal(file.Streams.Count, read.Streams.Count);
    }
}
