namespace Mapwire.Server.Statistics;

/// <summary>
/// Bytes a second of a sender that sends in bursts, as a mean that forgets: with each burst it is
/// (bytes + rate * memory) / (time since the last one + memory). Bursts of b bytes every t seconds have the rate b / t, and a reader needs
/// one look.
/// </summary>
internal static class ByteRate
{
    /// <summary>How far back it looks, in milliseconds.</summary>
    private const double Memory = 3000;

    /// <summary>The silence between two bursts of a sender that goes on, in milliseconds.</summary>
    private const long Pause = 1500;

    /// <summary>The rate after a burst.</summary>
    /// <param name="rate">The rate before it, in bytes a second.</param>
    /// <param name="bytes">Sent now.</param>
    /// <param name="elapsed">Since the last burst, in milliseconds.</param>
    public static double After(double rate, long bytes, long elapsed) => ((bytes * 1000.0) + (rate * Memory)) / (elapsed + Memory);

    /// <summary>The rate after a silence: it halves each second, and is 0 below a byte a second.</summary>
    /// <param name="rate">After the last burst.</param>
    /// <param name="silence">Since then, in milliseconds.</param>
    public static double Fading(double rate, long silence) =>
        double.IsFinite(rate) && rate * Math.Pow(0.5, Math.Max(0, silence - Pause) / 1000.0) is >= 1 and double faded ? faded : 0;
}
