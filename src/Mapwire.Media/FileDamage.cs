using System.Globalization;

namespace Mapwire.Media;

/// <summary>A range of a file that was passed over since it is not what it should be; what is around it is played.</summary>
/// <param name="Location">The structure that is wrong, and its first byte.</param>
/// <param name="Length">Bytes that were passed over.</param>
/// <param name="Reason">What is wrong, a clause without a full stop.</param>
public readonly record struct FileDamage(FileLocation Location, long Length, string Reason)
{
    /// <summary>A line for a log: <c>1024 bytes passed over: this is no tag (tag at offset 300)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Length} bytes passed over: {Reason} ({Location})");
}
