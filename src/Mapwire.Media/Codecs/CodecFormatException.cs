namespace Mapwire.Media.Codecs;

/// <summary>A codec configuration record is malformed. Readers of a container wrap it in their own exception, with the place.</summary>
public sealed class CodecFormatException : Exception
{
    /// <summary>Describes a malformed record.</summary>
    /// <param name="message">What is wrong, a clause without a full stop.</param>
    /// <param name="offset">Of the byte that is wrong, from the start of the record.</param>
    public CodecFormatException(string message, int offset)
        : base(message) => Offset = offset;

    /// <summary>Of the byte that is wrong, from the start of the record.</summary>
    public int Offset { get; }
}
