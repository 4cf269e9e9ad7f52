using System.Globalization;

namespace Mapwire.Media;

/// <summary>A place in a file, for messages.</summary>
/// <param name="Structure">The box or tag that is there, such as <c>box 'stsd'</c> or <c>video tag</c>.</param>
/// <param name="Offset">In bytes from the start of the file.</param>
public readonly record struct FileLocation(string Structure, long Offset)
{
    /// <summary>The words for a message: <c>box 'stsd' at offset 300</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Structure} at offset {Offset}");

    internal static FileLocation Box(FourCc type, long offset) => new($"box '{type}'", offset);
}
