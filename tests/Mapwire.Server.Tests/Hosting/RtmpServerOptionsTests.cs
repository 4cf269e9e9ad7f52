using Mapwire.Server.Files;
using Mapwire.Server.Hosting;
using Xunit;

namespace Mapwire.Server.Tests.Hosting;

public sealed class RtmpServerOptionsTests
{
    [Fact]
    public void The_defaults_are_valid() => new RtmpServerOptions { Folder = "." }.Validate();

    [Fact]
    public void A_bad_option_is_named()
    {
        Named(nameof(RtmpServerOptions.ChunkSize), new() { Folder = ".", ChunkSize = 0 });
        Named(nameof(RtmpServerOptions.ChunkSize), new() { Folder = ".", ChunkSize = 1 << 24 });
        Named(nameof(RtmpServerOptions.Workers), new() { Folder = ".", Workers = 0 });
        Named(nameof(RtmpServerOptions.Application), new() { Folder = ".", Application = "a/b" });
        Named(nameof(RtmpServerOptions.Application), new() { Folder = ".", Application = "" });
        Named(nameof(RtmpServerOptions.MaxClientBuffer), new() { Folder = ".", MaxClientBuffer = TimeSpan.Zero });
        Named(nameof(RtmpServerOptions.MinClientBuffer),
            new() { Folder = ".", MinClientBuffer = TimeSpan.FromSeconds(2), MaxClientBuffer = TimeSpan.FromSeconds(1) });
        Named(nameof(RtmpServerOptions.Folder), new() { Folder = "" });
        Named(nameof(RtmpServerOptions.SegmentDuration), new() { Folder = ".", SegmentDuration = TimeSpan.FromSeconds(0.05) });
        Named(nameof(RtmpServerOptions.IndexCacheFolder), new() { Folder = ".", IndexCacheFolder = "" });
        Named(nameof(RtmpServerOptions.DefaultClientBuffer), new() { Folder = ".", DefaultClientBuffer = TimeSpan.FromDays(2) });
        Named(nameof(RtmpServerOptions.HandshakeTimeout), new() { Folder = ".", HandshakeTimeout = TimeSpan.Zero });
        Named(nameof(RtmpServerOptions.IdleTimeout), new() { Folder = ".", IdleTimeout = -TimeSpan.FromSeconds(1) });
        Named(nameof(RtmpServerOptions.SendTimeout), new() { Folder = ".", SendTimeout = TimeSpan.Zero });
        Named(nameof(RtmpServerOptions.MaxConnections), new() { Folder = ".", MaxConnections = 0 });
        Named(nameof(RtmpServerOptions.MaxConnectionBytes), new() { Folder = ".", MaxConnectionBytes = 131_071 });
        Named(nameof(RtmpServerOptions.MaxHeldBytes), new() { Folder = ".", MaxHeldBytes = 262_143 });
        Named(nameof(RtmpServerOptions.CacheBytes), new() { Folder = ".", CacheBytes = -1 });
        Named(nameof(RtmpServerOptions.MaxPlayerRate), new() { Folder = ".", MaxPlayerRate = 0 });
        Named(nameof(RtmpServerOptions.MaxServerRate), new() { Folder = ".", Workers = 4, MaxServerRate = 3999 });
        Named(nameof(RtmpServerOptions.SendBuffer), new() { Folder = ".", SendBuffer = 1 });
        Named(nameof(RtmpServerOptions.ReceiveBuffer), new() { Folder = ".", ReceiveBuffer = 1 });
        Named(nameof(RtmpServerOptions.IndexCacheBytes), new() { Folder = ".", IndexCacheBytes = 0 });
        Named(nameof(RtmpServerOptions.EndPoints), new() { Folder = ".", EndPoints = [] });
        Named(nameof(RtmpServerOptions.MinClientBuffer), new() { Folder = ".", MinClientBuffer = -TimeSpan.FromSeconds(1) });
        Named(nameof(RtmpServerOptions.MaxPause), new() { Folder = ".", MaxPause = TimeSpan.Zero });
        Named(nameof(RtmpServerOptions.MinPlayerRate), new() { Folder = ".", MinPlayerRate = -1 });
        Named(nameof(RtmpServerOptions.AcknowledgeTimeout), new() { Folder = ".", AcknowledgeTimeout = TimeSpan.Zero });
        Named(nameof(RtmpServerOptions.MaxUnsentTime), new() { Folder = ".", MaxUnsentTime = TimeSpan.FromDays(2) });
        Named(nameof(RtmpServerOptions.MaxPacingRate), new() { Folder = ".", MaxPacingRate = 999 });
        Named(nameof(RtmpServerOptions.MaxConnectionsPerAddress), new() { Folder = ".", MaxConnectionsPerAddress = -1 });
        Named(nameof(RtmpServerOptions.MaxConnectsPerAddress), new() { Folder = ".", MaxConnectsPerAddress = -1 });
        Named(nameof(RtmpServerOptions.MaxOpeningsPerAddress), new() { Folder = ".", MaxOpeningsPerAddress = -1 });
        Named(nameof(RtmpServerOptions.StatisticsName), new() { Folder = ".", StatisticsName = "a/b" });
        Named(nameof(RtmpServerOptions.MaxPlaylistItems), new() { Folder = ".", MaxPlaylistItems = 0 });
        Named(nameof(RtmpServerOptions.MaxPlaylistItems), new() { Folder = ".", MaxPlaylistItems = 65_537 });
        Named(nameof(RtmpServerOptions.MaxOpenBytes), new() { Folder = ".", MaxOpenBytes = 0 });
        Named(nameof(RtmpServerOptions.MaxOpenFiles), new() { Folder = ".", MaxOpenFiles = 0 });
        Named(nameof(RtmpServerOptions.CacheTitles), new() { Folder = ".", CacheTitles = 0 });
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

    private static void Named(string option, RtmpServerOptions options)
    {
        ArgumentException wrong = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Equal(option, wrong.ParamName);
    }
}
