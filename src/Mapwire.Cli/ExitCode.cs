namespace Mapwire.Cli;

/// <summary>What the command returns to the shell.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>The work was tried and did not succeed, as with a file that cannot be played.</summary>
    public const int Failure = 1;

    /// <summary>The words of the command are wrong, or what they name is not there.</summary>
    public const int Wrong = 2;

    /// <summary>Says in one line what is wrong with the command.</summary>
    /// <returns><see cref="Wrong"/>.</returns>
    public static int Misuse(string message)
    {
        Output.TryWriteError(message);
        return Wrong;
    }
}
