namespace Mapwire.Load.Measuring;

/// <summary>How long something took, in milliseconds.</summary>
/// <param name="Count">How often it was timed.</param>
/// <param name="P50">Half of them took at most this.</param>
/// <param name="P90">Nine of ten took at most this.</param>
/// <param name="P99">All but one in a hundred took at most this.</param>
/// <param name="Max">The longest.</param>
public readonly record struct LatencySummary(long Count, double P50, double P90, double P99, double Max);
