namespace Mapwire.Server.Catalog;

/// <summary>A title that cannot be played, with the reason in words for its user.</summary>
public sealed class TitleException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TitleException(TitleError error, string message, Exception? inner = null)
        : base(message, inner) => Error = error;

    /// <summary>What kind of reason it is.</summary>
    public TitleError Error { get; }
}
