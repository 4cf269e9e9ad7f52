using System.Globalization;

namespace Mapwire.Fuzzing;

/// <summary>What a run of the fuzzer saw.</summary>
/// <param name="Seed">Where chance began.</param>
/// <param name="Cases">How many cases ran.</param>
/// <param name="Accepted">Those that were not refused.</param>
/// <param name="Features">Different things that they reached.</param>
/// <param name="Kept">Cases that reached something new.</param>
/// <param name="SlowestMilliseconds">The longest that a case took; of cases tried again, the shortest try.</param>
/// <param name="MostAllocated">The most bytes that a case allocated.</param>
/// <param name="Elapsed">All of it.</param>
public sealed record FuzzTally(
    int Seed, long Cases, long Accepted, int Features, int Kept, double SlowestMilliseconds, long MostAllocated, TimeSpan Elapsed)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Cases} cases in {Elapsed.TotalSeconds:0} s, {Accepted} accepted, {Features} features, {Kept} kept, "
        + $"slowest {SlowestMilliseconds:0.0} ms, most allocated {MostAllocated} bytes, seed {Seed}");
}
