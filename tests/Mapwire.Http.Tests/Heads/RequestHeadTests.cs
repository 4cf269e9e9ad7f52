using System.Text;
using Mapwire.Http.Heads;

namespace Mapwire.Http.Tests.Heads;

/// <summary>Request heads by RFC 9112, sections 2 to 5, and RFC 9110, sections 5 to 7.</summary>
public sealed class RequestHeadTests
{
    /// <summary>RFC 9112, section 3.2.1, with what a browser adds.</summary>
    private const string Plain = "GET /where?q=now HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: a b\tc\r\nEmpty:\r\n\r\n";

    [Fact]
    public void A_plain_request_is_simple()
    {
        Look look = Look.At(Plain);
        Assert.Equal(HeadStatus.Simple, look.Status);
        Assert.Equal(
            $"Get /where?q=now {Plain.Length} keep-alive=True websocket=False host=www.example.org\n"
            + "Host=www.example.org\nUser-Agent=a b\tc\nEmpty=",
            look.Text);
    }

    [Theory]
    [InlineData("GET", RequestMethod.Get)]
    [InlineData("HEAD", RequestMethod.Head)]
    [InlineData("OPTIONS", RequestMethod.Options)]
    public void A_method_is_read(string word, RequestMethod method) =>
        Assert.StartsWith(method + " /a ", Look.At($"{word} /a HTTP/1.1\r\nHost: h\r\n\r\n").Text, StringComparison.Ordinal);

    [Fact]
    public void Bytes_behind_a_head_are_left_for_the_next_request()
    {
        byte[] two = Encoding.ASCII.GetBytes(Plain + "HEAD /second HTTP/1.1\r\nHost: h\r\n\r\n");
        RequestHeadReader reader = new();
        Assert.Equal(HeadStatus.Simple, reader.Read(two, out RequestHead first));
        Assert.Equal(Plain.Length, first.Length);
        Assert.Equal(HeadStatus.Simple, reader.Read(two.AsSpan(first.Length), out RequestHead second)); // the same reader
        Assert.Equal("/second", Encoding.ASCII.GetString(second.Target));
        Assert.Equal(two.Length, first.Length + second.Length);
    }

    [Fact]
    public void A_head_that_comes_in_pieces_is_the_same_wherever_it_is_cut()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(Plain);
        Look whole = Look.At(bytes);
        for (int cut = 1; cut < bytes.Length; cut++)
        {
            Assert.Equal(HeadStatus.Incomplete, Look.At(bytes.AsSpan(0, cut)).Status);
            Assert.Equal(whole, Look.InPieces(bytes, new Queue<int>([cut, bytes.Length]).Dequeue));
        }

        Assert.Equal(whole, Look.InPieces(bytes, () => 1));
    }

    /// <summary>Each row is one thing that is wrong or more than is understood here, and its reason.</summary>
    public static TheoryData<string, ForeignReason> Foreign { get; } = new()
    {
        { "POST / HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.Method },
        { "get / HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.Method },
        { "GETS / HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.Method },
        { "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.Method },
        { " GET / HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.Method },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ForeignReason.Method }, // RFC 9113, section 3.4
        { "\u0016\u0003\u0001\u0002\u0000", ForeignReason.ControlCharacter }, // a TLS record
        { "\u0003", ForeignReason.ControlCharacter }, // RTMP's C0
        { "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.EmptyLine },
        { "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.BareLineFeed },
        { "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.EmptyLine },
        { "GET /\r\n", ForeignReason.RequestLine }, // HTTP/0.9
        { "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.RequestLine },
        { "GET /  HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.RequestLine },
        { "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", ForeignReason.RequestLine },
        { "GET / HTTP/1.1\t\r\nHost: h\r\n\r\n", ForeignReason.RequestLine },
        { "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.RequestLine },
        { "GET / HTTP/1.0\r\nHost: h\r\n\r\n", ForeignReason.Version },
        { "GET / HTTP/2.0\r\nHost: h\r\n\r\n", ForeignReason.Version },
        { "GET / http/1.1\r\nHost: h\r\n\r\n", ForeignReason.Version },
        { "GET / HTTP/1.10\r\nHost: h\r\n\r\n", ForeignReason.Version },
        { "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetForm },
        { "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetForm },
        { "GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetForm },
        { "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetCharacter },
        { "GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetCharacter },
        { "GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetCharacter },
        { "GET /\"<>^`{|}[] HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetCharacter },
        { "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetEscape },
        { "GET /a% HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetEscape },
        { "GET /a%2 HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetEscape },
        { "GET /a%20%00 HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetEscape },
        { "GET /?a=%00 HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.TargetEscape },
        { "GET /\u0000 HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.Nul },
        { "GET /\u00e9 HTTP/1.1\r\nHost: h\r\n\r\n", ForeignReason.NonAscii },
        { "GET / HTTP/1.1\nHost: h\r\n\r\n", ForeignReason.BareLineFeed },
        { "GET / HTTP/1.1\r\nHost: h\n\r\n", ForeignReason.BareLineFeed },
        { "GET / HTTP/1.1\r\nHost: h\r\n\n", ForeignReason.BareLineFeed },
        { "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", ForeignReason.BareCarriageReturn },
        { "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", ForeignReason.BareCarriageReturn },
        { "GET / HTTP/1.1\r\nHost: h\r\nX: \u0001\r\n\r\n", ForeignReason.ControlCharacter },
        { "GET / HTTP/1.1\r\nHost: h\r\nX: \u007f\r\n\r\n", ForeignReason.ControlCharacter },
        { "GET / HTTP/1.1\r\nHost: h\r\nX: \u0000\r\n\r\n", ForeignReason.Nul },
        { "GET / HTTP/1.1\r\nHost: h\r\nX: \u0080\r\n\r\n", ForeignReason.NonAscii },
        { "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", ForeignReason.ObsoleteFolding },
        { "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n", ForeignReason.ObsoleteFolding },
        { "GET / HTTP/1.1\r\n Host: h\r\n\r\n", ForeignReason.ObsoleteFolding },
        { "GET / HTTP/1.1\r\nHost h\r\n\r\n", ForeignReason.NoColon },
        { "GET / HTTP/1.1\r\nHost : h\r\n\r\n", ForeignReason.FieldName },
        { "GET / HTTP/1.1\r\nHost: h\r\n: y\r\n\r\n", ForeignReason.FieldName },
        { "GET / HTTP/1.1\r\nHost: h\r\nX\t: y\r\n\r\n", ForeignReason.FieldName },
        { "GET / HTTP/1.1\r\nHost: h\r\nX(: y\r\n\r\n", ForeignReason.FieldName },
        { "GET / HTTP/1.1\r\n\r\n", ForeignReason.NoHost },
        { "GET / HTTP/1.1\r\nX: y\r\n\r\n", ForeignReason.NoHost },
        { "GET / HTTP/1.1\r\nHost:\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: h:\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: h:8x\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: h:123456\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [:]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [g::1]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [98]\r\n\r\n", ForeignReason.Host }, // Kestrel refuses these two
        { "GET / HTTP/1.1\r\nHost: [::]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: []\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7:8:9]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [1:2:3:4::5:6:7:8]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [1::2::3]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [:::]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [:1::2]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [1::2:]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [::12345]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [::192.0.2.1]\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: [::1]:\r\n\r\n", ForeignReason.Host },
        { "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\nrange: bytes=1-1\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nIf-Range: a\r\nIF-RANGE: b\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nIf-Match: a\r\nIf-Match: b\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: a\r\nIf-None-Match: b\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nIf-Modified-Since: a\r\nIf-Modified-Since: b\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nIf-Unmodified-Since: a\r\nIf-Unmodified-Since: b\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Key: b\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n\r\n", ForeignReason.RepeatedField },
        { "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", ForeignReason.TransferEncoding },
        { "GET / HTTP/1.1\r\nHost: h\r\ntransfer-encoding: identity\r\n\r\n", ForeignReason.TransferEncoding },
        { "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", ForeignReason.ContentLength },
        { "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 00\r\n\r\n", ForeignReason.ContentLength },
        { "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +0\r\n\r\n", ForeignReason.ContentLength },
        { "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0, 0\r\n\r\n", ForeignReason.ContentLength },
        { "GET / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", ForeignReason.ContentLength },
        { "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", ForeignReason.ContentLength },
        { "GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", ForeignReason.Expect },
        { "GET / HTTP/1.1\r\nHost: h\r\nConnection: a b\r\n\r\n", ForeignReason.Connection },
        { "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive; x\r\n\r\n", ForeignReason.Connection },
        { "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\r\n", ForeignReason.Upgrade },
        { "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", ForeignReason.Upgrade },
        { "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", ForeignReason.Upgrade },
        { "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket, h2c\r\n\r\n", ForeignReason.Upgrade },
        { "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", ForeignReason.Upgrade },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public void What_is_not_surely_understood_is_foreign_with_its_reason(string text, ForeignReason reason)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        Assert.Equal(new Look(HeadStatus.Foreign, reason, ""), Look.At(bytes));
        Assert.Equal(new Look(HeadStatus.Foreign, reason, ""), Look.InPieces(bytes, () => 1));
    }

    [Fact]
    public void Every_reason_has_a_head()
    {
        ForeignReason[] elsewhere =
        [
            ForeignReason.None, ForeignReason.HeadTooLong, ForeignReason.TooManyFields,
            ForeignReason.LineTooLong, ForeignReason.FieldsTooLong, // ForwardedHeadTests has them
        ];
        Assert.Equal(
            Enum.GetValues<ForeignReason>().Except(elsewhere).Order(),
            Foreign.Select(row => row.Data.Item2).Distinct().Order());
    }

    [Theory]
    [InlineData("h")]
    [InlineData("example.org:8080")]
    [InlineData("a_b-c.d~e")]
    [InlineData("127.0.0.1:1")]
    [InlineData("[::1]")]
    [InlineData("[1::]:80")]
    [InlineData("[2001:db8::FFFF:1]:65535")]
    [InlineData("[1:2:3:4:5:6:7::]")]
    [InlineData("[1:2:3:4:5:6:7:8]")]
    public void A_plain_host_is_taken(string host) =>
        Assert.Contains($"host={host}", Look.At($"GET / HTTP/1.1\r\nHOST:  {host} \t\r\n\r\n").Text, StringComparison.Ordinal);

    [Theory]
    [InlineData("", true)]
    [InlineData("Connection: keep-alive\r\n", true)]
    [InlineData("Connection: TE, keep-alive\r\n", true)]
    [InlineData("Connection: close\r\n", false)]
    [InlineData("connection: Foo ,, CLOSE\t\r\n", false)]
    [InlineData("Connection: keep-alive\r\nX: y\r\nConnection: close\r\n", false)]
    [InlineData("Connection: keep-alive, close\r\n", false)]
    [InlineData("Connection: closed\r\n", true)]
    [InlineData("Connection:\r\n", true)]
    public void Connection_says_whether_the_connection_stays(string fields, bool isKeepAlive)
    {
        Look look = Look.At($"GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        Assert.Contains($"keep-alive={isKeepAlive}", look.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_request_says_of_its_connection_does_not_count_for_the_next()
    {
        RequestHeadReader reader = new();
        byte[] closing = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nRange: bytes=0-0\r\n\r\n");
        Assert.Equal(HeadStatus.Simple, reader.Read(closing, out _));
        byte[] plain = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n");
        Assert.Equal(HeadStatus.Simple, reader.Read(plain, out RequestHead next));
        Assert.True(next.IsKeepAlive);
    }

    [Fact]
    public void A_content_length_of_0_is_simple() =>
        Assert.Equal(HeadStatus.Simple, Look.At("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").Status);

    [Fact]
    public void A_clean_websocket_upgrade_is_simple()
    {
        Look look = Look.At("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n");
        Assert.Contains("websocket=True", look.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_head_is_simple_and_a_byte_more_is_foreign()
    {
        string front = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
        string longest = front + new string('x', RequestHeadReader.MaxLength - front.Length - 4) + "\r\n\r\n";
        Assert.Equal(RequestHeadReader.MaxLength, longest.Length);
        Assert.Equal(HeadStatus.Simple, Look.At(longest).Status);
        Assert.Equal(HeadStatus.Simple, Look.At(longest + "GET /next").Status);
        string longer = longest.Insert(front.Length, "x");
        Assert.Equal(new Look(HeadStatus.Foreign, ForeignReason.HeadTooLong, ""), Look.At(longer));
        Assert.Equal(new Look(HeadStatus.Foreign, ForeignReason.HeadTooLong, ""), Look.InPieces(Encoding.ASCII.GetBytes(longer), () => 7));
    }

    [Theory]
    [InlineData("GET /")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nX: ")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\nX")]
    public void A_head_without_end_is_foreign_at_8_KiB_and_waits_no_longer(string front)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(front + new string('x', 10_000_000));
        Assert.Equal(HeadStatus.Incomplete, Look.At(bytes.AsSpan(0, RequestHeadReader.MaxLength - 1)).Status);
        Assert.Equal(ForeignReason.HeadTooLong, Look.At(bytes.AsSpan(0, RequestHeadReader.MaxLength)).Reason);
        Assert.Equal(ForeignReason.HeadTooLong, Look.At(bytes).Reason);
    }

    [Fact]
    public void Sixty_four_fields_are_simple_and_one_more_is_foreign()
    {
        string head = "GET / HTTP/1.1\r\nHost: h\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", RequestHeadReader.MaxFields - 1));
        Assert.Equal(HeadStatus.Simple, Look.At(head + "\r\n").Status);
        Assert.Equal(ForeignReason.TooManyFields, Look.At(head + "X: y\r\n\r\n").Reason);
    }

    [Fact]
    public void A_head_that_is_foreign_stays_foreign()
    {
        RequestHeadReader reader = new();
        Assert.Equal(HeadStatus.Foreign, reader.Read("POST"u8, out _));
        Assert.Equal(HeadStatus.Foreign, reader.Read(Encoding.ASCII.GetBytes(Plain), out _));
        Assert.Equal(ForeignReason.Method, reader.Reason);
    }

    [Fact]
    public void Fewer_bytes_than_at_the_last_look_are_refused()
    {
        RequestHeadReader reader = new();
        reader.Read("GET / HT"u8, out _);
        Assert.ThrowsAny<ArgumentException>(() => reader.Read("GET /"u8, out _));
    }

    [Fact]
    public void Nothing_received_is_incomplete() => Assert.Equal(HeadStatus.Incomplete, Look.At("").Status);

    [Fact]
    public void A_field_is_found_by_its_name_in_any_case_and_the_first_one_counts()
    {
        byte[] bytes = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: h\r\nAccept: a\r\nACCEPT: b\r\nAccept-Language: c\r\n\r\n");
        RequestHeadReader reader = new();
        reader.Read(bytes, out RequestHead head);
        Assert.True(head.TryGetField("accept"u8, out ReadOnlySpan<byte> value));
        Assert.Equal("a", Encoding.ASCII.GetString(value));
        Assert.False(head.TryGetField("Accep"u8, out value));
        Assert.True(value.IsEmpty);
    }

    [Fact]
    public void Looking_at_a_head_allocates_nothing_and_each_byte_costs_once_however_it_dribbles()
    {
        string front = "GET /film.mp4 HTTP/1.1\r\nHost: h\r\nX: ";
        byte[] bytes = Encoding.ASCII.GetBytes(front + new string('x', 8000) + "\r\n\r\n");
        Dribble(bytes, 1); // compiled now
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        int looks = Dribble(bytes, 1);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);
        Assert.Equal(bytes.Length, looks);

        // The reader says itself from where it looks: what it looked at before can be overwritten without notice.
        RequestHeadReader reader = new();
        int seen = front.Length + 4000;
        Assert.Equal(HeadStatus.Incomplete, reader.Read(bytes.AsSpan(0, seen), out _));
        bytes.AsSpan(front.Length, 4000).Clear();
        Assert.Equal(HeadStatus.Simple, reader.Read(bytes, out _));
    }

    private static int Dribble(byte[] bytes, int step)
    {
        RequestHeadReader reader = new();
        int looks = 0;
        for (int count = step; ; count = Math.Min(bytes.Length, count + step))
        {
            looks++;
            if (reader.Read(bytes.AsSpan(0, count), out _) != HeadStatus.Incomplete)
            {
                return looks;
            }
        }
    }
}
