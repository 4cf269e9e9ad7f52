using System.Net;
using System.Net.Sockets;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Servers;

/// <summary>nginx-rtmp serving the same folder: the peer that this server is measured by.</summary>
internal sealed class NginxRtmp : IAsyncDisposable
{
    private static readonly string[] ModuleFolders =
        ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/libexec/nginx", "/opt/homebrew/lib/nginx/modules"];

    private NginxRtmp(ServerProcess process, int port)
    {
        Process = process;
        Port = port;
    }

    public ServerProcess Process { get; }

    public int Port { get; }

    public static async Task<NginxRtmp> StartAsync(string folder)
    {
        string prefix = TemporaryFolder.Create("nginx");
        Directory.CreateDirectory(Path.Combine(prefix, "logs"));
        int port = FreePort();
        string? module = ModuleFolders.Select(directory => Path.Combine(directory, "ngx_rtmp_module.so")).FirstOrDefault(File.Exists);
        string configuration = $$"""
            {{(module is null ? "" : $"load_module {module};")}}
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            daemon off;
            worker_processes 1;
            error_log stderr;
            pid nginx.pid;
            events { worker_connections 256; }
            rtmp { server { listen 127.0.0.1:{{port}}; application vod { play {{folder}}; } } }
            """;
        string file = Path.Combine(prefix, "nginx.conf");
        await File.WriteAllTextAsync(file, configuration);
        ServerProcess process = ServerProcess.Start(Tool.Path("nginx"), ["-p", prefix, "-c", file]);
        NginxRtmp server = new(process, port);
        try
        {
            await server.AcceptsAsync();
            return server;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public string Address(string title) => $"rtmp://127.0.0.1:{Port}/vod/{title}";

    public async ValueTask DisposeAsync()
    {
        // The master ends its worker; killing the master alone would leave it.
        if (!Process.HasExited)
        {
            await Process.SignalAsync("TERM");
            await Process.EndsAsync(TimeSpan.FromSeconds(10));
        }

        await Process.DisposeAsync();
    }

    private async Task AcceptsAsync()
    {
        for (int attempt = 0; attempt < 100; attempt++)
        {
            Assert.False(Process.HasExited, Process.Said);
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }

        Assert.Fail($"nginx does not accept: {Process.Said}");
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
