using Mapwire.Rtmp.Messages;
using Mapwire.Server.Files;
using Mapwire.Server.Hosting;
using Xunit;

namespace Mapwire.Server.Tests.Hosting;

public sealed class MediaServerOptionsTests
{
    [Fact]
    public void The_defaults_are_valid() => new MediaServerOptions { Folder = "." }.Validate();

    [Fact]
    public void A_bad_option_is_named()
    {
        Named(nameof(MediaServerOptions.ChunkSize), new() { Folder = ".", ChunkSize = 0 });
        Named(nameof(MediaServerOptions.ChunkSize), new() { Folder = ".", ChunkSize = 1 << 24 });
        Named(nameof(MediaServerOptions.Workers), new() { Folder = ".", Workers = 0 });
        Named(nameof(MediaServerOptions.Application), new() { Folder = ".", Application = "a/b" });
        Named(nameof(MediaServerOptions.Application), new() { Folder = ".", Application = "" });
        Named(nameof(MediaServerOptions.MaxClientBuffer), new() { Folder = ".", MaxClientBuffer = TimeSpan.Zero });
        Named(nameof(MediaServerOptions.MinClientBuffer),
            new() { Folder = ".", MinClientBuffer = TimeSpan.FromSeconds(2), MaxClientBuffer = TimeSpan.FromSeconds(1) });
        Named(nameof(MediaServerOptions.Folder), new() { Folder = "" });
        Named(nameof(MediaServerOptions.SegmentDuration), new() { Folder = ".", SegmentDuration = TimeSpan.FromSeconds(0.05) });
        Named(nameof(MediaServerOptions.IndexCacheFolder), new() { Folder = ".", IndexCacheFolder = "" });
        Named(nameof(MediaServerOptions.DefaultClientBuffer), new() { Folder = ".", DefaultClientBuffer = TimeSpan.FromDays(2) });
        Named(nameof(MediaServerOptions.HandshakeTimeout), new() { Folder = ".", HandshakeTimeout = TimeSpan.Zero });
        Named(nameof(MediaServerOptions.IdleTimeout), new() { Folder = ".", IdleTimeout = -TimeSpan.FromSeconds(1) });
        Named(nameof(MediaServerOptions.SendTimeout), new() { Folder = ".", SendTimeout = TimeSpan.Zero });
        Named(nameof(MediaServerOptions.MaxConnections), new() { Folder = ".", MaxConnections = 0 });
        Named(nameof(MediaServerOptions.MaxConnectionBytes), new() { Folder = ".", MaxConnectionBytes = 131_071 });
        Named(nameof(MediaServerOptions.MaxHeldBytes), new() { Folder = ".", MaxHeldBytes = 262_143 });
        Named(nameof(MediaServerOptions.CacheBytes), new() { Folder = ".", CacheBytes = -1 });
        Named(nameof(MediaServerOptions.MaxPlayerRate), new() { Folder = ".", MaxPlayerRate = 0 });
        Named(nameof(MediaServerOptions.MaxServerRate), new() { Folder = ".", Workers = 4, MaxServerRate = 3999 });
        Named(nameof(MediaServerOptions.SendBuffer), new() { Folder = ".", SendBuffer = 1 });
        Named(nameof(MediaServerOptions.ReceiveBuffer), new() { Folder = ".", ReceiveBuffer = 1 });
        Named(nameof(MediaServerOptions.IndexCacheBytes), new() { Folder = ".", IndexCacheBytes = 0 });
        Named(nameof(MediaServerOptions.EndPoints), new() { Folder = ".", EndPoints = [] });
        Named(nameof(MediaServerOptions.MinClientBuffer), new() { Folder = ".", MinClientBuffer = -TimeSpan.FromSeconds(1) });
        Named(nameof(MediaServerOptions.MaxPause), new() { Folder = ".", MaxPause = TimeSpan.Zero });
        Named(nameof(MediaServerOptions.MinPlayerRate), new() { Folder = ".", MinPlayerRate = -1 });
        Named(nameof(MediaServerOptions.AcknowledgeTimeout), new() { Folder = ".", AcknowledgeTimeout = TimeSpan.Zero });
        Named(nameof(MediaServerOptions.MaxUnsentTime), new() { Folder = ".", MaxUnsentTime = TimeSpan.FromDays(2) });
        Named(nameof(MediaServerOptions.MaxPacingRate), new() { Folder = ".", MaxPacingRate = 999 });
        Named(nameof(MediaServerOptions.MaxConnectionsPerAddress), new() { Folder = ".", MaxConnectionsPerAddress = -1 });
        Named(nameof(MediaServerOptions.MaxConnectsPerAddress), new() { Folder = ".", MaxConnectsPerAddress = -1 });
        Named(nameof(MediaServerOptions.MaxOpeningsPerAddress), new() { Folder = ".", MaxOpeningsPerAddress = -1 });
        Named(nameof(MediaServerOptions.StatisticsName), new() { Folder = ".", StatisticsName = "a/b" });
        Named(nameof(MediaServerOptions.MaxPlaylistItems), new() { Folder = ".", MaxPlaylistItems = 0 });
        Named(nameof(MediaServerOptions.MaxPlaylistItems), new() { Folder = ".", MaxPlaylistItems = 65_537 });
        Named(nameof(MediaServerOptions.MaxOpenBytes), new() { Folder = ".", MaxOpenBytes = 0 });
        Named(nameof(MediaServerOptions.MaxOpenFiles), new() { Folder = ".", MaxOpenFiles = 0 });
        Named(nameof(MediaServerOptions.CacheTitles), new() { Folder = ".", CacheTitles = 0 });
        Named(nameof(MediaServerOptions.PublisherAuthentication),
            new() { Folder = ".", AllowsPublishing = true, PublisherAuthentication = AuthenticationMethod.Adobe });
    }

    [Fact]
    public void A_bad_limit_is_named_with_its_own_value()
    {
        LimitNamed("OpeningTime must be more than 0 and at most a day (was 0 s)", () => new() { OpeningTime = TimeSpan.Zero });
        LimitNamed("OpeningTime must be more than 0 and at most a day (was 172800 s)",
            () => new() { OpeningTime = TimeSpan.FromDays(2) });
        LimitNamed("StorageTimeout must be more than 0 and at most a day (was 0 s)", () => new() { StorageTimeout = TimeSpan.Zero });
        LimitNamed("Boxes must be at least 1 (was -1)", () => new() { Structure = new() { Boxes = -1 } });
        LimitNamed("Depth must be from 1 to 1,000 (was 0)", () => new() { Structure = new() { Depth = 0 } });
    }

    private static void LimitNamed(string message, Func<TitleLimits> limits)
    {
        ArgumentException wrong = Assert.Throws<ArgumentException>(limits);
        Assert.Equal(message.Split(' ')[0], wrong.ParamName);
        Assert.StartsWith(message, wrong.Message, StringComparison.Ordinal);
    }

    private static void Named(string option, MediaServerOptions options)
    {
        ArgumentException wrong = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Equal(option, wrong.ParamName);
    }
}
