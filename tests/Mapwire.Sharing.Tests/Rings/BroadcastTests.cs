using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Processes;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Rings;

public sealed class BroadcastTests : IDisposable
{
    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public void A_reader_who_is_overtaken_learns_how_much_he_lost()
    {
        SharedMemory memory = _segments.Make();
        SharedMemory look =
            _segments.Keep(SharedMemory.Open(Segments.Name, new SharedMemoryOptions { Folder = _segments.Folder, ReadOnly = true }));
        SharedBroadcast ring = SharedBroadcast.Create(memory, 0, 1 << 10);
        BroadcastReader reader = SharedBroadcast.Open(look, 0).OpenReader();
        var copy = new byte[ring.MaxMessageLength];
        Assert.False(reader.TryRead(copy, out _, out _));
        using BroadcastWriter writer = ring.OpenWriter();
        Assert.Throws<InvalidOperationException>(() => ring.OpenWriter());
        Assert.Throws<InvalidOperationException>(() => SharedBroadcast.Open(look, 0).OpenWriter());
        for (byte i = 0; i < 3; i++)
        {
            writer.Write([i, i]);
        }

        for (byte i = 0; i < 3; i++)
        {
            Assert.True(reader.TryRead(copy, out int length, out long lost));
            Assert.Equal((2, 0L, i), (length, lost, copy[1]));
        }

        for (int i = 0; i < 1000; i++)
        {
            writer.Write(BitConverter.GetBytes(i));
        }

        Assert.True(reader.TryRead(copy, out _, out long gone));
        Assert.Equal(999, gone);
        Assert.Equal(999, BitConverter.ToInt32(copy));
        Assert.Equal(999, reader.Lost);
        Assert.False(reader.Wait(TimeSpan.FromMilliseconds(20)));
        writer.Write([1]);
        Assert.True(reader.Wait(TimeSpan.FromSeconds(30)));
        Assert.Throws<ArgumentException>(() => reader.TryRead([], out _, out _));
        Assert.Equal(1004, ring.Published);
    }

    [Fact]
    public async Task What_is_read_while_it_is_overwritten_is_whole_or_lost()
    {
        SharedBroadcast ring = SharedBroadcast.Create(_segments.Make(), 0, 1 << 12);
        BroadcastReader reader = SharedBroadcast.Open(_segments.Open(), 0).OpenReader();
        const int messages = 100_000;
        Task writing = Task.Factory.StartNew(() =>
        {
            using BroadcastWriter writer = ring.OpenWriter();
            var message = new byte[1024];
            for (long number = 0; number < messages; number++)
            {
                RingMessages.Fill(message.AsSpan(0, RingMessages.LengthOf(number)), 1, number);
                writer.Write(message.AsSpan(0, RingMessages.LengthOf(number)));
            }
        }, TaskCreationOptions.LongRunning);
        var copy = new byte[1024];
        long expected = 0, read = 0;
        while (expected < messages)
        {
            Assert.True(reader.Wait(TimeSpan.FromSeconds(30)));
            if (!reader.TryRead(copy, out int length, out long lost))
            {
                continue;
            }

            Assert.Equal(expected + lost, RingMessages.Check(copy.AsSpan(0, length)).Number);
            expected += lost + 1;
            read++;
        }

        await writing;
        Assert.Equal(messages, read + reader.Lost);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cell_gives_whole_values_and_the_newest(bool alone)
    {
        SharedMemory memory = _segments.Make();
        SharedMemory look =
            _segments.Keep(SharedMemory.Open(Segments.Name, new SharedMemoryOptions { Folder = _segments.Folder, ReadOnly = true }));
        SharedCell<Octet> cell = SharedCell.Create<Octet>(memory, 0), reading = SharedCell.Open<Octet>(look, 0);
        Assert.False(reading.TryRead(out _));
        Assert.Throws<SharedMemoryFormatException>(() => SharedCell.Open<long>(memory, 0));
        Assert.Throws<InvalidOperationException>(() => reading.Write(default));
        Assert.Throws<InvalidOperationException>(() => reading.WriteSingleWriter(default));
        const int last = 200_000;
        Task writing = Task.Factory.StartNew(() =>
        {
            for (int i = 1; i <= last; i++)
            {
                if (alone)
                {
                    cell.WriteSingleWriter(Octet.Of(i));
                }
                else
                {
                    cell.Write(Octet.Of(i));
                }
            }
        }, TaskCreationOptions.LongRunning);
        long newest = 0;
        while (newest < last)
        {
            Thread.SpinWait(1); // for Wine: see Survivor.Work
            if (!reading.TryRead(out Octet octet))
            {
                continue;
            }

            Assert.True(octet.IsWhole);
            Assert.True(octet[0] >= newest);
            newest = octet[0];
        }

        await writing;
        Assert.Equal(last, cell.Version);
    }
}
