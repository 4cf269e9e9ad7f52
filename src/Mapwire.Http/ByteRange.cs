namespace Mapwire.Http;

/// <summary>A part of a representation.</summary>
/// <param name="Offset">Its first byte, from 0.</param>
/// <param name="Length">How many bytes; at least 1.</param>
public readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>Its last byte, as Content-Range has it (RFC 9110, section 14.4).</summary>
    public long Last => Offset + Length - 1;
}
