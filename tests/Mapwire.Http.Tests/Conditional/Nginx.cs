using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mapwire.Http.Conditional;

namespace Mapwire.Http.Tests.Conditional;

/// <summary>A real nginx that serves a folder, as the reference for ranges. A machine without it fails these tests.</summary>
internal sealed class Nginx : IDisposable
{
    private readonly Process _process;
    private readonly string _folder = Directory.CreateTempSubdirectory("mapwire-http-").FullName;

    /// <summary>Starts it on a free port of the loopback interface.</summary>
    /// <param name="files">What it serves: names and contents.</param>
    public Nginx(IReadOnlyDictionary<string, byte[]> files)
    {
        foreach ((string name, byte[] bytes) in files)
        {
            File.WriteAllBytes(Path.Combine(_folder, name), bytes);
            File.SetLastWriteTimeUtc(Path.Combine(_folder, name), new DateTime(1994, 11, 6, 8, 49, 37, DateTimeKind.Utc));
        }

        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            Port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        string temporary = string.Concat(
            ((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(name => $"{name}_temp_path {_folder}/{name};"));
        File.WriteAllText(
            Path.Combine(_folder, "nginx.conf"),
            $$"""
            daemon off; master_process off; error_log {{_folder}}/error.log; pid {{_folder}}/pid;
            events { }
            http {
              access_log off; types { } default_type video/mp4; {{temporary}}
              keepalive_requests 1000000; large_client_header_buffers 4 16k; max_ranges {{RangeSelection.MaxRanges}};
              server { listen 127.0.0.1:{{Port}}; root {{_folder}}; }
            }
            """);
        string[] places = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"]; // Debian's is not on every path
        string program = places.FirstOrDefault(File.Exists) ?? "nginx";
        string[] arguments = ["-c", Path.Combine(_folder, "nginx.conf"), "-p", _folder];
        _process = Process.Start(new ProcessStartInfo(program, arguments))!;
        for (int tries = 0; !TryConnect(); tries++)
        {
            Assert.False(_process.HasExited || tries == 100, "nginx did not start");
            Thread.Sleep(100);
        }
    }

    public int Port { get; }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private bool TryConnect()
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
