using System.Diagnostics;

namespace Mapwire.Fuzzing;

/// <summary>Makes a case that fails small: pieces are left out, ever smaller ones, and bytes set to 0, as long as it still fails.</summary>
internal static class Shrinker
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <param name="given">A case that fails.</param>
    /// <param name="stillFails">Whether another one fails in the same way.</param>
    public static FuzzCase Shrink(FuzzCase given, Predicate<FuzzCase> stillFails)
    {
        Stopwatch watch = Stopwatch.StartNew();
        byte[] bytes = given.Bytes;
        for (int piece = Math.Max(1, bytes.Length / 2); piece > 0; piece /= 2)
        {
            for (int at = 0; at + piece <= bytes.Length && watch.Elapsed < Longest;)
            {
                byte[] shorter = [.. bytes.AsSpan(0, at), .. bytes.AsSpan(at + piece)];
                if (stillFails(given with { Bytes = shorter }))
                {
                    bytes = shorter;
                }
                else
                {
                    at += piece;
                }
            }
        }

        for (int at = 0; at < bytes.Length && watch.Elapsed < Longest; at++)
        {
            if (bytes[at] == 0)
            {
                continue;
            }

            byte[] plainer = [.. bytes];
            plainer[at] = 0;
            if (stillFails(given with { Bytes = plainer }))
            {
                bytes = plainer;
            }
        }

        return given with { Bytes = bytes };
    }
}
