namespace Mapwire.Server.Catalog;

/// <summary>One item of a <see cref="PlaylistReport"/>.</summary>
public sealed class PlaylistItemReport
{
    /// <summary>The item's number in its list, from 1.</summary>
    public int Number { get; internal init; }

    /// <summary>The name as the list has it.</summary>
    public string Name { get; internal init; } = "";

    /// <summary>Where the list names it: <c>line 3 at offset 40</c>.</summary>
    public string Place { get; internal init; } = "";

    /// <summary>Where it begins in its recording; zero when it is refused.</summary>
    public TimeSpan In { get; internal init; }

    /// <summary>Where it ends in its recording; zero when it is refused.</summary>
    public TimeSpan Out { get; internal init; }

    /// <summary>Why it is refused; null when it plays, be it only for players that offer its codecs (Enhanced RTMP).</summary>
    public string? Refusal { get; internal init; }

    /// <summary>Why it is refused to players that offer no codecs; null when it is not.</summary>
    public string? PlainRefusal { get; internal init; }
}
