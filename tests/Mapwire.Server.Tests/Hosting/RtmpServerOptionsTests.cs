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
        Named(nameof(RtmpServerOptions.DefaultClientBuffer), new() { Folder = ".", DefaultClientBuffer = TimeSpan.FromDays(2) });
        Named(nameof(RtmpServerOptions.HandshakeTimeout), new() { Folder = ".", HandshakeTimeout = TimeSpan.Zero });
        Named(nameof(RtmpServerOptions.IdleTimeout), new() { Folder = ".", IdleTimeout = -TimeSpan.FromSeconds(1) });
        Named(nameof(RtmpServerOptions.SendTimeout), new() { Folder = ".", SendTimeout = TimeSpan.Zero });
        Named(nameof(RtmpServerOptions.MaxConnections), new() { Folder = ".", MaxConnections = 0 });
        Named(nameof(RtmpServerOptions.CacheBytes), new() { Folder = ".", CacheBytes = -1 });
        Named(nameof(RtmpServerOptions.MaxPlayerRate), new() { Folder = ".", MaxPlayerRate = 0 });
        Named(nameof(RtmpServerOptions.MaxServerRate), new() { Folder = ".", Workers = 4, MaxServerRate = 3999 });
        Named(nameof(RtmpServerOptions.SendBuffer), new() { Folder = ".", SendBuffer = 1 });
        Named(nameof(RtmpServerOptions.ReceiveBuffer), new() { Folder = ".", ReceiveBuffer = 1 });
        Named(nameof(RtmpServerOptions.IndexCacheBytes), new() { Folder = ".", IndexCacheBytes = 0 });
        Named(nameof(TitleLimits.StorageTimeout), new() { Folder = ".", Limits = new() { StorageTimeout = TimeSpan.Zero } });
        Named(nameof(RtmpServerOptions.CacheTitles), new() { Folder = ".", CacheTitles = 0 });
    }

    private static void Named(string option, RtmpServerOptions options)
    {
        ArgumentException wrong = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Equal(option, wrong.ParamName);
    }
}
