namespace Mapwire.Server.Catalog;

/// <summary>Why a title cannot be played.</summary>
public enum TitleError
{
    /// <summary>The name leads to no file of the served folder.</summary>
    NotFound,

    /// <summary>What is in the file cannot be played, now or later.</summary>
    NotPlayable,

    /// <summary>The file could not be opened or read this time.</summary>
    Unreadable,

    /// <summary>The server has as much open as it may.</summary>
    Unavailable,
}
