using System.Text;
using Mapwire.Http.Heads;
using Xunit;

namespace Mapwire.Http.Tests.Heads;

/// <summary>Which heads are handed on to a full server, and which are refused before.</summary>
public sealed class ForwardedHeadTests
{
    private const string Rest = " HTTP/1.1\r\nHost: h\r\n";

    public static TheoryData<string, ForeignReason> Heads() => new()
    {
        { $"POST /a{Rest}Content-Length: 5\r\n\r\n", ForeignReason.None },
        { $"GET http://h/a{Rest}Cookie: \u00e9\r\n\r\n", ForeignReason.None },
        { $"\r\n\r\nGET /a|b{Rest}\r\n", ForeignReason.None },
        { "GET /a HTTP/1.0\r\n\r\n", ForeignReason.None },
        { $"GET /a?b=%00{Rest}\r\n", ForeignReason.None },
        { $"GET /{new string('x', 8177)} HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.LineTooLong },
        { $"GET /{new string('x', 8176)} HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.None },
        { $"GET /a{Rest}X: {new string('x', 32_754)}\r\n\r\n", ForeignReason.None },
        { $"GET /a{Rest}X: {new string('x', 32_755)}\r\n\r\n", ForeignReason.FieldsTooLong },
        { $"GET /a{Rest}{string.Concat(Enumerable.Repeat("X: y\r\n", 99))}\r\n", ForeignReason.None },
        { $"GET /a{Rest}{string.Concat(Enumerable.Repeat("X: y\r\n", 100))}\r\n", ForeignReason.TooManyFields },
        { "GET /a HTTP/1.1\r\n\r\n", ForeignReason.NoHost },
        { $"GET /a{Rest}Host: i\r\n\r\n", ForeignReason.RepeatedField },
        { "GET /a HTTP/1.1\r\nHost: h i\r\n\r\n", ForeignReason.Host },
        { "GET /a HTTP/2.0\r\nHost: h\r\n\r\n", ForeignReason.Version },
        { "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetCharacter },
        { $"GET /\u00e9{Rest}\r\n", ForeignReason.TargetCharacter },
        { $"GET /%00{Rest}\r\n", ForeignReason.TargetEscape },
        { $"G(T /a{Rest}\r\n", ForeignReason.RequestLine },
        { "GET /a\r\n\r\n", ForeignReason.RequestLine },
        { $"POST /a{Rest}Content-Length: 1\r\nContent-Length: 1\r\n\r\n", ForeignReason.ContentLength },
        { $"POST /a{Rest}Content-Length: +1\r\n\r\n", ForeignReason.ContentLength },
        { $"POST /a{Rest}X : y\r\n\r\n", ForeignReason.FieldName },
        { $"POST /a{Rest}X\r\n\r\n", ForeignReason.NoColon },
        { $"POST /a{Rest} y\r\n\r\n", ForeignReason.ObsoleteFolding },
        { $"POST /a{Rest}X: \0\r\n\r\n", ForeignReason.Nul },
        { $"POST /a{Rest}X: \u0001\r\n\r\n", ForeignReason.ControlCharacter },
        { $"POST /a{Rest}X: a\rb\r\n\r\n", ForeignReason.BareCarriageReturn },
        { "POST /a HTTP/1.1\nHost: h\n\n", ForeignReason.BareLineFeed },
    };

    [Theory]
    [MemberData(nameof(Heads))]
    public void A_head_is_handed_on_or_refused_the_same_however_it_comes(string head, ForeignReason expected)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(head);
        foreach (int piece in (int[])[bytes.Length, 1, 7])
        {
            ForwardedHeadReader reader = new();
            HeadStatus status = HeadStatus.Incomplete;
            ForeignReason reason = ForeignReason.None;
            for (int length = Math.Min(piece, bytes.Length);
                status == HeadStatus.Incomplete;
                length = Math.Min(length + piece, bytes.Length))
            {
                length = Math.Min(length + piece, bytes.Length);
                status = reader.Read(bytes.AsSpan(0, length), out reason);
                Assert.True(status != HeadStatus.Incomplete || length < bytes.Length, "a whole head is no longer waited for");
            }

            Assert.Equal(expected, reason);
            Assert.Equal(expected == ForeignReason.None ? HeadStatus.Simple : HeadStatus.Foreign, status);
        }
    }

    [Fact]
    public void A_head_without_an_end_is_refused_when_it_is_too_long()
    {
        byte[] bytes = Encoding.Latin1.GetBytes($"POST /a{Rest}X: {new string('x', 40_000)}");
        ForwardedHeadReader reader = new();
        Assert.Equal(HeadStatus.Incomplete, reader.Read(bytes.AsSpan(0, 30_000), out _));
        Assert.Equal(HeadStatus.Foreign, reader.Read(bytes, out ForeignReason reason));
        Assert.Equal(ForeignReason.FieldsTooLong, reason);
        reader = new ForwardedHeadReader();
        Assert.Equal(HeadStatus.Foreign, reader.Read(Encoding.Latin1.GetBytes($"POST /{new string('x', 9_000)}"), out reason));
        Assert.Equal(ForeignReason.LineTooLong, reason);
    }
}
