using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

public sealed class BlocksTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(Blocks<long>.BlockLength - 1)]
    [InlineData(Blocks<long>.BlockLength)]
    [InlineData(Blocks<long>.BlockLength + 1)]
    [InlineData((3 * Blocks<long>.BlockLength) + 17)]
    public void What_was_published_stays_where_it_is_whatever_is_appended(int count)
    {
        Blocks<long> blocks = new();
        Random random = new(count);
        for (int i = 0; i < count;)
        {
            int published = blocks.Count;
            for (int until = Math.Min(count, i + random.Next(1, 1500)); i < until; i++)
            {
                blocks.Add(i * 3L);
            }

            Assert.Equal(published, blocks.Count);
            if (random.Next(3) == 0)
            {
                blocks.Trim(); // as if it were finished, which it is not
            }

            blocks.Publish();
            Assert.Equal(i, blocks.Count);
            Assert.InRange(blocks.Capacity, blocks.Count, blocks.Count + Blocks<long>.BlockLength);
            long[] block = blocks.BlockOf(i - 1, out int first);
            Assert.Equal((i - 1) * 3L, block[i - 1 - first]);
            Assert.Equal(0, first % Blocks<long>.BlockLength);
        }

        for (int i = 0; i < count; i++)
        {
            Assert.Equal(i * 3L, blocks[i]);
        }
    }

    [Fact]
    public void A_finished_list_takes_no_more_room_than_its_elements()
    {
        Blocks<long> blocks = new();
        for (int i = 0; i < Blocks<long>.BlockLength + 5; i++)
        {
            blocks.Add(i);
        }

        blocks.Trim();
        blocks.Publish();
        Assert.Equal(Blocks<long>.BlockLength + 5, blocks.Capacity);
    }

    [Fact]
    public async Task Readers_beside_an_appender_never_see_an_entry_half_written()
    {
        const int Count = 400_000;
        StripBlocks blocks = new();
        using Barrier start = new(3);
        Task<int>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(Read, TaskCreationOptions.LongRunning))];
        start.SignalAndWait(TestContext.Current.CancellationToken);
        for (int i = 0; i < Count; i++)
        {
            blocks.Add(EntryOf(i), i, isSyncPoint: i % 7 == 0);
            if (i % 3 == 0 || i == Count - 1)
            {
                blocks.Publish(isFinished: i % 5000 == 0);
            }
        }

        Assert.All(await Task.WhenAll(readers), static looks => Assert.True(looks > 1));

        int Read()
        {
            start.SignalAndWait();
            int seen = 0;
            int looks = 0;
            while (seen < Count)
            {
                int count = blocks.Entries.Count;
                Assert.True(count >= seen);
                int points = blocks.SyncPoints.Count;
                for (int i = Math.Max(0, seen - 10); i < count; i++)
                {
                    Assert.Equal(EntryOf(i), blocks.Entries[i]);
                    Assert.Equal(i, blocks.Nanoseconds[i]); // published before the entries
                }

                Assert.True(points == 0 || blocks.SyncPoints[points - 1] == (points - 1) * 7);
                looks += count > seen ? 1 : 0;
                seen = count;
            }

            return looks;
        }
    }

    private static StripEntry EntryOf(int i) => new(new(i * 40L), i % 1000, i * 1_000_003L, i % 65_536, i % 16, i % 7 == 0);
}
