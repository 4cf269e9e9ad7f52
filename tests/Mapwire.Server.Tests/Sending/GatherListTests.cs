using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

/// <summary>The list bounds itself: what does not fit is refused, whatever the caller asked before.</summary>
public sealed class GatherListTests : IDisposable
{
    private const int MaxSegments = 1024;
    private const int ScratchLength = 64 * 1024;

    /// <summary>An address that is counted and never read: these lists are not sent.</summary>
    private const nint Somewhere = 0x1000;

    private readonly GatherList _list = new();

    public void Dispose() => _list.Dispose();

    [Fact]
    public void A_segment_beyond_the_last_is_refused_by_every_way_of_adding_one()
    {
        Assert.True(_list.TryReserve(16, out _)); // asked for while there was room, as an answer behind a cut message is
        for (int i = 0; i < MaxSegments; i++)
        {
            Assert.True(_list.TryAddMapped(Somewhere, 3), $"segment {i}");
        }

        Assert.False(_list.TryAddMapped(Somewhere, 1));
        Assert.False(_list.TryAddReserved(16));
        Assert.False(_list.TryReserve(1, out Span<byte> header));
        Assert.True(header.IsEmpty);
        Assert.Equal(3 * MaxSegments, _list.Length);
        Assert.True(_list.TryAddMapped(Somewhere, 0)); // nothing needs no room
        _list.Clear();
        Assert.True(_list.TryReserve(ScratchLength, out header));
        Assert.Equal(ScratchLength, header.Length);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public void A_whole_message_is_added_where_there_is_room_for_both_of_its_parts(int room, bool fits)
    {
        for (int i = 0; i < MaxSegments - room; i++)
        {
            Assert.True(_list.TryAddMapped(Somewhere, 1));
        }

        long before = _list.Length;
        Assert.True(_list.TryReserve(5, out _));
        Assert.Equal(fits, _list.TryAddReservedAndMapped(5, Somewhere, 7));
        Assert.Equal(before + (fits ? 12 : 0), _list.Length);
    }

    [Fact]
    public void A_whole_message_comes_in_the_order_header_and_payload_and_one_without_payload_is_its_header()
    {
        byte[] payload = GC.AllocateArray<byte>(3, pinned: true);
        payload.AsSpan().Fill(9);
        nint address = System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(payload, 0);
        foreach (int mapped in (int[])[3, 0])
        {
            Assert.True(_list.TryReserve(2, out Span<byte> header));
            header[..2].Fill(1);
            Assert.True(_list.TryAddReservedAndMapped(2, address, mapped));
        }

        byte[] copy = new byte[16];
        Assert.Equal(7, _list.CopyTo(copy));
        Assert.Equal([1, 1, 9, 9, 9, 1, 1], copy[..7]);
        Assert.Throws<ArgumentOutOfRangeException>(() => _list.TryAddReservedAndMapped(ScratchLength, address, 1));
    }

    [Fact]
    public void A_list_that_is_cut_at_any_length_has_the_bytes_before_it()
    {
        for (int length = 0; length <= 70; length++)
        {
            _list.Clear();
            byte next = 0;
            foreach (int part in (int[])[1, 20, 5, 30, 4])
            {
                Assert.True(_list.TryReserve(part, out Span<byte> bytes));
                for (int i = 0; i < part; i++)
                {
                    bytes[i] = next++;
                }

                Assert.True(_list.TryAddReserved(part));
            }

            _list.Truncate(length);
            byte[] copy = new byte[100];
            int expected = Math.Min(length, 60);
            Assert.Equal(expected, _list.Length);
            Assert.Equal(expected, _list.CopyTo(copy));
            Assert.Equal(Enumerable.Range(0, expected), copy.Take(expected).Select(static value => (int)value));
        }
    }

    [Fact]
    public void A_list_whose_last_part_has_more_than_4_GiB_is_cut_anywhere_in_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A part of a list has 32 bits there.");
        byte[] bytes = GC.AllocateArray<byte>(100, pinned: true);
        nint address = System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0);
        Assert.True(_list.TryAddMapped(address, 5L << 30)); // of which only the beginning is there, and read
        foreach (long length in (long[])[(5L << 30) - 1, (4L << 30) + 5, 1L << 32, 100])
        {
            _list.Truncate(length);
            Assert.Equal(length, _list.Length);
            Assert.Equal(100, _list.CopyTo(new byte[100]));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_count_of_segments_agrees_with_a_model(int kinds)
    {
        Random random = new(kinds);
        for (int count = 0; count <= MaxSegments + 8; count++)
        {
            _list.Clear();
            int segments = 0;
            int scratch = 0;
            long length = 0;
            for (int i = 0; i < count; i++)
            {
                int bytes = random.Next(1, 90);
                if (random.Next(3) < kinds - 1)
                {
                    bool fits = scratch + bytes <= ScratchLength && segments < MaxSegments;
                    Assert.Equal(fits, _list.TryReserve(bytes, out Span<byte> header));
                    Assert.Equal(fits ? ScratchLength - scratch : 0, header.Length);
                    if (fits)
                    {
                        int skip = random.Next(bytes + 1);
                        Assert.True(_list.TryAddReserved(bytes, skip));
                        scratch += bytes;
                        segments += bytes > skip ? 1 : 0;
                        length += bytes - skip;
                    }
                }
                else
                {
                    bool fits = segments < MaxSegments;
                    Assert.Equal(fits, _list.TryAddMapped(Somewhere, bytes));
                    segments += fits ? 1 : 0;
                    length += fits ? bytes : 0;
                }

                Assert.Equal(length, _list.Length);
            }
        }
    }

    [Fact]
    public void The_scratch_is_given_out_to_its_last_byte_and_no_further()
    {
        Assert.False(_list.TryReserve(ScratchLength + 1, out _));
        Assert.True(_list.TryReserve(ScratchLength - 1, out _));
        Assert.True(_list.TryAddReserved(ScratchLength - 1));
        Assert.False(_list.TryReserve(2, out _));
        Assert.True(_list.TryReserve(1, out Span<byte> last));
        Assert.Equal(1, last.Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => _list.TryAddReserved(2));
        Assert.True(_list.TryAddReserved(1));
        Assert.Equal(ScratchLength, _list.Length);
        Assert.False(_list.TryReserve(1, out _));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(4, -1)]
    [InlineData(4, 5)]
    public void Lengths_that_make_no_sense_are_refused(int length, int skip)
    {
        Assert.True(_list.TryReserve(8, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => _list.TryAddReserved(length, skip));
        Assert.Equal(0, _list.Length);
    }

    [Fact]
    public void A_full_list_is_sent_whole_and_in_order()
    {
        using SocketPair sockets = new(sendBuffer: 256 * 1024);
        MemoryStream expected = new();
        for (int i = 0; _list.TryReserve(8, out Span<byte> header); i++)
        {
            BitConverter.TryWriteBytes(header, (long)i);
            Assert.True(_list.TryAddReserved(8, skip: i % 3));
            expected.Write(BitConverter.GetBytes((long)i), i % 3, 8 - (i % 3));
        }

        Assert.Equal(SendResult.Sent, _list.Send(sockets.Sender.SafeHandle, out long sent));
        Assert.Equal(_list.Length, sent);
        sockets.Sender.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        MemoryStream received = new();
        sockets.Drain(received);
        Assert.Equal(expected.ToArray(), received.ToArray());
    }

    [Fact]
    public void Trailers_and_the_headers_behind_them_are_one_segment()
    {
        int messages = 0;
        while (_list.TryReserve(9, out _) && _list.TryAddEnclosed(5, Somewhere, 7, 4))
        {
            messages++;
        }

        Assert.Equal((MaxSegments - 3) / 2 + 1, messages);
        Assert.Equal(messages * 16L, _list.Length);
    }

    [Fact]
    public void A_message_with_a_trailer_goes_on_at_any_byte_of_it()
    {
        byte[] payload = GC.AllocateArray<byte>(6, pinned: true);
        "abcdef"u8.CopyTo(payload);
        for (int mapped = 0; mapped <= payload.Length; mapped++)
        {
            string whole = "head" + "abcdef"[..mapped] + "end";
            for (int skip = 0; skip <= whole.Length; skip++)
            {
                _list.Clear();
                for (int i = 0; i < 2; i++)
                {
                    Assert.True(_list.TryReserve(7, out Span<byte> scratch));
                    "headend"u8.CopyTo(scratch);
                    nint address = System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(payload, 0);
                    Assert.True(_list.TryAddEnclosed(4, address, mapped, 3, i == 0 ? skip : 0));
                }

                byte[] copied = new byte[_list.Length];
                Assert.Equal(copied.Length, _list.CopyTo(copied));
                Assert.Equal(whole[skip..] + whole, System.Text.Encoding.ASCII.GetString(copied));
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => _list.TryAddEnclosed(ScratchLength, Somewhere, 1, 1));
    }
}
