using System.Buffers.Binary;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

/// <summary>A cursor over a strip of several blocks and a tail, against the flat list of its entries.</summary>
public sealed class CursorBorderTests : IDisposable
{
    private const int BlockLength = Blocks<StripEntry>.BlockLength;

    private readonly Title _clip = SampleClip.Open();

    public void Dispose() => _clip.Release();

    [Theory]
    [InlineData(0, 100, 1)]
    [InlineData(BlockLength - 1, 1, 2)]
    [InlineData(BlockLength, 0, 3)]
    [InlineData(BlockLength, 30, 4)]
    [InlineData(BlockLength + 1, 5, 5)]
    [InlineData((2 * BlockLength) + 900, 200, 6)]
    [InlineData((3 * BlockLength) - 1, 2, 7)]
    public void Every_message_comes_once_whole_and_in_order_however_the_socket_cuts(int settled, int tail, int seed)
    {
        Random random = new(seed);
        StripEntry[] flat = Entries(settled + tail, random);
        Title title = TitleOf(flat, settled, out StripBlocks blocks);
        for (int later = 0; later < 100; later++)
        {
            // The file has grown since: another title has these, this one its own tail.
            blocks.Add(new StripEntry(flat[^1].Time + 10_000, 0, 1L << 40, 1, 0, true), null, isSyncPoint: true);
        }

        blocks.Publish(isFinished: false);
        Assert.Equal(flat, title.Strip.ToArray());
        for (TitleTime time = new(-5); time < flat[^1].Time + 20; time += random.Next(1, 400))
        {
            Assert.Equal(flat.TakeWhile(entry => entry.Time < time).Count(), title.Strip.IndexAt(time));
        }

        Assert.Equal([.. Enumerable.Range(0, flat.Length).Where(i => flat[i].IsSync)], title.Strip.SyncPoints());
        Assert.True(title.TryAcquire());
        List<byte> wire = [];
        List<byte> gathered = [];
        StripCursor<RecordingFraming> cursor = new(title, new RecordingFraming(gathered), new PlayRange(new(0), -1, new(0)), new(0));
        using GatherList list = new();
        TitleTime until = TitleTime.Zero;
        while (!cursor.IsOver)
        {
            list.Clear();
            gathered.Clear();
            bool isRestWhole = cursor.GatherRest(list, now: 0);
            long rest = list.Length;
            if (isRestWhole)
            {
                cursor.Gather(list, until, random.Next(1, 20_000), now: 0);
            }

            Assert.Equal(gathered.Count, list.Length);
            long sent = random.Next(3) == 0 ? list.Length : random.NextInt64(list.Length + 1);
            wire.AddRange(gathered.Take((int)sent));
            if (rest > 0)
            {
                cursor.Advance(Math.Min(sent, rest), TitleTime.MinValue);
            }

            cursor.Advance(Math.Max(0, sent - rest), until);
            until += list.Length == 0 ? random.Next(1, 3000) : 0;
        }

        cursor.Retire();
        byte[] bytes = [.. wire];
        Assert.Equal(flat.Length * RecordingFraming.Length, bytes.Length);
        for (int i = 0; i < flat.Length; i++)
        {
            Assert.Equal(flat[i].Offset, BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(i * RecordingFraming.Length)));
        }
    }

    private static StripEntry[] Entries(int count, Random random)
    {
        StripEntry[] entries = new StripEntry[count];
        TitleTime time = TitleTime.Zero;
        for (int i = 0; i < count; i++)
        {
            entries[i] = new StripEntry(time, 0, (long)i << 20, 1, 0, isSync: i == 0 || random.Next(50) == 0);
            time += random.Next(40);
        }

        return entries;
    }

    private Title TitleOf(StripEntry[] flat, int settled, out StripBlocks blocks)
    {
        blocks = new StripBlocks();
        for (int i = 0; i < settled; i++)
        {
            blocks.Add(flat[i], null, flat[i].IsSync);
        }

        blocks.Publish(isFinished: false);
        StripTail tail = new(flat[settled..], [], [.. Enumerable.Range(settled, flat.Length - settled).Where(i => flat[i].IsSync)], []);
        Strip strip = new(blocks, tail, new StripTimes(new(0), flat[^1].Time));
        return new Title(_clip.File, strip, _clip.Codecs, default);
    }

    /// <summary>A message is its entry's offset, and the order in which messages are added is recorded.</summary>
    private readonly struct RecordingFraming(List<byte> gathered) : IFraming
    {
        public const int Length = sizeof(long);

        public long LengthOf(StripEntry entry, MessageTimes times) => Length;

        public bool TryAdd(GatherList list, StripEntry entry, MessageTimes times, nint payload, long skip)
        {
            if (!list.TryReserve(Length, out Span<byte> scratch))
            {
                return false;
            }

            BinaryPrimitives.WriteInt64BigEndian(scratch, entry.Offset);
            byte[] rest = scratch[(int)skip..Length].ToArray();
            if (!list.TryAddReserved(Length, (int)skip))
            {
                return false;
            }

            gathered.AddRange(rest);
            return true;
        }
    }
}
