using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>What one process does over and over until it is killed, and what the surviving one does meanwhile.</summary>
/// <param name="memory">The segment.</param>
/// <param name="party">Which of the processes: 0 survives.</param>
internal abstract class Scenario(SharedMemory memory, int party) : IDisposable
{
    public static readonly string[] Names =
        ["mutex", "semaphore", "readerwriter", "event", "condition", "barrier", "ring", "manyring", "consumer", "broadcast", "cell"];

    protected SharedMemory Memory { get; } = memory;

    protected int Party { get; } = party;

    /// <summary>One step.</summary>
    /// <returns>Whether it got anywhere: a step of the survivor may find nobody to work with.</returns>
    public abstract bool Step();

    public void Dispose() => Close();

    public static Scenario Of(string name, SharedMemory memory, int party) => name switch
    {
        "mutex" => new MutexScenario(memory, party),
        "semaphore" => new SemaphoreScenario(memory, party),
        "readerwriter" => new ReaderWriterScenario(memory, party),
        "event" => new EventScenario(memory, party),
        "condition" => new ConditionScenario(memory, party),
        "barrier" => new BarrierScenario(memory, party),
        "ring" => party == 0 ? new ConsumingScenario(memory, Arena.Ring) : new ProducingScenario(memory, party, Arena.Ring),
        "manyring" => party == 0 ? new ConsumingScenario(memory, Arena.ManyRing) : new ProducingScenario(memory, party, Arena.ManyRing),
        "consumer" => party == 0 ? new ProducingScenario(memory, party, Arena.ManyRing) : new SuccessorScenario(memory, party),
        "broadcast" => new BroadcastScenario(memory, party),
        "cell" => new CellScenario(memory, party),
        _ => throw new ArgumentException(name),
    };

    protected virtual void Close() { }
}
