using System.Buffers.Binary;
using System.Collections.Concurrent;
using Mapwire.Memory.Actors;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Processes;

/// <summary>Writers that are killed while they hold a range lock. MAPWIRE_KILL_ROUNDS=1000 is the full measure.</summary>
public sealed class KilledWriterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task No_lock_outlives_its_process_and_no_flushed_record_is_lost()
    {
        int rounds = Rounds.Of("MAPWIRE_KILL_ROUNDS", usual: OperatingSystem.IsWindows() ? 8 : 20);
        string path = _folder["journal"];
        using MappedFile file = MappedFile.Create(path, Journalist.FileLength);
        using MappedRegion region = file.Map();
        Random random = new(20260001);
        long newest = -1; // the newest record that any writer said to be flushed

        using Journal survivor = new(path); // killed in no round: it must get on after every kill
        survivor.Next();
        for (int round = 0; round < rounds; round++)
        {
            using Journal victim = new(path);
            victim.Next(); // at work
            await Task.Delay(random.Next(0, 12));
            victim.Kill();

            survivor.Drain();
            survivor.Next(); // waits for a lock that the dead one may have held; fails after 20 s
            Assert.False(survivor.HasExited);
            newest = Math.Max(newest, Math.Max(victim.Newest, survivor.Newest));
            using (RangeLock.Acquire(file, 0, Journalist.FileLength))
            {
                long next = region.Read<long>(0);
                Assert.True(next > newest, $"round {round}: record {newest} was flushed, the file goes on with {next}");
                for (long n = Math.Max(0, next - Journalist.Slots + 1); n < next; n++) // the oldest may be half overwritten
                {
                    Assert.True(
                        region.AsReadOnlySpan(Journalist.Start + n % Journalist.Slots * Journalist.RecordLength, Journalist.RecordLength)
                            .SequenceEqual(Journalist.Record(n)),
                        $"round {round}: record {n} of {next} is not what was flushed");
                }
            }
        }
    }

    /// <summary>One writer and what it says.</summary>
    private sealed class Journal : IDisposable
    {
        private readonly Actor _actor;
        private readonly BlockingCollection<long> _said = [];
        private readonly Thread _listener;

        public Journal(string path)
        {
            _actor = new Actor("journalist", path);
            _listener = new Thread(Listen) { IsBackground = true };
            _listener.Start();
        }

        public long Newest { get; private set; } = -1;

        public bool HasExited => _actor.HasExited;

        public void Next()
        {
            if (!_said.TryTake(out long n, TimeSpan.FromSeconds(20)))
            {
                throw new TimeoutException("The writer wrote nothing for 20 s: a lock outlived its process.");
            }

            Newest = n;
        }

        public void Drain()
        {
            while (_said.TryTake(out long n))
            {
                Newest = n;
            }
        }

        public void Kill()
        {
            _actor.Kill();
            _listener.Join(); // what was in the pipe had been flushed too
            Drain();
        }

        public void Dispose()
        {
            _actor.Dispose();
            _listener.Join();
            _said.Dispose();
        }

        private void Listen()
        {
            var eight = new byte[8];
            while (_actor.Output.ReadAtLeast(eight, 8, throwOnEndOfStream: false) == 8)
            {
                _said.Add(BinaryPrimitives.ReadInt64LittleEndian(eight));
            }
        }
    }
}
