// dotnet run -c Release --project bench/Mapwire.Arenas.Benchmarks -- --filter '*'     needs liblmdb (Debian: liblmdb0)
// dotnet run -c Release --project bench/Mapwire.Arenas.Benchmarks -- commits 1000     commits in turn with bare ones
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Mapwire.Arenas.Benchmarks;

if (args is ["commits", string rounds])
{
    CommitPairs.Run(int.Parse(rounds));
    return;
}

// In one process: the pages, the files and the state of the machine are the same for all that is compared.
Job job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance)
    .WithWarmupCount(3).WithIterationCount(15).WithIterationTime(Perfolizer.Horology.TimeInterval.FromMilliseconds(100));
IConfig config = DefaultConfig.Instance.AddJob(job).AddColumn(StatisticColumn.Median, StatisticColumn.Min)
    .WithOptions(ConfigOptions.DisableOptimizationsValidator);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, config);
