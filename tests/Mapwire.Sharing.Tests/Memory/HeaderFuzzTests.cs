using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Memory;

/// <summary>Whatever the bytes of a segment's header and of an object are: refused, or used within bounds.</summary>
public sealed class HeaderFuzzTests : IDisposable
{
    private const int Slots = 4096; // of the header; from there on process slots, not checked by a checksum

    private readonly Segments _segments = new();

    private string File => Path.Combine(_segments.Folder, "segment-" + Segments.Name);

    public void Dispose() => _segments.Dispose();

    [Fact]
    public void Every_flipped_bit_of_the_header_is_refused_or_harmless()
    {
        SharedMemory memory = _segments.Make(5000);
        byte[] good = memory.Region.AsReadOnlySpan(0, SegmentHeader.Length).ToArray();
        int refused = 0;
        for (int bit = 0; bit < SegmentHeader.Length * 8; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << bit % 8);
            bad.CopyTo(memory.Region.AsSpan(0, SegmentHeader.Length));
            refused += OpenAndTouch(bit / 8);
        }

        good.CopyTo(memory.Region.AsSpan(0, SegmentHeader.Length));
        // All but: some bits of the size (a smaller one is a smaller segment), and how many slots were used.
        Assert.InRange(refused, (SegmentHeader.Length - 8 - 4) * 8, SegmentHeader.Length * 8);
        Assert.Equal(5000, _segments.Open().Size);
    }

    [Fact]
    public void Random_headers_are_refused()
    {
        SharedMemory memory = _segments.Make(5000);
        byte[] good = memory.Region.AsReadOnlySpan(0, SegmentHeader.Length).ToArray();
        Random random = new(20);
        for (int round = 0; round < 3000; round++)
        {
            byte[] bad = [.. good];
            int from = random.Next(SegmentHeader.Length), count = random.Next(1, 16);
            random.NextBytes(bad.AsSpan(from, Math.Min(count, bad.Length - from)));
            if (round % 3 == 0) // sizes that are nearly right
            {
                BitConverter.TryWriteBytes(bad.AsSpan(SegmentHeader.SizeAt), random.NextInt64(-10, 20000) << random.Next(0, 40));
            }

            bad.CopyTo(memory.Region.AsSpan(0, SegmentHeader.Length));
            OpenAndTouch(-1);
        }

        good.CopyTo(memory.Region.AsSpan(0, SegmentHeader.Length));
    }

    [Fact]
    public void A_file_cut_to_any_length_is_refused()
    {
        byte[] good = _segments.Make(5000).Region.AsReadOnlySpan().ToArray();
        foreach (int length in Enumerable.Range(1, SegmentHeader.Length + 2)
            .Concat([Slots, SegmentHeader.UserAt - 1, SegmentHeader.UserAt, good.Length - 1]))
        {
            Assert.Throws<SharedMemoryFormatException>(() =>
                _ = SegmentHeader.Parse(good.AsSpan(0, Math.Min(length, SegmentHeader.Length)), length, "x"));
        }

        Assert.NotNull(SegmentHeader.Parse(good.AsSpan(0, SegmentHeader.Length), good.Length, "x"));
    }

    [Fact]
    public void A_file_that_is_no_segment_is_refused_and_left_alone()
    {
        foreach (int length in (int[])[1, 79, 80, 4096, 10000])
        {
            byte[] text = new byte[length];
            Array.Fill(text, (byte)'x');
            // as if not ready
            text.AsSpan(Math.Min(length, SegmentHeader.ReadyAt), Math.Min(4, length - Math.Min(length, SegmentHeader.ReadyAt))).Clear();
            System.IO.File.WriteAllBytes(File, text);
            if (!OperatingSystem.IsWindows())
            {
                System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            Assert.Throws<SharedMemoryFormatException>(() => SharedMemory.Open(Segments.Name, _segments.Options));
            Assert.Throws<SharedMemoryFormatException>(() => SharedMemory.Create(Segments.Name, 10, _segments.Options));
            Assert.NotNull(Assert.Single(SharedMemory.List(_segments.Options)).Damage);
            Assert.Empty(SharedMemory.RemoveAbandoned(_segments.Options));
            Assert.Equal(length, new FileInfo(File).Length);
        }
    }

    [Fact]
    public void Objects_with_random_parameters_are_refused_or_keep_their_bounds()
    {
        SharedMemory memory = _segments.Make(1 << 13);
        Random random = new(4);
        Action<long>[] open =
        [
            at => SharedMutex.Open(memory, at), at => SharedEvent.Open(memory, at), at => SharedSemaphore.Open(memory, at).TryAcquire(),
            at => SharedReaderWriterLock.Open(memory, at), at => SharedCondition.Open(memory, at),
            at => SharedBarrier.Open(memory, at).Join(0),
            at => Use(SharedRing.Open(memory, at)), at => Use(SharedBroadcast.Open(memory, at)),
            at => SharedCell.Open<Guid>(memory, at).Write(Guid.NewGuid()),
        ];
        ObjectKind[] kinds =
        [
            ObjectKind.Mutex, ObjectKind.Event, ObjectKind.Semaphore, ObjectKind.ReaderWriterLock, ObjectKind.Condition, ObjectKind.Barrier,
            ObjectKind.Ring, ObjectKind.BroadcastRing, ObjectKind.Cell,
        ];
        int refused = 0, opened = 0;
        for (int round = 0; round < 20000; round++)
        {
            int kind = round % kinds.Length;
            long at = random.Next(0, 1 << 7) * 64;
            Span<byte> bytes = memory.AsSpan(0, 1 << 13);
            random.NextBytes(bytes);
            BitConverter.TryWriteBytes(bytes[(int)at..], 0x4d57_0000 | (uint)kinds[kind]);
            BitConverter.TryWriteBytes(bytes[(int)(at + 4)..],
                random.Next(4) switch { 0 => random.Next(), 1 => random.Next(3), 2 => 1 << random.Next(31), _ => 16 });
            BitConverter.TryWriteBytes(bytes[(int)(at + 8)..], random.Next(3));
            try
            {
                open[kind](at);
                opened++;
            }
            catch (Exception failure) when (failure is SharedMemoryFormatException or ArgumentOutOfRangeException
                or InvalidOperationException)
            {
                refused++;
            }
        }

        Assert.True(opened > 100 && refused > 100, $"{opened} opened, {refused} refused");

        static void Use(object ring)
        {
            if (ring is SharedRing queue)
            {
                using RingConsumer consumer = queue.OpenConsumer();
                for (int i = 0; i < 50 && consumer.TryPeek(out _); i++)
                {
                    consumer.Advance();
                }
            }
            else if (ring is SharedBroadcast broadcast)
            {
                BroadcastReader reader = broadcast.OpenReader();
                var copy = new byte[1 << 13];
                for (int i = 0; i < 50 && reader.TryRead(copy, out _, out _); i++) { }
            }
        }
    }

    private int OpenAndTouch(int where)
    {
        try
        {
            using SharedMemory opened =
                SharedMemory.Open(Segments.Name,
                new SharedMemoryOptions { Folder = _segments.Folder, ReadOnly = true, OpenAbandoned = true });
            long size = opened.Size;
            Assert.InRange(size, 0, 5000);
            if (size > 0)
            {
                _ = opened.AsReadOnlySpan(size - 1, 1)[0];
            }

            return 0;
        }
        catch (Exception failure) when (failure is SharedMemoryFormatException or FileNotFoundException or PlatformNotSupportedException)
        {
            return 1; // not ready is a segment that is not there; a smaller one could grow, which not every system can
        }
        catch (Exception failure) when (failure is not Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException($"byte {where}", failure);
        }
    }
}
