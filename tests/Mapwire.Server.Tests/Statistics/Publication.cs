using System.Net;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Hosting;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Statistics;

/// <summary>Published statistics in a folder of a test's own, written to without a server around them.</summary>
internal sealed class Publication : IDisposable
{
    public const string Name = "test";

    private readonly TemporaryFolder _films = new();

    public Publication(int maxConnections = 100, int workers = 2, params string[] urls)
    {
        _films.Add("film.mp4");
        _films.Add("other.mp4");
        File.WriteAllText(Path.Combine(_films.Path, "list.m3u8"), "film.mp4?end=2\nfilm.mp4?start=4&end=6\nother.mp4?end=2\n");
        Options = new MediaServerOptions
        {
            Folder = _films.Path,
            Workers = workers,
            MaxConnections = maxConnections,
            StatisticsName = Name,
            StatisticsFolder = Folder,
        };
        Options.Validate();
        Catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_films.Path), new FileBudget(1 << 20, 10)), NullLogger.Instance);
        PublishedServer published = Options.ToPublishedServer(urls is [] ? ["rtmp://127.0.0.1:1935/vod"] : urls)!;
        Server = ServerStatistics.TryPublish(published, NullLogger.Instance)!;
        Assert.NotNull(Server);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("mapwire-statistics-").FullName;

    public MediaServerOptions Options { get; }

    public TitleCatalog Catalog { get; }

    public ServerStatistics Server { get; }

    public ServerStatisticsReader Open() => ServerStatisticsReader.Open(Name, Folder);

    public ServerSnapshot Read()
    {
        using ServerStatisticsReader reader = Open();
        return reader.Read();
    }

    /// <summary>A player that has asked for the film, whose title is open.</summary>
    /// <param name="now">The worker's clock.</param>
    /// <param name="name">What it asks for.</param>
    public async Task<Player> PlayAsync(long now, string name = "film.mp4")
    {
        ControlBuffer answers = new();
        TaskCompletionSource<Action> posted = new();
        Player player =
            new(new PlayerContext(Options.ToPlayerOptions(), new ReelOpener(new ServedFolder(Options.Folder), Catalog, 10),
                NullLogger.Instance),
            null, answers, posted.SetResult)
            { Now = now };
        player.OnPlay(1, new Mapwire.Rtmp.Messages.PlayCommand(0, name, 0, -1));
        (await posted.Task.WaitAsync(TimeSpan.FromSeconds(30)))();
        return player;
    }

    public void Dispose()
    {
        Server.Dispose();
        Catalog.Dispose();
        _films.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
