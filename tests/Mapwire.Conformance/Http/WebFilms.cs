using Mapwire.Conformance.Films;
using Mapwire.Conformance.Http;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

[assembly: AssemblyFixture(typeof(WebFilms))]

namespace Mapwire.Conformance.Http;

/// <summary>
/// One server for all tests of segments: films whose files were written long ago, so that those that could grow are whole, cut into many
/// short segments.
/// </summary>
public sealed class WebFilms : IAsyncLifetime
{
    private readonly string _folder = TemporaryFolder.Create("web-films");
    private readonly Lazy<Task<MapwireServer>> _server;
    private readonly SemaphoreSlim _gate = new(1);

    public WebFilms() => _server = new(() => MapwireServer.StartAsync(
        _folder, "--segment-duration", "0.5", "--max-address-connects", "0", "--max-address-openings", "0"));

    /// <summary>The server, with a film in its folder.</summary>
    internal async Task<MapwireServer> ServerOf(string name)
    {
        string path = Path.Combine(_folder, name);
        await _gate.WaitAsync();
        try
        {
            if (!File.Exists(path))
            {
                File.Copy(await FilmFactory.GetAsync(name), path + ".new");
                File.SetLastWriteTimeUtc(path + ".new", new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
                File.Move(path + ".new", path);
            }
        }
        finally
        {
            _gate.Release();
        }

        return await _server.Value;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>The server must still be there, and end when asked.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated && _server.Value.IsCompletedSuccessfully)
        {
            await (await _server.Value).DisposeAsync();
        }

        _gate.Dispose();
    }
}
