using System.Buffers;
using System.Text;
using Mapwire.Http.Conditional;

namespace Mapwire.Http.Tests.Conditional;

public sealed class BodyPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("", 200, "0+8000", null, 8000)]
    [InlineData("bytes=21010-47021", 416, "", "bytes */8000", 0)]
    [InlineData("bytes=500-999", 206, "500+500", "bytes 500-999/8000", 500)]
    [InlineData("bytes=-1", 206, "7999+1", "bytes 7999-7999/8000", 1)]
    public void One_part_is_answered_with_its_range(string range, int status, string parts, string? contentRange, long length)
    {
        BodyPlan plan = Plan(RequestMethod.Get, range, 8000);
        Assert.Equal(status, plan.Status);
        Assert.Equal(parts, string.Join(' ', plan.Parts.Select(static part => $"{part.Offset}+{part.Length}")));
        Assert.Equal(contentRange, plan.ContentRange);
        Assert.Equal(length, plan.ContentLength);
        Assert.Equal(8000, plan.TotalLength);
        Assert.False(plan.IsMultipart);
        Assert.Equal("video/mp4", plan.ContentType);
        Assert.Throws<InvalidOperationException>(() => plan.GetDelimiterLength(0));
    }

    /// <summary>RFC 9110, section 14.6, with the boundary and the line breaks that are ours.</summary>
    [Fact]
    public void Several_parts_are_answered_as_multipart_byteranges_of_known_length()
    {
        BodyPlan plan = Plan(RequestMethod.Get, "bytes=500-502, 7000-", 7002);
        Assert.Equal(206, plan.Status);
        Assert.True(plan.IsMultipart);
        Assert.Null(plan.ContentRange);
        Assert.Equal("multipart/byteranges; boundary=00000000000000000042", plan.ContentType);
        string body = Body(plan);
        Assert.Equal(
            "\r\n--00000000000000000042\r\nContent-Type: video/mp4\r\nContent-Range: bytes 500-502/7002\r\n\r\n...\r\n"
            + "--00000000000000000042\r\nContent-Type: video/mp4\r\nContent-Range: bytes 7000-7001/7002\r\n\r\n..\r\n"
            + "--00000000000000000042--\r\n",
            body);
        Assert.Equal(body.Length, plan.ContentLength);
    }

    [Fact]
    public void The_length_of_200_parts_is_known_before()
    {
        string ranges = string.Join(',', Enumerable.Range(0, 200).Select(i => $"{i * 7}-{i * 7 + i / 10}"));
        BodyPlan plan = Plan(RequestMethod.Get, "bytes=" + ranges, 10_000);
        Assert.Equal(200, plan.Parts.Length);
        Assert.Equal(Body(plan).Length, plan.ContentLength);
    }

    [Fact]
    public void The_longest_boundary_is_twenty_digits() =>
        Assert.Equal(
            "multipart/byteranges; boundary=18446744073709551615",
            Plan(RequestMethod.Get, "bytes=0-0,2-2", 10, ulong.MaxValue).ContentType);

    [Theory]
    [InlineData(RequestMethod.Head)]
    [InlineData(RequestMethod.Options)]
    public void A_range_counts_for_GET_alone(RequestMethod method)
    {
        BodyPlan plan = Plan(method, "bytes=0-0", 10);
        Assert.Equal(200, plan.Status);
        Assert.Equal(10, plan.ContentLength);
    }

    [Fact]
    public void An_empty_representation_has_no_part()
    {
        BodyPlan plan = Plan(RequestMethod.Get, "", 0);
        Assert.Equal((200, 0, 0), (plan.Status, plan.ContentLength, plan.Parts.Length));
    }

    [Theory]
    [InlineData("\"a\"", 206)]
    [InlineData("\"b\"", 200)]
    public void If_Range_decides_between_the_part_and_the_whole(string tag, int status)
    {
        RequestConditions conditions = new() { IfRange = Encoding.ASCII.GetBytes(tag), Range = "bytes=0-0"u8 };
        Assert.Equal(status, BodyPlan.Create(RequestMethod.Get, conditions, new(10, new EntityTag("a")), "a/b", Now, 1).Status);
    }

    [Theory]
    [InlineData("\"a\"", "", 304)]
    [InlineData("", "\"b\"", 412)]
    public void A_condition_that_is_false_leaves_no_body(string noneMatch, string match, int status)
    {
        RequestConditions conditions = new()
        {
            IfNoneMatch = Encoding.ASCII.GetBytes(noneMatch),
            IfMatch = Encoding.ASCII.GetBytes(match),
            Range = "bytes=99-"u8,
        };
        BodyPlan plan = BodyPlan.Create(RequestMethod.Get, conditions, new(10, new EntityTag("a")), "a/b", Now, 1);
        Assert.Equal((status, 0, 0), (plan.Status, plan.ContentLength, plan.Parts.Length));
        Assert.Null(plan.ContentRange);
    }

    [Fact]
    public void A_negative_length_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Plan(RequestMethod.Get, "", -1));

    private static BodyPlan Plan(RequestMethod method, string range, long length, ulong boundary = 42) =>
        BodyPlan.Create(method, new() { Range = Encoding.ASCII.GetBytes(range) }, new(length), "video/mp4", Now, boundary);

    /// <summary>The body with a dot for each byte of the representation.</summary>
    private static string Body(BodyPlan plan)
    {
        StingyWriter output = new();
        for (int i = 0; i <= plan.Parts.Length; i++)
        {
            int before = output.Written.Length;
            plan.WriteDelimiter(i, output);
            Assert.Equal(plan.GetDelimiterLength(i), output.Written.Length - before);
            if (i < plan.Parts.Length)
            {
                output.Write(Encoding.ASCII.GetBytes(new string('.', (int)plan.Parts[i].Length)));
            }
        }

        return Encoding.ASCII.GetString(output.Written);
    }
}
