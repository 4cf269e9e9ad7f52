using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary>Random Range requests give the same statuses and the same bytes as nginx serving the same folder.</summary>
public sealed class NginxRangeTests
{
    private const int Connections = 4;

    /// <summary><c>MAPWIRE_HTTP_RANGES</c> says how many requests; by default few.</summary>
    private static readonly int Requests = int.Parse(
        Environment.GetEnvironmentVariable("MAPWIRE_HTTP_RANGES") is { Length: > 0 } text ? text : "400", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Ranges_of_films_are_answered_as_nginx_answers_them()
    {
        string folder = TemporaryFolder.Create("ranges");
        string[] names = ["moov-first.mp4", "twelve-seconds.mp4", "fragments.mov"];
        foreach (string name in names)
        {
            string path = Path.Combine(folder, name);
            File.Copy(await FilmFactory.GetAsync(name), path);
            File.SetLastWriteTimeUtc(path, new DateTime(1994, 11, 6, 8, 49, 37, DateTimeKind.Utc));
        }

        await using NginxFiles nginx = await NginxFiles.StartAsync(folder);
        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        Dictionary<HttpStatusCode, int> statuses = [];
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async connection =>
        {
            using HttpClient client = new();
            Random random = new(connection);
            for (int i = 0; i < Requests / Connections; i++)
            {
                string name = names[random.Next(names.Length)];
                string range = RangeOf(random, new FileInfo(Path.Combine(folder, name)).Length);
                (HttpStatusCode status, string fields, byte[] body) = await AskAsync(client, server.HttpPort, name, range);
                (HttpStatusCode expected, string expectedFields, byte[] expectedBody) = await AskAsync(client, nginx.Port, name, range);
                string what = $"{range} of {name}";
                Assert.True(expected == status, $"{what}: {status}, nginx {expected}");
                if (status != HttpStatusCode.RequestedRangeNotSatisfiable) // whose body is a page of nginx's own
                {
                    Assert.True(expectedFields == fields, $"{what}: {fields}, nginx {expectedFields}");
                    int same = body.AsSpan().CommonPrefixLength(expectedBody);
                    Assert.True(same == body.Length && same == expectedBody.Length,
                        $"{what}: {same} bytes of {body.Length} and {expectedBody.Length} are the same; then "
                        + $"{Convert.ToHexString(body.AsSpan(same, Math.Min(24, body.Length - same)))}, nginx "
                        + Convert.ToHexString(expectedBody.AsSpan(same, Math.Min(24, expectedBody.Length - same))));
                }

                lock (statuses)
                {
                    statuses[status] = statuses.GetValueOrDefault(status) + 1;
                }
            }
        }));
        Assert.Equal([200, 206, 416], statuses.Keys.Select(static status => (int)status).Order());
    }

    /// <summary>Asks for a range.</summary>
    /// <returns>The status, what is said of the body, and the body; the boundary between parts is taken for one that all have.</returns>
    private static async Task<(HttpStatusCode Status, string Fields, byte[] Body)> AskAsync(
        HttpClient client, int port, string name, string range)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://127.0.0.1:{port}/vod/{name}");
        request.Headers.TryAddWithoutValidation("Range", range);
        using HttpResponseMessage answer = await client.SendAsync(request);
        byte[] body = await answer.Content.ReadAsByteArrayAsync();
        HttpContentHeaders said = answer.Content.Headers;
        string fields = $"{said.ContentType} {said.ContentLength} {said.ContentRange}";
        if (answer.Content.Headers.ContentType?.Parameters.SingleOrDefault(static one => one.Name == "boundary")?.Value is { } boundary)
        {
            string same = new('0', boundary.Length);
            fields = fields.Replace(boundary, same, StringComparison.Ordinal);
            byte[] word = Encoding.ASCII.GetBytes("--" + boundary); // the number alone may be in the film
            for (int at = 0; body.AsSpan(at).IndexOf(word) is >= 0 and int found; at += found + word.Length)
            {
                Encoding.ASCII.GetBytes(same, body.AsSpan(at + found + 2));
            }
        }

        return (answer.StatusCode, fields, body);
    }

    /// <summary>Mostly one or two good ranges; many, overlapping, malformed and huge ones too.</summary>
    private static string RangeOf(Random random, long length)
    {
        int count = random.Next(10) switch { 0 => random.Next(2, 30), < 4 => 2, _ => 1 };
        return "bytes=" + string.Join(',', Enumerable.Range(0, count).Select(_ => One()));

        string One()
        {
            long first = Number(), last = count > 2 ? first + random.Next(5000) : Number();
            return random.Next(40) switch
            {
                0 => $"{first}",
                1 => $"{first} - {last}",
                2 => "-",
                3 => "",
                4 => "9223372036854775808-",
                5 => $"{first}-9223372036854775807",
                < 12 => $"-{first}",
                < 18 => $"{first}-",
                _ => $"{Math.Min(first, last)}-{Math.Max(first, last)}",
            };
        }

        long Number() => random.Next(8) switch
        {
            0 => 0,
            1 => length,
            2 => length - 1,
            3 => length + 1,
            _ => random.NextInt64(length),
        };
    }
}
