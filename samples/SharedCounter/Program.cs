// SharedCounter [NAME [ROUNDS]]: counts under a mutex that all processes with the same name share. Start it several times at once:
// whoever comes first makes the memory, and nothing is counted twice or lost, even if one is killed.
using Mapwire.Memory.Sharing;

string name = args.Length > 0 ? args[0] : "shared-counter";
int rounds = args.Length > 1 ? int.Parse(args[1]) : 100_000;
const int mutexAt = 0, countAt = 64;

using SharedMemory memory = SharedMemory.CreateOrOpen(name, 4096, new SharedMemoryOptions
{
    LayoutId = new Guid("6d1ff9a5-3c11-4b57-a9b5-1f4f9a7be001"),
    Initialize = made => SharedMutex.Create(made, mutexAt), // nobody else sees it before this is done
});
SharedMutex mutex = SharedMutex.Open(memory, mutexAt);
for (int i = 0; i < rounds; i++)
{
    using SharedMutex.Scope scope = mutex.Enter();
    if (scope.OwnerDied)
    {
        Console.Error.WriteLine("the owner before was killed; a count is one store, so there is nothing to repair");
    }

    memory.At<long>(countAt)++;
}

using (mutex.Enter())
{
    Console.WriteLine($"count: {memory.Read<long>(countAt)}");
}

Console.In.ReadLine(); // the memory lives as long as somebody has it open
