using System.Diagnostics;
using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>The process that is killed. Arguments: folder, scenario or "create", party, and perhaps a fault point and which time it
/// is reached to die there.</summary>
internal static class Child
{
    /// <summary>Should whoever started it be gone.</summary>
    private static readonly TimeSpan LongestLife = TimeSpan.FromSeconds(60);

    public static int Run(string[] args)
    {
        string folder = args[0], scenario = args[1];
        int party = int.Parse(args[2]);
        if (scenario == "wait")
        {
            return ConditionWaits.WaitUntilKilled(folder);
        }

        if (scenario == "notify")
        {
            return ConditionWaits.NotifyTwice(folder);
        }

        if (scenario == "late")
        {
            return LateCallScenario.Run(folder, party);
        }

        if (scenario.StartsWith("limit-", StringComparison.Ordinal))
        {
            return LimitScenario.Run(folder, scenario["limit-".Length..]);
        }

        if (args.Length > 3)
        {
            AppContext.SetSwitch("Mapwire.Memory.FaultPoints", true);
            FaultPoint point = Enum.Parse<FaultPoint>(args[3]);
            int times = int.Parse(args[4]);
            FaultPoints.Reached = reached =>
            {
                if (reached == point && Interlocked.Decrement(ref times) == 0)
                {
                    Process.GetCurrentProcess().Kill();
                }
            };
        }

        long start = Stopwatch.GetTimestamp();
        if (scenario == "create")
        {
            Console.WriteLine("ready");
            while (Stopwatch.GetElapsedTime(start) < LongestLife)
            {
                SharedMemory.CreateOrOpen(Arena.Name, Arena.Size, Arena.Options(folder)).Dispose();
            }

            return 0;
        }

        if (scenario == "idle")
        {
            return IdleScenario.Run(folder);
        }

        if (scenario == "member")
        {
            return MemberScenario.Run(folder, party);
        }

        using SharedMemory memory = SharedMemory.Open(Arena.Name, Arena.Options(folder));
        if (scenario == "hold")
        {
            SharedMutex.Open(memory, Arena.Mutex).Acquire();
            Console.WriteLine("ready");
            Console.In.Read();
            return 0;
        }

        using Scenario work = Scenario.Of(scenario, memory, party);
        work.Step();
        Console.WriteLine("ready");
        while (Stopwatch.GetElapsedTime(start) < LongestLife)
        {
            work.Step();
        }

        return 0;
    }
}
