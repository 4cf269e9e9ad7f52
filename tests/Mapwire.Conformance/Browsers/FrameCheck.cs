namespace Mapwire.Conformance.Browsers;

/// <summary>Judges the numbers that were read back from the pictures of a film: none missing, none twice, each at its time.</summary>
internal static class FrameCheck
{
    /// <summary>How far a picture's time may be off: the tick of a timescale of 1,000, which FLV has.</summary>
    public const double Tolerance = 0.0011;

    /// <summary>What is wrong of a play; nothing where all is right.</summary>
    /// <param name="seen">Numbers and media times in the order in which they were shown.</param>
    /// <param name="rate">Pictures a second of the film.</param>
    /// <param name="start">The time of picture 0; null to take it from the first that was seen.</param>
    /// <param name="tolerance">How far a time may be off.</param>
    public static IEnumerable<string> Differences(
        IReadOnlyList<(int Number, double Time)> seen, double rate, double? start = null, double tolerance = Tolerance)
    {
        if (seen.Count == 0)
        {
            yield return "no picture was seen";
            yield break;
        }

        double zero = start ?? (seen[0].Time - (seen[0].Number / rate));
        int last = -1;
        foreach ((int number, double time) in seen)
        {
            if (number < 0)
            {
                yield return $"a picture without a number at {time:F3} s";
                continue;
            }

            if (number <= last)
            {
                yield return $"picture {number} after {last}";
            }

            if (Math.Abs(time - zero - (number / rate)) > tolerance)
            {
                yield return $"picture {number} at {time:F4} s instead of {zero + (number / rate):F4} s";
            }

            last = number;
        }
    }

    /// <summary>
    /// The pictures that a play did not show: a busy browser leaves out what it is late with, so each is asked for by a seek afterwards.
    /// </summary>
    public static IReadOnlyList<int> Unseen(IEnumerable<(int Number, double Time)> seen, int count) =>
        [.. Enumerable.Range(0, count).Except(seen.Select(static one => one.Number))];
}
