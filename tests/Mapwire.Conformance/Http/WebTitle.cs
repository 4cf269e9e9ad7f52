using System.Net;
using System.Text;
using Mapwire.Conformance.Servers;
using Mapwire.PlaylistRules;

namespace Mapwire.Conformance.Http;

/// <summary>A title of a server as a client of HLS asks for it: its playlists, which keep the rules, and all that they name.</summary>
internal sealed class WebTitle(MapwireServer server, string name) : IDisposable
{
    private readonly HttpClient _client = new();

    /// <summary>The address of one of its resources, or of what a playlist of it names.</summary>
    public Uri AddressOf(string resource) => new(new Uri(server.WebAddress(name, "index.m3u8")), resource);

    /// <summary>Reads a playlist, which keeps the rules of RFC 8216.</summary>
    public async Task<byte[]> ReadPlaylistAsync(string resource)
    {
        byte[] playlist = await _client.GetByteArrayAsync(AddressOf(resource));
        IReadOnlyList<Violation> violations = PlaylistValidator.Validate(playlist);
        Assert.True(violations.Count == 0, string.Join('\n', violations) + "\n" + Encoding.UTF8.GetString(playlist));
        return playlist;
    }

    /// <summary>Reads all that a playlist names, which caches may keep for good.</summary>
    /// <returns>The bytes of the segments, without those that a decoder needs first.</returns>
    public async Task<long> ReadSegmentsAsync(byte[] playlist)
    {
        long bytes = 0;
        foreach (string segment in HlsTests.Children(playlist).Distinct())
        {
            using HttpResponseMessage answer = await _client.GetAsync(AddressOf(segment));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("immutable", answer.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            byte[] body = await answer.Content.ReadAsByteArrayAsync();
            bytes += segment.Contains("-init-", StringComparison.Ordinal) ? 0 : body.Length;
        }

        return bytes;
    }

    /// <summary>A resource is refused with a reason.</summary>
    public async Task RefusedAsync(string resource, string reason, int status = 422)
    {
        using HttpResponseMessage answer = await _client.GetAsync(AddressOf(resource));
        Assert.Contains(reason, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    public void Dispose() => _client.Dispose();
}
