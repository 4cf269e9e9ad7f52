using Mapwire.Memory;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Sharing;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Crashes;

/// <summary>What kill -9 leaves between any two steps of an operation is what is in memory at that moment. So at every step of every
/// operation the bytes are copied and opened elsewhere, and so at every step of that opening: what is found is all of the operation or
/// nothing of it.</summary>
public sealed class EveryStepTests(ITestOutputHelper output) : IDisposable
{
    private const int Size = 1 << 18;
    private readonly MappedRegion _copy = MappedRegion.Allocate(Size);
    private readonly MappedRegion _second = MappedRegion.Allocate(Size);

    public static TheoryData<string> Operations => [.. Farm.Operations.Select(operation => operation.Name)];

    public void Dispose()
    {
        FaultPoints.Reached = null;
        _copy.Dispose();
        _second.Dispose();
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Every_step_of_an_operation_is_survived(string name)
    {
        Action<Farm, Random> operation = Farm.Operations.Single(one => one.Name == name).Do;
        int images = 0, again = 0, undone = 0, histories = Rounds.Of("MAPWIRE_CRASH_HISTORIES", usual: 2);
        for (int seed = 0; seed < histories; seed++)
        {
            using MappedRegion region = MappedRegion.Allocate(Size);
            using Arena arena = Arena.Create(region);
            Farm farm = new(arena);
            for (int i = 0; i < 40 + seed; i++)
            {
                farm.Do(seed, i);
            }

            for (int time = 0; time < 4; time++) // some need more than one to come to their rare steps
            {
                farm.Prepare(new Random(time));
                string before = farm.Dump();
                List<byte[]> taken = [];
                FaultPoints.Reached = _ => taken.Add(Used(region, arena));
                operation(farm, new Random(time));
                FaultPoints.Reached = null;
                string after = farm.Dump();
                Assert.NotEmpty(taken);
                foreach (byte[] image in taken)
                {
                    string found = Recover(image, out int steps);
                    Assert.True(found == before || found == after, $"{name}, seed {seed}: neither before nor after");
                    undone += found == before ? 1 : 0;
                    again += steps;
                    images++;
                }
            }
        }

        output.WriteLine($"{name}: {images} moments, {undone} undone; {again} moments of undoing");
    }

    private static byte[] Used(MappedRegion region, Arena arena) =>
        // a block may just be put behind the top
        region.AsReadOnlySpan(0, (int)Math.Min(Size, arena.Transactions.Heap.Top + 9000)).ToArray();

    /// <summary>Opens an image, and what a second kill leaves at every step of that.</summary>
    private string Recover(byte[] image, out int steps)
    {
        List<byte[]> taken = [];
        FaultPoints.Reached = _ => taken.Add(_copy.AsReadOnlySpan(0, image.Length).ToArray());
        string found = Open(_copy, image);
        FaultPoints.Reached = null;
        foreach (byte[] half in taken)
        {
            Assert.Equal(found, Open(_second, half));
        }

        steps = taken.Count;
        return found;
    }

    private static string Open(MappedRegion region, byte[] image)
    {
        image.CopyTo(region.AsSpan());
        region.AsSpan()[image.Length..].Clear();
        using Arena arena = Arena.Open(region);
        Farm farm = new(arena);
        Assert.Empty(farm.Problems());
        return farm.Dump();
    }
}
