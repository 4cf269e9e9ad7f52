using System.Net.Sockets;
using System.Text;
using Mapwire.Http.Heads;
using Mapwire.Http.Tests.Fuzzing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Mapwire.Http.Tests.Heads;

/// <summary>What we call simple Kestrel accepts as the same request: so it is the same question to both of them.</summary>
public sealed class KestrelTests
{
    private const string Plain =
        "GET /vod/film.mp4?start=5 HTTP/1.1\r\nHost: example.org:8080\r\nRange: bytes=0-99\r\nConnection: keep-alive, upgrade\r\n"
        + "Upgrade: websocket\r\nX-1: a b\t\r\n\r\n";

    [Fact]
    public void Kestrels_parser_reads_every_simple_head_of_the_grammar_in_the_same_way()
    {
        KestrelParser kestrel = new();
        HeadGrammar grammar = new(new Random(1));
        int simple = 0;
        for (int i = 0; i < 50_000; i++)
        {
            simple += Compare(kestrel, grammar.Head()) ? 1 : 0;
        }

        Assert.InRange(simple, 5_000, 45_000);
    }

    [Fact]
    public void Kestrels_parser_reads_every_simple_head_with_one_other_byte_in_the_same_way()
    {
        KestrelParser kestrel = new();
        byte[] plain = Encoding.ASCII.GetBytes(Plain);
        Assert.True(Compare(kestrel, plain));
        int simple = 0;
        for (int at = 0; at < plain.Length; at++)
        {
            for (int value = 0; value < 256; value++)
            {
                simple += Compare(kestrel, [.. plain[..at], (byte)value, .. plain[(at + 1)..]]) ? 1 : 0; // in its place
                simple += Compare(kestrel, [.. plain[..at], (byte)value, .. plain[at..]]) ? 1 : 0; // before it
            }

            simple += Compare(kestrel, [.. plain[..at], .. plain[(at + 1)..]]) ? 1 : 0; // left out
        }

        Assert.InRange(simple, 1_000, 60_000);
    }

    [Fact]
    public async Task Kestrel_itself_answers_every_simple_head_as_the_same_request()
    {
        List<(byte[] Head, string Expected, bool IsKeepAlive)> heads = [.. Simple().DistinctBy(static head => head.Expected).Take(4_000)];
        Assert.InRange(heads.Count, 1_500, 4_000);
        await using WebApplication kestrel = await Start();
        Uri address = new(kestrel.Urls.Single());
        Socket? socket = null;
        try
        {
            foreach ((byte[] head, string expected, bool isKeepAlive) in heads)
            {
                if (socket is null)
                {
                    socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    await socket.ConnectAsync(address.Host, address.Port);
                }

                await socket.SendAsync(head);
                string answer = await ReceiveHead(socket);
                string text = Encoding.Latin1.GetString(head);
                Assert.True(answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal), $"{text}\n{answer}");
                string echo = answer.Split("\r\n").Single(static line => line.StartsWith("X-Echo: ", StringComparison.Ordinal))[8..];
                Assert.Equal(expected, Encoding.UTF8.GetString(Convert.FromBase64String(echo)));
                Assert.Equal(!isKeepAlive, answer.Contains("Connection: close", StringComparison.OrdinalIgnoreCase));
                if (!isKeepAlive || text.Contains("websocket", StringComparison.OrdinalIgnoreCase))
                {
                    socket.Dispose();
                    socket = null;
                }
            }
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private static bool Compare(KestrelParser kestrel, byte[] bytes)
    {
        RequestHeadReader reader = new();
        if (reader.Read(bytes, out RequestHead head) != HeadStatus.Simple)
        {
            return false;
        }

        try
        {
            kestrel.RequireSame(bytes, head);
            return true;
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"{Encoding.Latin1.GetString(bytes)}: {exception.Message}", exception);
        }
    }

    /// <summary>Simple heads: of the grammar, and plain ones with a byte changed, inserted or left out.</summary>
    private static IEnumerable<(byte[] Head, string Expected, bool IsKeepAlive)> Simple()
    {
        HeadGrammar grammar = new(new Random(2));
        Random random = new(3);
        byte[] plain = Encoding.ASCII.GetBytes(Plain);
        for (int i = 0; i < 30_000; i++)
        {
            int at = random.Next(plain.Length);
            byte[] bytes = (i % 3) switch
            {
                0 => grammar.Head(),
                1 => [.. plain[..at], (byte)random.Next(256), .. plain[(at + random.Next(2))..]],
                _ => [.. plain[..at], .. plain[(at + 1 + random.Next(3) % (plain.Length - at))..]],
            };
            RequestHeadReader reader = new();
            if (reader.Read(bytes, out RequestHead head) == HeadStatus.Simple)
            {
                yield return (bytes[..head.Length], Describe(head), head.IsKeepAlive);
            }
        }
    }

    private static string Describe(in RequestHead head)
    {
        List<string> fields = [];
        foreach (FieldLines field in head.Fields)
        {
            fields.Add($"{Encoding.ASCII.GetString(field.Name).ToLowerInvariant()}: {Encoding.ASCII.GetString(field.Value)}");
        }

        return Describe(head.Method.ToString().ToUpperInvariant(), Encoding.ASCII.GetString(head.Target), fields);
    }

    /// <summary>Without Connection, in whose place Kestrel puts a word of its own; what it makes of it shows in its answer.</summary>
    private static string Describe(string method, string target, IEnumerable<string> fields) =>
        $"{method} {target}\n" + string.Join(
            '\n', fields.Where(static field => !field.StartsWith("connection:", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    private static async Task<WebApplication> Start()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static options => options.Listen(System.Net.IPAddress.Loopback, 0));
        WebApplication kestrel = builder.Build();
        kestrel.Run(static context =>
        {
            string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            IEnumerable<string> fields = context.Request.Headers.SelectMany(
                static header => header.Value.Select(value => $"{header.Key.ToLowerInvariant()}: {value}"));
            context.Response.Headers["X-Echo"] =
                Convert.ToBase64String(Encoding.UTF8.GetBytes(Describe(context.Request.Method, target, fields)));
            context.Response.ContentLength = 0;
            return Task.CompletedTask;
        });
        await kestrel.StartAsync();
        return kestrel;
    }

    private static async Task<string> ReceiveHead(Socket socket)
    {
        byte[] buffer = new byte[65536];
        int count = 0;
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(30));
        while (!buffer.AsSpan(0, count).EndsWith("\r\n\r\n"u8))
        {
            int received = await socket.ReceiveAsync(buffer.AsMemory(count), late.Token);
            if (received == 0)
            {
                break;
            }

            count += received;
        }

        return Encoding.Latin1.GetString(buffer, 0, count);
    }
}
