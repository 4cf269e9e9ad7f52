using System.Security.Cryptography;
using Mapwire.Memory.Arenas;

namespace Mapwire.Arenas.Tests.Crashes;

/// <summary>A disk as it may be after a loss of power. It keeps what was synced; of what was written since, each sector of 512 bytes has
/// any
/// of the contents that it had, and so have lengths and the names in the folder.</summary>
internal sealed class Disk
{
    private const int Sector = 512;
    private const int MostCombinations = 1 << 12;
    private readonly List<(DurableStep Step, string? Said, bool Committed)> _events = [];
    private readonly List<Arena> _abandoned = [];
    private bool _recording = true;

    public Disk(int logLength = 1 << 20) => Settings = new DurabilitySettings { LogLength = logLength, Recorder = Record };

    /// <summary>What makes an arena or cell tell its steps to this.</summary>
    public DurabilitySettings Settings { get; }

    /// <summary>Records nothing from here on.</summary>
    public void Stop() => _recording = false;

    /// <summary>What is being committed from here on.</summary>
    public void Say(string state) => _events.Add((default, state, false));

    /// <summary>It is committed.</summary>
    public void Commit() => _events.Add((default, null, true));

    /// <summary>Records nothing of how an arena ends.</summary>
    public void Abandon(Arena arena)
    {
        _recording = false;
        _abandoned.Add(arena);
    }

    public void Close() => _abandoned.ForEach(arena => arena.Dispose());

    /// <summary>Shows every state in which the recorded history may have left the disk.</summary>
    /// <param name="every">All states at each point, where they are few enough to be gone through.</param>
    /// <param name="samples">Where they are not: how many of them, drawn by chance.</param>
    /// <param name="random">Chance.</param>
    /// <param name="share">At how many of the points to look, 1 for all.</param>
    /// <param name="check">Gets the files, and the states that may be found in them; "" is none.</param>
    /// <returns>How many different ones there were.</returns>
    public int Replay(
        bool every, int samples, Random random, double share,
        Action<IReadOnlyDictionary<string, byte[]>, IReadOnlyCollection<string>> check)
    {
        Folder folder = new();
        HashSet<string> seen = [];
        string last = "", next = "";
        foreach ((DurableStep step, string? said, bool committed) in _events)
        {
            if (said is not null)
            {
                next = said;
            }
            else if (committed)
            {
                last = next;
            }
            else
            {
                folder.Do(step);
            }

            if (random.NextDouble() > share)
            {
                continue;
            }

            List<Choice> choices = folder.Choices();
            double combinations = choices.Aggregate(1.0, (product, choice) => product * choice.Count);
            bool all = every && combinations <= MostCombinations;
            if (every && !all && samples == 0)
            {
                throw new InvalidOperationException($"{combinations} states are too many to go through.");
            }

            IEnumerable<int[]> picks = all ? All(choices) : Some(choices, samples, random);
            foreach (int[] pick in picks)
            {
                for (int i = 0; i < pick.Length; i++)
                {
                    choices[i].Pick(pick[i]);
                }

                Dictionary<string, byte[]> files = folder.Files();
                if (seen.Add(Hash(files) + last + next))
                {
                    check(files, last == next ? [last] : [last, next]);
                }
            }
        }

        return seen.Count;
    }

    private void Record(DurableStep step)
    {
        lock (_events)
        {
            if (_recording)
            {
                _events.Add((step, null, false));
            }
        }
    }

    private static IEnumerable<int[]> All(List<Choice> choices)
    {
        var pick = new int[choices.Count];
        while (true)
        {
            yield return pick;
            int at = 0;
            while (at < pick.Length && ++pick[at] == choices[at].Count)
            {
                pick[at++] = 0;
            }

            if (at == pick.Length)
            {
                yield break;
            }
        }
    }

    /// <summary>Nothing, everything, and some at random.</summary>
    private static IEnumerable<int[]> Some(List<Choice> choices, int samples, Random random)
    {
        yield return new int[choices.Count];
        yield return [.. choices.Select(choice => choice.Count - 1)];
        for (int i = 0; i < samples; i++)
        {
            double share = random.NextDouble();
            yield return [.. choices.Select(choice => random.NextDouble() < share ? choice.Count - 1 : random.Next(choice.Count))];
        }
    }

    private static string Hash(Dictionary<string, byte[]> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string path, byte[] bytes) in files.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{path}:{bytes.Length}:"));
            hash.AppendData(bytes);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>Something that may have come out in several ways; the first is as it was at the last sync, the last as it is now.</summary>
    private sealed class Choice(int count, Action<int> pick)
    {
        public int Count => count;

        public void Pick(int which) => pick(which);
    }

    private sealed class Folder
    {
        private readonly Dictionary<string, List<Inode?>> _names = []; // since the last sync of the folder, what it was then first
        private readonly Dictionary<string, Inode?> _picked = [];

        public void Do(DurableStep step)
        {
            if (step.Offset == DurableStep.FolderSync)
            {
                foreach (List<Inode?> name in _names.Values)
                {
                    name.RemoveRange(0, name.Count - 1);
                }

                return;
            }

            if (!_names.TryGetValue(step.Path, out List<Inode?>? versions))
            {
                _names[step.Path] = versions = [null];
            }

            if (step.Offset == DurableStep.Removal)
            {
                versions.Add(null);
            }
            else if (versions[^1] is null)
            {
                versions.Add(new Inode());
            }

            versions[^1]?.Do(step);
        }

        public List<Choice> Choices()
        {
            List<Choice> choices = [];
            foreach ((string path, List<Inode?> versions) in _names)
            {
                choices.Add(new Choice(versions.Count, which => _picked[path] = versions[which]));
                foreach (Inode? inode in versions)
                {
                    inode?.AddChoices(choices);
                }
            }

            return choices.FindAll(choice => choice.Count > 1 || Only(choice));

            static bool Only(Choice choice)
            {
                choice.Pick(0);
                return false;
            }
        }

        public Dictionary<string, byte[]> Files() =>
            _picked.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!.Bytes());
    }

    private sealed class Inode
    {
        private readonly SortedDictionary<long, List<byte[]>> _sectors = []; // contents since the last sync, what it was then first
        private readonly Dictionary<long, int> _picked = [];
        private readonly List<long> _lengths = [0];
        private int _length;

        public void Do(DurableStep step)
        {
            if (step.Offset == DurableStep.Sync)
            {
                foreach (List<byte[]> sector in _sectors.Values)
                {
                    sector.RemoveRange(0, sector.Count - 1);
                }

                _lengths.RemoveRange(0, _lengths.Count - 1);
                return;
            }

            long now = _lengths[^1];
            long length =
                step.Offset == DurableStep.Length ? BitConverter.ToInt64(step.Bytes) : Math.Max(now, step.Offset + step.Bytes.Length);
            if (length != now)
            {
                _lengths.Add(length);
            }

            for (int done = 0; step.Offset >= 0 && done < step.Bytes.Length;)
            {
                long at = step.Offset + done;
                int inside = (int)(at % Sector), part = Math.Min(Sector - inside, step.Bytes.Length - done);
                if (!_sectors.TryGetValue(at / Sector, out List<byte[]>? versions))
                {
                    _sectors[at / Sector] = versions = [new byte[Sector]];
                }

                byte[] next = [.. versions[^1]];
                step.Bytes.AsSpan(done, part).CopyTo(next.AsSpan(inside));
                if (!versions[^1].AsSpan().SequenceEqual(next))
                {
                    versions.Add(next);
                }

                done += part;
            }
        }

        public void AddChoices(List<Choice> choices)
        {
            choices.Add(new Choice(_lengths.Count, which => _length = which));
            foreach ((long sector, List<byte[]> versions) in _sectors)
            {
                choices.Add(new Choice(versions.Count, which => _picked[sector] = which));
            }
        }

        public byte[] Bytes()
        {
            long length = _lengths[_length];
            foreach ((long sector, int which) in _picked)
            {
                if (which > 0 && length < (sector + 1) * Sector && _lengths[^1] > length)
                {
                    // a sector behind the end brings the end along
                    length = Math.Min(_lengths[^1], Math.Max(length, (sector + 1) * Sector));
                }
            }

            var bytes = new byte[length];
            foreach ((long sector, List<byte[]> versions) in _sectors)
            {
                if (sector * Sector < length)
                {
                    versions[_picked.GetValueOrDefault(sector)].AsSpan(0, (int)Math.Min(Sector, length - (sector * Sector)))
                        .CopyTo(bytes.AsSpan((int)(sector * Sector)));
                }
            }

            return bytes;
        }
    }
}
