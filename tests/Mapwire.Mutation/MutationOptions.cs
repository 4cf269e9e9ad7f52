using System.Globalization;

namespace Mapwire.Mutation;

/// <summary>What the command line asks for.</summary>
/// <param name="Root">The repository.</param>
/// <param name="Tree">Where a copy of it is mutated, built and run; what an earlier run found there is kept.</param>
/// <param name="Seed">Draws the statements and what is done to each.</param>
/// <param name="Count">How many mutants.</param>
/// <param name="Jobs">How many are tried at once.</param>
/// <param name="Conformance">Whether those that outlive the unit tests are tried by the conformance suite.</param>
internal sealed record MutationOptions(string Root, string Tree, int Seed, int Count, int Jobs, bool Conformance)
{
    public static MutationOptions? Parse(string[] args)
    {
        if (args.Length < 2)
        {
            return null;
        }

        MutationOptions options =
            new(Path.GetFullPath(args[0]), Path.GetFullPath(args[1]), Seed: 1, Count: 100, Jobs: 1, Conformance: false);
        for (int i = 2; i < args.Length; i++)
        {
            if (args[i] == "--conformance")
            {
                options = options with { Conformance = true };
                continue;
            }

            if (i + 1 == args.Length || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int value))
            {
                return null;
            }

            switch (args[i++])
            {
                case "--seed": options = options with { Seed = value }; break;
                case "--count": options = options with { Count = value }; break;
                case "--jobs": options = options with { Jobs = value }; break;
                default: return null;
            }
        }

        return options;
    }
}
