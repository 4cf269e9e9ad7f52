namespace Mapwire.Media.Flv;

/// <summary>Bytes are not the FLV that they should be. The message says what is wrong, in which tag and at which offset.</summary>
public sealed class FlvFormatException : MediaFormatException
{
    /// <summary>Describes a malformed tag whose file is not known.</summary>
    /// <param name="error">The kind of fault.</param>
    /// <param name="offset">Of the byte that is wrong, in the tag's body.</param>
    /// <param name="reason">What is wrong, a clause without a full stop.</param>
    public FlvFormatException(FlvError error, long offset, string reason)
        : this(error, new FileLocation("tag body", offset), reason)
    {
    }

    internal FlvFormatException(FlvError error, FileLocation place, string reason, string? limit = null)
        : base(place, reason, limit) => Error = error;

    /// <summary>The kind of fault.</summary>
    public FlvError Error { get; }

    internal static FlvFormatException TooMuch(FileLocation place, string what, string limit, long most) =>
        new(FlvError.LimitExceeded, place, TooMuch(what, limit, most), limit);
}

/// <summary>What is wrong with FLV bytes.</summary>
public enum FlvError
{
    /// <summary>The file's or a tag's header is not one.</summary>
    BadHeader,

    /// <summary>A tag's body has a header that is not defined.</summary>
    BadTagHeader,

    /// <summary>A codec configuration is malformed.</summary>
    BadCodecConfiguration,

    /// <summary>There is more than the limits allow.</summary>
    LimitExceeded,
}
