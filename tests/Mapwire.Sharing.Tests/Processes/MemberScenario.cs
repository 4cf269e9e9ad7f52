using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>One of several processes, of whatever users, that open or create a Group segment and work on all that is in it until their
/// input ends. Says what it added and what of it is there.</summary>
internal static class MemberScenario
{
    private const int Left = 20, Right = 21; // words that are alike except while a writer is at them
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="place">A folder, or a name in the folder of the system.</param>
    /// <param name="party">0 consumes the ring's messages, all others produce.</param>
    public static int Run(string place, int party)
    {
        bool isFolder = Path.IsPathRooted(place);
        SharedMemoryOptions options = new()
        {
            Folder = isFolder ? place : null,
            Access = SharedMemoryAccess.Group,
            Initialize = Arena.Options(place).Initialize,
            OpenTimeout = TimeSpan.FromSeconds(60),
        };
        using SharedMemory memory = SharedMemory.CreateOrOpen(isFolder ? Arena.Name : place, Arena.Size, options);
        SharedMutex mutex = SharedMutex.Open(memory, Arena.Mutex);
        SharedReaderWriterLock readers = SharedReaderWriterLock.Open(memory, Arena.ReaderWriter);
        SharedSemaphore permit = SharedSemaphore.Open(memory, Arena.Permit);
        SharedCell<Octet> cell = SharedCell.Open<Octet>(memory, Arena.Cell);
        Ledger ledger = new(memory);
        using Scenario ring = Scenario.Of("manyring", memory, party);
        using CancellationTokenSource ended = new();
        new Thread(() =>
        {
            Console.In.Read();
            ended.Cancel();
        })
        { IsBackground = true }.Start();
        long added = 0, before = 0;
        for (long step = 0; !ended.IsCancellationRequested; step++)
        {
            using (SharedMutex.Scope scope = Require(mutex.TryEnter(Patience, out SharedMutex.Scope entered), entered))
            {
                if (scope.OwnerDied)
                {
                    ledger.Mend();
                }

                before = step == 0 ? ledger.GetTally(party) : before;
                ledger.Add(party);
                added++;
            }

            if (step % 4 == 0)
            {
                using SharedReaderWriterLock.Scope scope =
                    Require(readers.TryEnterWrite(Patience, out SharedReaderWriterLock.Scope entered), entered);
                Arena.Word(memory, Right) = Arena.Word(memory, Left); // a writer that died between the two, if any, is repaired by this
                Arena.Word(memory, Left)++;
                Arena.Word(memory, Right)++;
            }
            else
            {
                using SharedReaderWriterLock.Scope scope =
                    Require(readers.TryEnterRead(Patience, out SharedReaderWriterLock.Scope entered), entered);
                if (!scope.OwnerDied && Arena.Word(memory, Left) != Arena.Word(memory, Right))
                {
                    throw new InvalidOperationException("A reader saw a writer half way.");
                }
            }

            using (Require(permit.TryEnter(Patience, out SharedSemaphore.Scope entered), entered))
            {
                cell.Write(Octet.Of(step));
            }

            if (cell.TryRead(out Octet octet) && !octet.IsWhole)
            {
                throw new InvalidOperationException("A torn value was read.");
            }

            ring.Step();
            if (step == 0)
            {
                Console.WriteLine(memory.Created ? "ready created" : "ready");
            }
        }

        using (Require(mutex.TryEnter(Patience, out SharedMutex.Scope entered), entered))
        {
            if (entered.OwnerDied)
            {
                ledger.Mend();
            }

            ledger.Check();
            Console.WriteLine(
                ledger.GetTally(party) - before == added ? "nothing lost" : $"{added} added, {ledger.GetTally(party) - before} there");
        }

        return 0;
    }

    private static T Require<T>(bool entered, T scope) => entered ? scope : throw new TimeoutException("Stuck for a minute.");
}
