// ReadersWriter NAME write ROUNDS | ReadersWriter NAME read ROUNDS: a writer changes two numbers that must stay alike, and any number
// of readers look at them under a lock that lets readers in together and a writer alone.
using Mapwire.Memory.Sharing;

if (args is not [string name, "read" or "write", string count])
{
    Console.Error.WriteLine("usage: ReadersWriter NAME read|write ROUNDS");
    return 2;
}

const int lockAt = 0, firstAt = SharedReaderWriterLock.Size, secondAt = firstAt + 8;
using SharedMemory memory = SharedMemory.CreateOrOpen(name, 1 << 14, new SharedMemoryOptions
{
    LayoutId = new Guid("6d1ff9a5-3c11-4b57-a9b5-1f4f9a7be003"),
    Initialize = made => SharedReaderWriterLock.Create(made, lockAt),
});
SharedReaderWriterLock guard = SharedReaderWriterLock.Open(memory, lockAt);
for (int i = int.Parse(count); i > 0; i--)
{
    if (args[1] == "read")
    {
        using SharedReaderWriterLock.Scope reading = guard.EnterRead();
        if (!reading.OwnerDied && memory.Read<long>(firstAt) != memory.Read<long>(secondAt))
        {
            throw new InvalidOperationException("The numbers differ.");
        }

        continue;
    }

    using SharedReaderWriterLock.Scope writing = guard.EnterWrite();
    if (writing.OwnerDied)
    {
        memory.At<long>(secondAt) = memory.Read<long>(firstAt); // a writer was killed between the two: repair
    }

    memory.At<long>(firstAt)++;
    memory.At<long>(secondAt)++;
}

using (guard.EnterRead())
{
    Console.WriteLine($"{args[1]}: {memory.Read<long>(firstAt)} {memory.Read<long>(secondAt)}");
}

return 0;
