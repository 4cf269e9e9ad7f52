namespace Mapwire.Cli;

/// <summary>By what players and titles are sorted on the screen.</summary>
internal enum TopSort
{
    /// <summary>The most a second first.</summary>
    Rate,

    /// <summary>The most sent first.</summary>
    Bytes,

    /// <summary>Who has least in hand first.</summary>
    Lead,

    /// <summary>The most stalls first.</summary>
    Stalls,

    /// <summary>By title, then peer.</summary>
    Title,

    /// <summary>By peer.</summary>
    Peer,
}
