namespace Mapwire.Fuzzing;

/// <summary>Changes to bytes that break whatever form they have.</summary>
public static class ByteDamage
{
    /// <summary>How many kinds of change there are.</summary>
    public const int Kinds = 3;

    /// <summary>Flips a bit, or leaves out or doubles a piece.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="kind">Which change, below <see cref="Kinds"/>.</param>
    /// <param name="at">Where the piece begins.</param>
    /// <param name="count">How long it is, at least 1.</param>
    /// <param name="random">Draws the bit.</param>
    public static void Apply(List<byte> bytes, int kind, int at, int count, Random random)
    {
        switch (kind)
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes.RemoveRange(at, count);
                break;
            default:
                bytes.InsertRange(at, bytes.GetRange(at, count));
                break;
        }
    }
}
