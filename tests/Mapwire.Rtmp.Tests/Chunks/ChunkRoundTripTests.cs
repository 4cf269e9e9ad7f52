using System.Buffers;
using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Tests.Chunks;

/// <summary>What any peer may write, the reader reads: random messages, interleaved, with every header type, at any chunk size.</summary>
public sealed class ChunkRoundTripTests
{
    private static readonly ChunkReaderLimits Wide =
        new() { MaxMessageLength = 0xFFFFFF, MaxBufferedBytes = 0x2000000, MaxChunkStreams = 64 };

    private sealed record Message(int ChunkStream, uint Timestamp, byte Type, uint Stream, byte[] Payload);

    private static readonly Gen<uint> Times = Gen.OneOf(
        Gen.Choose(0, 100_000).Select(t => (uint)t),
        Gen.Elements(0u, 0xFFFFFEu, 0xFFFFFFu, 0x1000000u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu));

    private static readonly Gen<Message> Messages =
        from id in Gen.Elements(2, 3, 63, 64, 319, 320, 65599)
        from time in Times
        from type in Gen.Elements<byte>(8, 9, 18, 20)
        from stream in Gen.Elements(0u, 1u, 0xFFFFFFFFu)
        from length in Gen.OneOf(Gen.Choose(0, 10), Gen.Choose(0, 600))
        from fill in Gen.Choose(0, 255)
        select new Message(id, time, type, stream, [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7 + fill))]);

    [Fact]
    public void Reads_back_what_the_writer_wrote() => Prop.ForAll(
        (from messages in Messages.ListOf()
         from size in Gen.Choose(1, 300)
         from cut in Gen.Choose(1, 700)
         select (messages, size,
        cut)).ToArbitrary(),
        run =>
        {
            ArrayBufferWriter<byte> output = new();
            ChunkWriter writer = new(output);
            byte[] size = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(size, run.size);
            writer.Write(2, 0, MessageType.SetChunkSize, 0, size);
            writer.ChunkSize = run.size;
            foreach (Message m in run.messages)
            {
                writer.Write(m.ChunkStream, m.Timestamp, m.Type, m.Stream, m.Payload);
            }

            byte[][] pieces = [.. output.WrittenSpan.ToArray().Chunk(run.cut)];
            Assert.Equal(run.messages.Select(Expected), Wire.Read(new ChunkReader(Wide), pieces).Skip(1));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Reads_back_interleaved_messages_with_compressed_headers() => Prop.ForAll(
        (from messages in Messages.ListOf()
         from seed in Gen.Choose(0, int.MaxValue)
         from cut in Gen.Choose(1, 700)
         from repeats in Gen.Elements(true, false)
         select (messages, seed, cut, repeats)).ToArbitrary(),
        run =>
        {
            (byte[] bytes, List<Message> order) = Mix(run.messages, new Random(run.seed), run.repeats);
            Assert.Equal(order.Select(Expected), Wire.Read(new ChunkReader(Wide), [.. bytes.Chunk(run.cut)]));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Headers_have_the_length_they_say() => Prop.ForAll(
        Messages.ToArbitrary(),
        m =>
        {
            Span<byte> header = stackalloc byte[ChunkHeader.MaxLength];
            int written = ChunkHeader.WriteType0(header, m.ChunkStream, m.Timestamp, m.Payload.Length, m.Type, m.Stream);
            Assert.Equal(ChunkHeader.Type0Length(m.ChunkStream, m.Timestamp), written);
            Assert.Equal(ChunkHeader.Type3Length(m.ChunkStream, m.Timestamp), ChunkHeader.WriteType3(header, m.ChunkStream, m.Timestamp));
        }).QuickCheckThrowOnFailure();

    private static Received Expected(Message m) => new(m.ChunkStream, m.Type, m.Stream, m.Timestamp, Convert.ToHexString(m.Payload));

    /// <summary>Chunks of 128 in random order between chunk streams, each header as short as chance and the messages allow.</summary>
    private static (byte[] Bytes, List<Message> Order) Mix(IReadOnlyCollection<Message> messages, Random random, bool repeats)
    {
        Dictionary<int, Queue<Message>> waiting = messages.GroupBy(m => m.ChunkStream).ToDictionary(g => g.Key, g => new Queue<Message>(g));
        Dictionary<int, (Message Message, int Sent, uint Field)> open = [];
        Dictionary<int, (Message Message, uint Field)> last = [];
        ArrayBufferWriter<byte> output = new();
        List<Message> order = [];
        Span<byte> header = stackalloc byte[ChunkHeader.MaxLength];
        while (waiting.Count > 0 || open.Count > 0)
        {
            int[] ids = [.. waiting.Keys.Union(open.Keys)];
            int id = ids[random.Next(ids.Length)];
            int length;
            if (!open.TryGetValue(id, out (Message Message, int Sent, uint Field) state))
            {
                Message m = waiting[id].Dequeue();
                if (waiting[id].Count == 0)
                {
                    waiting.Remove(id);
                }

                uint field = m.Timestamp;
                length = ChunkHeader.WriteType0(header, id, m.Timestamp, m.Payload.Length, m.Type, m.Stream);
                if (last.TryGetValue(id, out (Message Message, uint Field) before) && before.Message.Stream == m.Stream
                    && random.Next(4) > 0)
                {
                    field = m.Timestamp - before.Message.Timestamp;
                    bool same = before.Message.Type == m.Type && before.Message.Payload.Length == m.Payload.Length;
                    length = same && field == before.Field ? ChunkHeader.WriteType3(header, id, field)
                        : same ? ChunkHeader.WriteType2(header, id, field)
                        : ChunkHeader.WriteType1(header, id, field, m.Payload.Length, m.Type);
                }

                state = (m, 0, field);
                last[id] = (m, field);
            }
            else
            {
                length = ChunkHeader.WriteType3(header, id, repeats ? state.Field : 0);
            }

            output.Write(header[..length]);
            int count = Math.Min(128, state.Message.Payload.Length - state.Sent);
            output.Write(state.Message.Payload.AsSpan(state.Sent, count));
            state.Sent += count;
            if (state.Sent == state.Message.Payload.Length)
            {
                open.Remove(id);
                order.Add(state.Message);
            }
            else
            {
                open[id] = state;
            }
        }

        return (output.WrittenSpan.ToArray(), order);
    }
}
