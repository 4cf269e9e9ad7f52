using System.Globalization;

namespace Mapwire.Fuzzing;

/// <summary>How long and from where, as the environment says; docs/fuzzing.md has the words for its users.</summary>
public sealed record FuzzOptions
{
    /// <summary>
    /// For how long, in seconds, when <see cref="Cases"/> does not say. MAPWIRE_FUZZ_SECONDS; default 10, less for small subjects.
    /// </summary>
    public double Seconds { get; init; } = 10;

    /// <summary>How many cases, whatever the time. MAPWIRE_FUZZ_CASES.</summary>
    public long? Cases { get; init; }

    /// <summary>Where chance begins. MAPWIRE_FUZZ_SEED; default a fresh one, which is printed.</summary>
    public int Seed { get; init; } = Random.Shared.Next(1, int.MaxValue);

    /// <summary>A folder of more cases to begin with. MAPWIRE_FUZZ_SEEDS.</summary>
    public string? SeedFolder { get; init; }

    /// <summary>A folder for the cases that reached something new. MAPWIRE_FUZZ_KEEP.</summary>
    public string? KeepFolder { get; init; }

    /// <summary>What the environment says.</summary>
    /// <param name="seconds">For how long, when it does not say.</param>
    public static FuzzOptions FromEnvironment(double seconds = 10)
    {
        FuzzOptions options = new()
        {
            Seconds = seconds,
            SeedFolder = Read("MAPWIRE_FUZZ_SEEDS"),
            KeepFolder = Read("MAPWIRE_FUZZ_KEEP"),
        };
        if (Read("MAPWIRE_FUZZ_SECONDS") is { } said)
        {
            options = options with { Seconds = double.Parse(said, CultureInfo.InvariantCulture) };
        }

        if (Read("MAPWIRE_FUZZ_CASES") is { } cases)
        {
            options = options with { Cases = long.Parse(cases, CultureInfo.InvariantCulture) };
        }

        if (Read("MAPWIRE_FUZZ_SEED") is { } seed)
        {
            options = options with { Seed = int.Parse(seed, CultureInfo.InvariantCulture) };
        }

        return options;
    }

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;
}
