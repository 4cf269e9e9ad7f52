namespace Mapwire.Rules.Planted.Lower;

/// <summary>Half of a cycle that <see cref="FolderTests"/> has to find.</summary>
internal static class Ground
{
    public static int Height => 1 + Upper.Roof.Slope;
}
