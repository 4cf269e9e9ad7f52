using Mapwire.Memory;

namespace Mapwire.Server.Files;

/// <summary>A title that cannot be played, with the reason in words for its user.</summary>
public sealed class TitleException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TitleException(TitleError error, string message, Exception? inner = null)
        : base(message, inner) => Error = error;

    /// <summary>A file could not be opened or read this time.</summary>
    /// <param name="path">The file's.</param>
    /// <param name="fault">What the system says.</param>
    internal static TitleException Unreadable(string path, Exception fault) => fault is UnmappableFileException
        ? new(TitleError.NotPlayable, "it is a pipe, a socket or a folder and no file", fault) // and is one the next time, too
        : new(TitleError.Unreadable, WithoutFolder(fault.Message, path), fault);

    /// <summary>What the system says of a file, for players: it names the whole path, which is nobody else's matter.</summary>
    internal static string WithoutFolder(string message, string path) =>
        message.Replace(Path.GetFullPath(path), Path.GetFileName(path), StringComparison.Ordinal) // as .NET tells it
            .Replace(path, Path.GetFileName(path), StringComparison.Ordinal);

    /// <summary>What kind of reason it is.</summary>
    public TitleError Error { get; }
}

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
