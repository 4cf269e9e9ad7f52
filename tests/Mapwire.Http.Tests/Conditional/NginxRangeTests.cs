using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Mapwire.Http.Conditional;

namespace Mapwire.Http.Tests.Conditional;

/// <summary>Random Range and If-Range fields are answered by a plan as nginx answers them, byte for byte.</summary>
public sealed class NginxRangeTests
{
    private const int Requests = 5_000;

    [Fact]
    public async Task Ranges_are_answered_as_nginx_answers_them()
    {
        int[] lengths = [0, 1, 2, 10, 1000, 70_000];
        Dictionary<string, byte[]> files = lengths.ToDictionary(
            static length => $"{length}.mp4",
            static length => Enumerable.Range(0, length).Select(static i => (byte)(i * 31 >> 3)).ToArray());
        using Nginx nginx = new(files);
        using HttpClient client = new() { BaseAddress = new Uri($"http://127.0.0.1:{nginx.Port}") };
        Random random = new(1);
        Dictionary<int, int> statuses = [];
        for (int i = 0; i < Requests; i++)
        {
            string name = $"{lengths[random.Next(lengths.Length)]}.mp4";
            string range = Range(random, files[name].Length);
            using HttpRequestMessage request = new(HttpMethod.Get, name);
            request.Headers.TryAddWithoutValidation("Range", range);
            string? ifRange = await AnyIfRange(client, name, random);
            if (ifRange is not null)
            {
                request.Headers.TryAddWithoutValidation("If-Range", ifRange);
            }

            using HttpResponseMessage answer = await client.SendAsync(request);
            byte[] body = await answer.Content.ReadAsByteArrayAsync();
            BodyPlan plan = Plan(range, ifRange, files[name], answer);
            string what = $"{range} of {files[name].Length} bytes, If-Range {ifRange}";
            statuses[plan.Status] = statuses.GetValueOrDefault(plan.Status) + 1;
            Assert.True(plan.Status == (int)answer.StatusCode, $"{what}: {plan.Status}, nginx {(int)answer.StatusCode}");
            Assert.Equal(Field(answer.Content.Headers, "Content-Range"), plan.ContentRange);
            if (plan.Status != 416) // whose body is a page of nginx's own
            {
                Assert.Equal(Field(answer.Content.Headers, "Content-Type"), plan.ContentType);
                Assert.Equal(answer.Content.Headers.ContentLength, plan.ContentLength);
                Assert.True(body.AsSpan().SequenceEqual(Body(plan, files[name])), what);
            }
        }

        Assert.Equal([200, 206, 416], statuses.Keys.Order());
        Assert.All(statuses.Values, static count => Assert.InRange(count, Requests / 20, Requests));
    }

    private static BodyPlan Plan(string range, string? ifRange, byte[] file, HttpResponseMessage answer)
    {
        // nginx's own number, so that bodies are the same
        string? text = answer.Content.Headers.ContentType?.Parameters.SingleOrDefault(static one => one.Name == "boundary")?.Value;
        ulong boundary = text is null ? 0 : ulong.Parse(text, CultureInfo.InvariantCulture);
        RequestConditions conditions = new()
        {
            Range = Encoding.ASCII.GetBytes(range.Trim(' ')),
            IfRange = Encoding.ASCII.GetBytes(ifRange ?? ""),
        };
        EntityTag tag = new(TagOf(file.Length));
        return BodyPlan.Create(
            RequestMethod.Get, conditions, new(file.Length, tag, new DateTimeOffset(1994, 11, 6, 8, 49, 37, TimeSpan.Zero)), "video/mp4",
            DateTimeOffset.UnixEpoch, boundary);
    }

    /// <summary>nginx's tag: the time and the length in hexadecimal.</summary>
    private static string TagOf(int length) => $"{784111777:x}-{length:x}";

    private static async Task<string?> AnyIfRange(HttpClient client, string name, Random random)
    {
        if (random.Next(4) > 0)
        {
            return null;
        }

        using HttpResponseMessage answer = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, name));
        Assert.Equal($"\"{TagOf(int.Parse(name.Split('.')[0], CultureInfo.InvariantCulture))}\"", answer.Headers.ETag?.Tag);
        return random.Next(6) switch
        {
            0 => answer.Headers.ETag!.Tag,
            1 => "Sun, 06 Nov 1994 08:49:37 GMT",
            2 => "Sun, 06 Nov 1994 08:49:38 GMT",
            3 => "Sunday, 06-Nov-94 08:49:37 GMT",
            4 => "\"other\"",
            _ => "nonsense",
        };
    }

    private static string? Field(HttpContentHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(',', values) : null;

    private static byte[] Body(BodyPlan plan, byte[] file)
    {
        ArrayBufferWriter<byte> output = new();
        for (int i = 0; i < plan.Parts.Length; i++)
        {
            if (plan.IsMultipart)
            {
                plan.WriteDelimiter(i, output);
            }

            output.Write(file.AsSpan((int)plan.Parts[i].Offset, (int)plan.Parts[i].Length));
        }

        if (plan.IsMultipart)
        {
            plan.WriteDelimiter(plan.Parts.Length, output);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Mostly one or two good ranges; many, overlapping, malformed and huge ones too.</summary>
    internal static string Range(Random random, int length)
    {
        string unit = random.Next(30) switch { 0 => "Bytes=", 1 => "bytes =", 2 => "items=", 3 => "bytes", _ => "bytes=" };
        int count = random.Next(20) switch { 0 => random.Next(150, 260), < 4 => random.Next(2, 12), < 8 => 2, _ => 1 };
        bool isSmall = count > 12;
        return unit + string.Join(random.Next(8) == 0 ? " , " : ",", Enumerable.Range(0, count).Select(_ => One()));

        string One()
        {
            long first = Number(), last = isSmall ? first + random.Next(2) : Number();
            return random.Next(isSmall ? 2000 : 40) switch
            {
                0 => $"{first}",
                1 => $"{first} - {last}",
                2 => $" {first}-{last} ",
                3 => $"{first}-{last}x",
                4 => "-",
                5 => "",
                6 => "9223372036854775808-",
                7 => $"{first}-9223372036854775807",
                8 => $"0{first}-0{last}",
                9 => "-0",
                < 20 => $"-{first}",
                < 26 => $"{first}-",
                _ => random.Next(10) == 0 ? $"{last}-{first}" : $"{Math.Min(first, last)}-{Math.Max(first, last)}",
            };
        }

        long Number() => random.Next(8) switch
        {
            0 => 0,
            1 => length,
            2 => Math.Max(0, length - 1),
            3 => length + 1,
            _ => random.Next(length + 2),
        };
    }
}
