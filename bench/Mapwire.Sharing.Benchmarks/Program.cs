// Two processes on two processors, beside bare C on the same two in the same run: `dotnet run -c Release -- ROUNDS` (3).
// `dotnet run -c Release -- objects` runs BenchmarkDotNet on what one process alone does, `-- waits` a thousand pending async waits.
using BenchmarkDotNet.Running;
using Mapwire.Sharing.Benchmarks;

switch (args)
{
    case ["child", string folder]:
        return TwoProcesses.RunChild(folder);
    case ["waker", string folder]:
        return PendingWaits.RunWaker(folder);
    case ["sender", string folder]:
        return PendingWaits.RunSender(folder);
    case ["holder", string folder]:
        return PendingWaits.RunHolder(folder);
    case ["waits"]:
        return await PendingWaits.RunParentAsync();
    case ["objects", ..]:
        BenchmarkRunner.Run<ObjectPairs>(args: args[1..]);
        return 0;
    default:
        return TwoProcesses.RunParent(rounds: args is [string rounds] && int.TryParse(rounds, out int count) ? count : 3);
}
