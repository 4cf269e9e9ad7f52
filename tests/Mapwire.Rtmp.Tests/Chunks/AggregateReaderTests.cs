using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Tests.Chunks;

public sealed class AggregateReaderTests
{
    private const string Two = "09 000002 0003E8 00 000000 AABB 0000000D  08 000001 0003FC 00 000000 CC 0000000C";

    private static List<Received> Split(string body, uint timestamp = 5000)
    {
        RtmpMessage aggregate = new(6, MessageType.Aggregate, 1, timestamp, Wire.Hex(body));
        List<Received> parts = [];
        AggregateReader reader = new(in aggregate);
        while (reader.TryRead(out RtmpMessage part))
        {
            parts.Add(Received.Of(in part));
        }

        return parts;
    }

    [Fact]
    public void Parts_get_the_aggregates_time_plus_their_distance_from_the_first()
    {
        Assert.Equal([new Received(6, 9, 1, 5000, "AABB"), new Received(6, 8, 1, 5020, "CC")], Split(Two));
        Assert.Equal([7u, 27u], Split(Two, 7).Select(m => m.Timestamp));
    }

    [Fact]
    public void The_times_upper_byte_counts() =>
        Assert.Equal([0u, 0x01000000u],
        Split("09 000000 000000 00 000000 0000000B 09 000000 000000 01 000000 0000000B", 0).Select(m => m.Timestamp));

    [Fact]
    public void The_last_back_pointer_may_be_missing() => Assert.Equal(2, Split(Two[..^8]).Count);

    [Fact]
    public void Every_truncation_ends_or_is_refused()
    {
        string hex = Two.Replace(" ", "");
        int refused = 0;
        for (int length = 0; length < hex.Length; length += 2)
        {
            try
            {
                Assert.InRange(Split(hex[..length]).Count, 0, 2);
            }
            catch (RtmpProtocolException e)
            {
                Assert.Equal(RtmpError.MalformedMessage, e.Error);
                refused++;
            }
        }

        Assert.Equal(12 + 11, refused); // inside the first part, inside the second; a cut back pointer is fine
    }

    [Theory]
    [InlineData("16 000000 000000 00 000000 0000000B")]
    [InlineData("01 000004 000000 00 000000 00000001 0000000F")]
    [InlineData("09 FFFFFF 000000 00 000000 AA 0000000C")]
    public void Refuses_aggregates_inside_control_inside_and_parts_past_the_end(string body) =>
        Wire.Refused(() => Split(body), RtmpError.MalformedMessage);
}
