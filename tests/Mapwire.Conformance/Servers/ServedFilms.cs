using Mapwire.Conformance.Films;
using Mapwire.Conformance.Servers;

[assembly: AssemblyFixture(typeof(ServedFilms))]

namespace Mapwire.Conformance.Servers;

/// <summary>
/// One server for all tests that do the server no harm: the folder of <see cref="FilmFactory"/>, sent as fast as a player asks for.
/// </summary>
public sealed class ServedFilms : IAsyncLifetime
{
    private readonly Lazy<Task<MapwireServer>> _server =
        new(() => MapwireServer.StartAsync(FilmFactory.Folder, "--max-buffer", "86400", "--max-address-connects", "0",
            "--max-address-openings", "0"));
    private readonly Lazy<Task<NginxRtmp>> _nginx = new(() => NginxRtmp.StartAsync(FilmFactory.Folder));

    internal Task<MapwireServer> Server => _server.Value;

    internal Task<NginxRtmp> Nginx => _nginx.Value;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>The servers must still be there, and end when asked.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_nginx.IsValueCreated && _nginx.Value.IsCompletedSuccessfully)
        {
            await (await Nginx).DisposeAsync();
        }

        if (_server.IsValueCreated && _server.Value.IsCompletedSuccessfully)
        {
            await (await Server).DisposeAsync();
        }
    }
}
