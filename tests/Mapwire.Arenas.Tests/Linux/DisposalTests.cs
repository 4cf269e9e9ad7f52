using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Linux;

/// <summary>An arena that one thread disposes of while others use it. MAPWIRE_DISPOSAL_ROUNDS says how often.</summary>
public sealed class DisposalTests : IDisposable
{
    private readonly TempFolder _folder = TempFolder.InMemory();

    public void Dispose() => _folder.Dispose();

    /// <summary>Checked reads take no lock and count no reference, so this holds where the addresses stay reserved for a while: not on
    /// Windows.</summary>
    [Theory]
    [InlineData(ArenaDurability.Kill, false)]
    [InlineData(ArenaDurability.Kill, true)]
    [InlineData(ArenaDurability.PowerLoss, false)]
    public void Users_beside_Dispose_get_ObjectDisposedException_and_nothing_else(ArenaDurability durability, bool shared)
    {
        int rounds = Rounds.Of("MAPWIRE_DISPOSAL_ROUNDS", usual: 60);
        for (int round = 0; round < rounds; round++)
        {
            Arena arena = Arena.Create(_folder[$"{round}"], new ArenaOptions { Durability = durability, Shared = shared, Size = 1 << 16 });
            MappedList<long> list = new(arena) { 7, 7, 7 };
            MappedDictionary<long, long> dictionary = new(arena) { { 7, 7 } };
            MappedQueue<long> queue = new(arena);
            arena.SetRoot(list.Offset);
            Offset<long> at = arena.Allocate<long>();
            Action[] uses =
            [
                () => _ = list[1], () => _ = dictionary[7], () => _ = arena.Get(at),
                () => _ = new MappedList<long>(arena, arena.GetRoot<ListHeader<long>>()).AsSpan(),
                () => list[2] = 7, () => queue.Enqueue(1), () => queue.TryDequeue(out _), () => arena.Free(arena.Allocate<long>()),
                () => arena.EnterScope(TimeSpan.FromSeconds(60)).Dispose(),
            ];
            using Barrier start = new(4);
            Task<Exception>[] users =
                [.. Enumerable.Range(0, 3)
                    .Select(user => Task.Factory.StartNew(() => UseUntilRefused(uses, user, start), TaskCreationOptions.LongRunning))];
            start.SignalAndWait();
            Thread.SpinWait(round % 30 * 200);
            arena.Dispose();
            Assert.All(users, user => Assert.IsType<ObjectDisposedException>(user.Result));
            File.Delete(_folder[$"{round}"]);
        }
    }

    private static Exception UseUntilRefused(Action[] uses, int user, Barrier start)
    {
        start.SignalAndWait();
        try
        {
            for (int i = user; ; i++)
            {
                uses[i % uses.Length]();
            }
        }
        catch (Exception exception)
        {
            return exception;
        }
    }
}
