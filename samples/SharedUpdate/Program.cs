// SharedUpdate FILE ROUNDS: two processes add to one counter in a shared file. The range lock keeps their steps apart; the flush
// brings each step to the device before the next may start.
using System.Diagnostics;
using Mapwire.Memory;

if (args.Length is not (2 or 3) || !int.TryParse(args[1], out int rounds))
{
    Console.Error.WriteLine("usage: SharedUpdate FILE ROUNDS");
    return 2;
}

using MappedFile file = MappedFile.Create(args[0], sizeof(long));
using MappedRegion region = file.Map();

bool isSecond = args.Length == 3;
using Process? second = isSecond ? null : Process.Start(Environment.ProcessPath!, [args[0], args[1], "second"]);

for (int i = 0; i < rounds; i++)
{
    using RangeLock step = RangeLock.Acquire(file, 0, sizeof(long));
    region.Write(0, region.Read<long>(0) + 1);
    region.Flush(FlushMode.Durable);
}

second?.WaitForExit();
if (!isSecond)
{
    Console.WriteLine($"counter: {region.Read<long>(0)}");
}

return second?.ExitCode ?? 0;
