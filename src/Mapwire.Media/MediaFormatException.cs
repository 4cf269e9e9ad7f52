namespace Mapwire.Media;

/// <summary>A file is not what it claims to be. The message says what is wrong and where; see the two kinds for more.</summary>
public abstract class MediaFormatException : Exception
{
    private protected MediaFormatException(FileLocation place, string reason, string? limit)
        : base($"{reason} ({place})") => (Place, Reason, Limit) = (place, reason, limit);

    /// <summary>The byte that is wrong, or else what holds it.</summary>
    public FileLocation Place { get; }

    /// <summary>The offset in the file of <see cref="Place"/>.</summary>
    public long Offset => Place.Offset;

    /// <summary>What is wrong, a clause without a full stop, without the place.</summary>
    public string Reason { get; }

    /// <summary>The property of <see cref="MediaLimits"/> that would have to be larger; null when nothing is too large.</summary>
    public string? Limit { get; }

    private protected static string TooMuch(string what, string limit, long most) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{what}, more than the limit of {most} ({limit})");
}
