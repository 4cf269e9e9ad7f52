using System.Text;
using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>Chunks of what is gathered, however little of them a socket takes at once.</summary>
public sealed class ChunkFramingTests : IDisposable
{
    private readonly GatherList _list = new();

    public void Dispose() => _list.Dispose();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 7)]
    [InlineData(2, 100)]
    [InlineData(5, 3)]
    [InlineData(1000, 1000)]
    public void Chunks_hold_the_body_in_its_order_and_end_with_the_last_one_however_they_are_sent(int taken, int gathered)
    {
        byte[] body = [.. Enumerable.Range(0, 300).Select(static i => (byte)i)];
        ChunkFraming chunks = new();
        MemoryStream wire = new();
        int at = 0;
        for (int turn = 0; !chunks.IsOver; turn++)
        {
            _list.Clear();
            if (at == body.Length && !chunks.IsEnding)
            {
                chunks.BeginEnd();
            }

            if (chunks.IsEnding)
            {
                chunks.AddEnd(_list);
            }
            else
            {
                // what is gathered again need not be as much as it was
                AddTo(_list, body.AsSpan(at, Math.Min(body.Length - at, 1 + ((gathered + turn) % (gathered + 3)))));
                chunks.Frame(_list, 0, 0);
            }

            byte[] sent = new byte[Math.Min(taken, _list.Length)];
            Assert.Equal(sent.Length, _list.CopyTo(sent));
            wire.Write(sent);
            if (chunks.IsEnding)
            {
                chunks.AdvanceEnd(sent.Length);
            }
            else
            {
                at += (int)chunks.Advance(sent.Length);
            }

            Assert.True(turn < 10_000);
        }

        Assert.Equal(body, Decode(wire.ToArray()));
    }

    [Fact]
    public void A_body_of_nothing_is_the_last_chunk_alone()
    {
        ChunkFraming chunks = new();
        chunks.Frame(_list, 0, 0);
        Assert.Equal(0, _list.Length);
        chunks.BeginEnd();
        chunks.AddEnd(_list);
        byte[] sent = new byte[5];
        Assert.Equal(5, _list.CopyTo(sent));
        Assert.Equal("0\r\n\r\n"u8, sent);
    }

    [Fact]
    public void A_chunk_behind_a_head_of_an_answer_leaves_that_before_it()
    {
        AddTo(_list, "head"u8);
        int segments = _list.SegmentCount;
        AddTo(_list, "body"u8);
        new ChunkFraming().Frame(_list, segments, 4);
        byte[] sent = new byte[11];
        Assert.Equal(11, _list.CopyTo(sent));
        Assert.Equal("head4\r\nbody"u8, sent);
    }

    [Fact]
    public void A_full_list_has_room_for_the_head_of_its_chunk()
    {
        byte[] one = GC.AllocateArray<byte>(1, pinned: true);
        nint address = System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(one, 0);
        while (_list.TryAddMapped(address, 1))
        {
        }

        new ChunkFraming().Frame(_list, 0, 0);
        byte[] sent = new byte[2000];
        int count = _list.CopyTo(sent);
        Assert.Equal("3ff\r\n"u8, sent.AsSpan(0, 5)); // 1,023 bytes
        Assert.Equal(5 + 1023, count);
    }

    [Fact]
    public void What_was_begun_has_no_end_before_it_is_whole()
    {
        ChunkFraming chunks = new();
        AddTo(_list, "body"u8);
        chunks.Frame(_list, 0, 0);
        chunks.Advance(5);
        Assert.Throws<InvalidOperationException>(chunks.BeginEnd);
    }

    private static void AddTo(GatherList list, ReadOnlySpan<byte> bytes)
    {
        Assert.True(list.TryReserve(bytes.Length, out Span<byte> room));
        bytes.CopyTo(room);
        Assert.True(list.TryAddReserved(bytes.Length));
    }

    private static byte[] Decode(byte[] wire)
    {
        MemoryStream body = new();
        int at = 0;
        while (true)
        {
            int end = at + wire.AsSpan(at).IndexOf("\r\n"u8);
            int size = Convert.ToInt32(Encoding.ASCII.GetString(wire[at..end]), 16);
            body.Write(wire.AsSpan(end + 2, size));
            Assert.Equal("\r\n"u8, wire.AsSpan(end + 2 + size, 2));
            at = end + 4 + size;
            if (size == 0)
            {
                Assert.Equal(wire.Length, at);
                return body.ToArray();
            }
        }
    }
}
