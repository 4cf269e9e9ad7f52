namespace Mapwire.Media;

/// <summary>A file is not what it claims to be. The message says what is wrong and where; see the two kinds for more.</summary>
public abstract class MediaFormatException : Exception
{
    private protected MediaFormatException(long offset, string reason, string message)
        : base(message) => (Offset, Reason) = (offset, reason);

    /// <summary>The offset in the file of the byte that is wrong, or else of what holds it.</summary>
    public long Offset { get; }

    /// <summary>What is wrong, a clause without a full stop, without the place.</summary>
    public string Reason { get; }
}
