using System.Net;
using System.Net.Sockets;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Servers;

/// <summary>nginx serving a folder's files by HTTP: the peer that ranges are compared with.</summary>
internal sealed class NginxFiles : IAsyncDisposable
{
    private readonly ServerProcess _process;

    private NginxFiles(ServerProcess process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public static async Task<NginxFiles> StartAsync(string folder)
    {
        string prefix = TemporaryFolder.Create("nginx-files");
        int port;
        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        string temporary = string.Concat(
            ((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(name => $"{name}_temp_path {prefix}/{name};"));
        string file = Path.Combine(prefix, "nginx.conf");
        await File.WriteAllTextAsync(file, $$"""
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            daemon off; master_process off; error_log stderr; pid nginx.pid;
            events { }
            http {
              access_log off; types { video/quicktime mov; } default_type video/mp4; {{temporary}}
              keepalive_requests 1000000; large_client_header_buffers 4 16k; max_ranges 200;
              server { listen 127.0.0.1:{{port}}; location /vod/ { alias {{folder}}/; } }
            }
            """);
        ServerProcess process = ServerProcess.Start(Tool.Path("nginx"), ["-p", prefix, "-c", file]);
        NginxFiles server = new(process, port);
        for (int attempt = 0; attempt < 100; attempt++)
        {
            Assert.False(process.HasExited, process.Said);
            using TcpClient client = new();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port);
                return server;
            }
            catch (SocketException)
            {
                await Task.Delay(100);
            }
        }

        await process.DisposeAsync();
        throw new TimeoutException("nginx accepts nothing");
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
