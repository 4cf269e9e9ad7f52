using Mapwire.Conformance.Films;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Refusals;

/// <summary>A server over all bad films and one good one; it must survive them all.</summary>
public sealed class BadFilmServer : IAsyncLifetime
{
    public const string Good = "good.mp4";

    internal string Folder { get; } = TemporaryFolder.Create("bad");

    internal MapwireServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        foreach ((string name, Func<string, Task> write) in BadFilms.Every)
        {
            await write(Path.Combine(Folder, name));
        }

        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(Folder, Good));
        Server = await MapwireServer.StartAsync(Folder);
    }

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();
}
