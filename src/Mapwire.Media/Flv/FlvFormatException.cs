using System.Globalization;

namespace Mapwire.Media.Flv;

/// <summary>Bytes are not the FLV that they should be. The message says what is wrong and where.</summary>
public sealed class FlvFormatException : MediaFormatException
{
    /// <summary>Describes malformed bytes.</summary>
    /// <param name="error">The kind of fault.</param>
    /// <param name="offset">Of the byte that is wrong, in the file, or in the tag's body where there is no file.</param>
    /// <param name="reason">What is wrong, a clause without a full stop.</param>
    public FlvFormatException(FlvError error, long offset, string reason)
        : base(offset, reason, string.Create(CultureInfo.InvariantCulture, $"{reason} (FLV, at offset {offset})")) => Error = error;

    /// <summary>The kind of fault.</summary>
    public FlvError Error { get; }
}
