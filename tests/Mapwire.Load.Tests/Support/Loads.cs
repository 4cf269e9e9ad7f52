using System.Net;

namespace Mapwire.Load.Tests.Support;

/// <summary>Short tests against a server of this process.</summary>
internal static class Loads
{
    public static LoadTarget Target(IPEndPoint server, string name = "sample.mp4") =>
        new(new RtmpUrl(server.Address.ToString(), server.Port, "vod", name), server);

    public static async Task<LoadReport> RunAsync(LoadOptions options, CancellationToken cancellation = default)
    {
        using LoadTest test = new(options);
        return await test.RunAsync(cancellation);
    }
}
