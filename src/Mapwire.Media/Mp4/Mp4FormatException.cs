namespace Mapwire.Media.Mp4;

/// <summary>A file is not the MP4 it claims to be. The message says what is wrong, in which box and at which offset.</summary>
public sealed class Mp4FormatException : MediaFormatException
{
    /// <summary>Describes a malformed file.</summary>
    /// <param name="error">The kind of fault.</param>
    /// <param name="box">The type of the box that it is in.</param>
    /// <param name="offset">Of the byte that is wrong, or else of the box, in the file.</param>
    /// <param name="reason">What is wrong, a clause without a full stop.</param>
    public Mp4FormatException(Mp4Error error, string box, long offset, string reason)
        : this(error, box, offset, reason, null)
    {
    }

    private Mp4FormatException(Mp4Error error, string box, long offset, string reason, string? limit)
        : base(new FileLocation(error == Mp4Error.NotMedia ? "start of the file" : $"box '{box}'", offset), reason, limit)
    {
        Error = error;
        Box = box;
    }

    /// <summary>The kind of fault.</summary>
    public Mp4Error Error { get; }

    /// <summary>The type of the box that is wrong.</summary>
    public string Box { get; }

    /// <summary>Describes a file with more of something than is allowed.</summary>
    /// <param name="box">The type of the box that it is in.</param>
    /// <param name="offset">Of the box, or of what is in it.</param>
    /// <param name="what">What there is too much of, with its number.</param>
    /// <param name="limit">The property of <see cref="MediaLimits"/> that forbids it.</param>
    /// <param name="most">Its value.</param>
    internal static Mp4FormatException TooMuch(string box, long offset, string what, string limit, long most) =>
        new(Mp4Error.LimitExceeded, box, offset, TooMuch(what, limit, most), limit);
}
