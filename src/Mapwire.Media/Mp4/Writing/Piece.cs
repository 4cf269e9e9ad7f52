namespace Mapwire.Media.Mp4.Writing;

/// <summary>A part of an answer's body: bytes that were made, or a range of the media file that is sent from where it lies.</summary>
public readonly record struct Piece
{
    /// <summary>Bytes that were made once; they are shared and never change.</summary>
    /// <param name="bytes">At least one.</param>
    public Piece(ReadOnlyMemory<byte> bytes) => (Bytes, Length) = (bytes, bytes.Length);

    /// <summary>A range of the media file.</summary>
    /// <param name="offset">Of the first byte, in the file.</param>
    /// <param name="length">In bytes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty, or before or past what a file can have.</exception>
    public Piece(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, long.MaxValue - offset);
        (IsFileRange, Offset, Length) = (true, offset, length);
    }

    /// <summary>Whether this is a range of the file, or else bytes that were made.</summary>
    public bool IsFileRange { get; }

    /// <summary>The bytes that were made; empty for a range of the file.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Of the first byte, in the file; 0 for bytes that were made.</summary>
    public long Offset { get; }

    /// <summary>In bytes.</summary>
    public long Length { get; }

    /// <summary>A part of the piece.</summary>
    internal Piece Slice(long from, long length) =>
        IsFileRange ? new Piece(Offset + from, length) : new Piece(Bytes.Slice((int)from, (int)length));
}
