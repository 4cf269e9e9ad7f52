namespace Mapwire.Rules.Planted.Upper;

/// <summary>The other half of the cycle.</summary>
internal sealed class Roof
{
    public static int Slope { get; } = 2;

    public List<int[]> Heights { get; } = [[Lower.Ground.Height]];
}
