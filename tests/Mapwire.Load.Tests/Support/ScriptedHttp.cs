using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Mapwire.Load.Tests.Support;

/// <summary>A server of HTTP/1.1 that answers each target as a test says, wrongly too.</summary>
internal sealed class ScriptedHttp : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<string, Stream, Task<bool>> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly Task _accepting;
    private int _connections;

    /// <param name="answer">Given the target, writes an answer; false closes the connection after it.</param>
    /// <param name="certificate">For an encrypted server.</param>
    public ScriptedHttp(Func<string, Stream, Task<bool>> answer, X509Certificate2? certificate = null)
    {
        _answer = answer;
        _certificate = certificate;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The targets asked for, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public int Connections => Volatile.Read(ref _connections);

    public LoadTarget Target(string target)
    {
        IPEndPoint endPoint = (IPEndPoint)_listener.LocalEndpoint;
        return new LoadTarget(new HttpUrl("127.0.0.1", endPoint.Port, _certificate is not null, target), endPoint);
    }

    /// <summary>A whole answer with a length.</summary>
    public static async Task<bool> OkAsync(Stream stream, byte[] body, string status = "200 OK")
    {
        byte[] head = Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n\r\n");
        await stream.WriteAsync((byte[])[.. head, .. body]);
        return true;
    }

    public static Task<bool> OkAsync(Stream stream, string body) => OkAsync(stream, Encoding.UTF8.GetBytes(body));

    /// <summary>Bytes as they are.</summary>
    public static async Task<bool> RawAsync(Stream stream, string text, bool closes = true)
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text));
        return !closes;
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _listener.Stop();
        _accepting.Wait(TimeSpan.FromSeconds(10));
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stopping.Token);
                socket.NoDelay = true;
                _ = ServeAsync(socket);
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        Interlocked.Increment(ref _connections);
        await using NetworkStream plain = new(socket, ownsSocket: true);
        Stream stream = plain;
        try
        {
            if (_certificate is not null)
            {
                SslStream encrypted = new(plain);
                stream = encrypted;
                await encrypted.AuthenticateAsServerAsync(_certificate);
            }

            using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
            while (await reader.ReadLineAsync(_stopping.Token) is { Length: > 0 } line)
            {
                while (await reader.ReadLineAsync(_stopping.Token) is { Length: > 0 })
                {
                }

                string target = line.Split(' ')[1];
                Asked.Enqueue(target);
                if (!await _answer(target, stream))
                {
                    return;
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
        }
    }
}
