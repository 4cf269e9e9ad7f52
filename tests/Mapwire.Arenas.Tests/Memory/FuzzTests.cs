using Mapwire.Arenas.Tests.Containers;
using Mapwire.Arenas.Tests.Crashes;
using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Memory;

/// <summary>Whatever the bytes of an arena are: it is refused, or used within its bounds. It lies between pages without access, so that a
/// read beside it ends the process. MAPWIRE_FUZZ_MUTATIONS says how many there are.</summary>
public sealed class FuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int Size = 1 << 17;
    private readonly MappedRegion _region = MappedRegion.Allocate(Size, new MapOptions { GuardPages = 1 });

    public void Dispose() => _region.Dispose();

    [Fact]
    public void Mutated_arenas_are_refused_or_used_within_bounds()
    {
        int mutations = Rounds.Of("MAPWIRE_FUZZ_MUTATIONS", usual: 20_000), refused = 0, sound = 0, unsound = 0, used = 0;
        byte[][] arenas = [.. Enumerable.Range(0, 8).Select(seed => Make(seed))];
        Random random = new(mutations);
        Span<byte> bytes = _region.AsSpan();
        for (int round = 0; round < mutations; round++)
        {
            byte[] good = arenas[round % arenas.Length];
            good.CopyTo(bytes);
            bytes[good.Length..].Clear();
            Mutate(bytes, good.Length, random);
            try
            {
                using Arena arena = Arena.Open(_region);
                bool isSound = arena.Inspect().IsSound;
                sound += isSound ? 1 : 0;
                unsound += isSound ? 0 : 1;
                Farm farm = new(arena);
                if (isSound)
                {
                    _ = farm.Problems().Count();
                }

                farm.Read();
                farm.Prepare(new Random(round));
                for (int i = 0; i < 5; i++)
                {
                    farm.Do(round, i);
                }

                used++;
            }
            catch (Exception failure) when (IsRefusal(failure))
            {
                refused++;
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"round {round} of {mutations}", failure);
            }
        }

        output.WriteLine(
            $"{mutations} mutations: {sound} verified clean, {unsound} not; {refused} refused when opened or used, {used} used to the end");
        Assert.True(refused > mutations / 100 && sound > mutations / 100 && unsound > mutations / 100, $"{refused} {sound} {unsound}");
    }

    /// <summary>Mutations that once were followed outside: each field of each container's header is very wrong, alone and inside a
    /// change.</summary>
    [Fact]
    public void Wild_fields_of_containers_are_refused_or_used_within_bounds()
    {
        long[] wild =
            [0, 1, 7, -1, -8, long.MinValue, long.MaxValue, Size, Size - 8, 1L << 31, uint.MaxValue, 1L << 40, 1L << 62,
            ArenaHeader.HeapAt];
        byte[] good = Make(1);
        (Func<Arena, MappedContainer> Open, Action<MappedContainer>[] Uses)[] kinds =
        [
            (arena => Find(arena).List,
            [
                list => ((MappedList<Fat>)list).Add(default), list => ((MappedList<Fat>)list).Insert(0, default),
                list => ((MappedList<Fat>)list).RemoveAt(0),
                list => ((MappedList<Fat>)list).TrimExcess(), list => ((MappedList<Fat>)list)[0] = default,
                list => _ = ((MappedList<Fat>)list).AsSpan().Length,
                list => ((MappedList<Fat>)list).AddRange(new Fat[400]), list => ((MappedList<Fat>)list).EnsureCapacity(5000),
                list => ((MappedList<Fat>)list).Delete(),
            ]),
            (arena => Find(arena).Queue,
            [
                queue => ((MappedQueue<Fat>)queue).Enqueue(default), queue => ((MappedQueue<Fat>)queue).TryDequeue(out _),
                queue => ((MappedQueue<Fat>)queue).Delete(),
            ]),
            (arena => Find(arena).Dictionary,
            [
                table => ((MappedDictionary<long, Fat>)table)[1] = default, table => ((MappedDictionary<long, Fat>)table).Remove(2),
                table => ((MappedDictionary<long, Fat>)table).Add(1000, default), table => ((MappedDictionary<long, Fat>)table).Clear(),
                table => ((MappedDictionary<long, Fat>)table).EnsureCapacity(500), table => ((MappedDictionary<long, Fat>)table).Delete(),
            ]),
            (arena => Find(arena).Names,
            [
                table => ((MappedStringDictionary<Fat>)table)["1"] = default, table => ((MappedStringDictionary<Fat>)table).Remove("0"),
                table => ((MappedStringDictionary<Fat>)table)[new string('x', 5000)] = default,
                table => ((MappedStringDictionary<Fat>)table).Clear(),
                table => ((MappedStringDictionary<Fat>)table).Delete(),
            ]),
        ];
        int refused = 0, used = 0;
        foreach ((Func<Arena, MappedContainer> open, Action<MappedContainer>[] uses) in kinds)
        {
            for (int field = 0; field < TableFields.StringBytes; field += 8)
            {
                foreach (long value in wild)
                {
                    foreach (Action<MappedContainer> use in uses)
                    {
                        for (int nested = 0; nested < 2; nested++)
                        {
                            Use(open, field, value, use, nested == 1);
                        }
                    }
                }
            }
        }

        output.WriteLine($"{refused} refused, {used} used");
        Assert.True(refused > 500 && used > 500, $"{refused} {used}");

        void Use(Func<Arena, MappedContainer> open, int field, long value, Action<MappedContainer> use, bool nested)
        {
            good.CopyTo(_region.AsSpan());
            _region.AsSpan()[good.Length..].Clear();
            using Arena arena = Arena.Open(_region);
            MappedContainer container = open(arena);
            _region.Write(Where(container) + field, value);
            try
            {
                if (nested)
                {
                    using ArenaChange change = arena.BeginChange();
                    use(container);
                    change.Complete();
                }
                else
                {
                    use(container);
                }

                used++;
            }
            catch (Exception failure) when (IsRefusal(failure))
            {
                refused++;
            }
        }

        static Farm Find(Arena arena) => new(arena);

        static long Where(MappedContainer container) => container switch
        {
            MappedList<Fat> list => list.Offset.Value,
            MappedQueue<Fat> queue => queue.Offset.Value,
            MappedDictionary<long, Fat> table => table.Offset.Value,
            _ => ((MappedStringDictionary<Fat>)container).Offset.Value,
        };
    }

    [Fact]
    public void Files_cut_to_any_length_are_refused()
    {
        using TempFolder folder = new();
        string path = folder["arena"];
        using (Arena arena = Arena.Create(path, new ArenaOptions { Size = 1 << 16 }))
        {
            _ = new Farm(arena);
        }

        byte[] whole = File.ReadAllBytes(path);
        foreach (int length in Enumerable.Range(1, 130)
            .Concat([4095, 4096, 12288, 32767, 32768, 32832, whole.Length - 4096, whole.Length - 1]))
        {
            File.WriteAllBytes(path, whole[..length]);
            ArenaError error = Assert.Throws<ArenaFormatException>(() => Arena.Open(path)).Error;
            Assert.True(error is ArenaError.NotAnArena or ArenaError.WrongSize, $"{length}: {error}");
        }

        File.WriteAllBytes(path, whole);
        Arena.Open(path).Dispose();
    }

    [Fact]
    public void Mutated_files_of_every_durability_are_refused_or_opened()
    {
        using TempFolder folder = TempFolder.InMemory();
        string path = folder["arena"];
        int mutations = Rounds.Of("MAPWIRE_FUZZ_MUTATIONS", usual: 20_000) / 20, refused = 0, opened = 0;
        foreach (ArenaDurability durability in Enum.GetValues<ArenaDurability>())
        {
            byte[] log = MakeFile(path, durability);
            byte[] whole = File.ReadAllBytes(path);
            Random random = new((int)durability);
            for (int round = 0; round < mutations; round++)
            {
                byte[] file = [.. whole], beside = [.. log];
                if (log.Length == 0 || round % 2 == 0)
                {
                    Mutate(file, file.Length, random);
                }
                else
                {
                    Mutate(beside, beside.Length, random);
                }

                File.WriteAllBytes(path, file);
                if (log.Length > 0)
                {
                    File.WriteAllBytes(CommitLog.PathOf(path), beside);
                }

                try
                {
                    using Arena arena =
                        Arena.Open(path, new ArenaOptions { ReadOnly = round % 3 == 0, MaxSize = Room.Grows ? 1 << 24 : null });
                    arena.Inspect();
                    new Farm(arena).Read();
                    opened++;
                }
                catch (Exception failure) when (IsRefusal(failure))
                {
                    refused++;
                }
            }
        }

        output.WriteLine($"{refused} refused, {opened} opened");
        Assert.True(refused > mutations / 20 && opened > mutations / 20, $"{refused} {opened}");
    }

    /// <summary>What using damaged bytes may end with: said to be damaged, no room, or places and things that are not there.</summary>
    private static bool IsRefusal(Exception failure) => failure
        is ArenaFormatException or IOException or ArgumentException or InvalidOperationException or OverflowException;

    private static byte[] Make(int seed)
    {
        using MappedRegion region = MappedRegion.Allocate(Size);
        using Arena arena = Arena.Create(region);
        Farm farm = new(arena);
        for (int i = 0; i < 60; i++)
        {
            farm.Do(seed, i);
        }

        if (seed % 4 == 3)
        {
            // One that a process died in.
            byte[]? image = null;
            int steps = 10 + seed;
            Mapwire.Memory.Sharing.FaultPoints.Reached = _ =>
            {
                if (--steps == 0)
                {
                    image = region.AsReadOnlySpan().ToArray();
                }
            };
            while (image is null)
            {
                farm.Do(seed, 1000 + steps);
            }

            Mapwire.Memory.Sharing.FaultPoints.Reached = null;
            return image;
        }

        return region.AsReadOnlySpan(0, (int)arena.Transactions.Heap.Top + 8).ToArray();
    }

    private static byte[] MakeFile(string path, ArenaDurability durability)
    {
        File.Delete(path);
        Arena arena = Arena.Create(path, new ArenaOptions { Durability = durability, Size = 1 << 16 });
        Farm farm = new(arena);
        for (int i = 0; i < 10; i++)
        {
            farm.Do(1, i);
            if (durability == ArenaDurability.PowerLoss)
            {
                arena.Commit();
            }
        }

        if (durability != ArenaDurability.PowerLoss)
        {
            arena.Dispose();
            return [];
        }

        // As if power were lost here: the log is needed.
        byte[] file = TempFolder.ReadShared(path), log = TempFolder.ReadShared(CommitLog.PathOf(path));
        arena.Dispose();
        File.WriteAllBytes(path, file);
        return log;
    }

    /// <summary>One to four of: a bit, a byte, a word that is nearly right or very wrong, a word or a piece from elsewhere.</summary>
    private static void Mutate(Span<byte> bytes, int length, Random random)
    {
        for (int times = random.Next(1, 5); times > 0; times--)
        {
            // The header, its log and the first containers decide most: half of all mutations are there.
            int most = random.Next(4) switch { 0 => Math.Min(length, 3072), 1 => Math.Min(length, 40_000), _ => length };
            int at = random.Next(most), word = Math.Min(at & ~7, length - 8);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    long old = BitConverter.ToInt64(bytes[word..]);
                    BitConverter.TryWriteBytes(bytes[word..], old + random.Next(-64, 65));
                    break;
                case 3:
                    long[] wild =
                        [0, -1, long.MinValue, long.MaxValue, length, length - 8, 1L << 31, uint.MaxValue, 1L << 40, random.NextInt64()];
                    BitConverter.TryWriteBytes(bytes[word..], wild[random.Next(wild.Length)]);
                    break;
                case 4:
                    int from = random.Next(length - 8) & ~7;
                    bytes.Slice(from, 8).CopyTo(bytes[word..]);
                    break;
                default:
                    int count = Math.Min(random.Next(1, 200), length - at), source = random.Next(length - count + 1);
                    bytes.Slice(source, count).CopyTo(bytes[at..]);
                    break;
            }
        }
    }
}
