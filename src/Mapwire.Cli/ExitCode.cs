namespace Mapwire.Cli;

/// <summary>
/// What every command returns to the shell. A line that would have to be written otherwise is <see cref="Wrong"/>; one that may succeed as
/// it is, at another time or beside other things, is <see cref="Failure"/>.
/// </summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>
    /// The work was begun and did not succeed: a file cannot be played, a port is taken, a server does not answer, a file is there already.
    /// </summary>
    public const int Failure = 1;

    /// <summary>
    /// The words of the command are wrong, or a file, folder, process or server that they name is not on this machine or cannot be used for
    /// that. Nothing was begun.
    /// </summary>
    public const int Wrong = 2;

    /// <summary>Says in one line what is wrong with the command.</summary>
    /// <returns><see cref="Wrong"/>.</returns>
    public static int Misuse(string message)
    {
        Output.TryWriteError(message);
        return Wrong;
    }

    /// <summary>Says in one line why the work did not succeed.</summary>
    /// <returns><see cref="Failure"/>.</returns>
    public static int Fail(string message)
    {
        Output.TryWriteError(message);
        return Failure;
    }
}
