namespace Mapwire.Cli;

/// <summary>Lines of a command that goes on where they cannot be written, as on a full disk.</summary>
internal static class Output
{
    /// <summary>Writes a line on standard output; where that fails, says so once on standard error if it can.</summary>
    /// <returns>Whether it was written.</returns>
    public static bool TryWriteLine(string line)
    {
        try
        {
            Console.WriteLine(line);
            return true;
        }
        catch (Exception exception) when (IsWriteFault(exception))
        {
            TryWriteError($"standard output cannot be written: {ReasonOf(exception)}");
            return false;
        }
    }

    /// <summary>Writes one line on standard error, after the program's name.</summary>
    public static void TryWriteError(string message)
    {
        try
        {
            Console.Error.WriteLine("mapwire: " + message.ReplaceLineEndings(" "));
        }
        catch (Exception exception) when (IsWriteFault(exception))
        {
            // Nowhere is left to say it.
        }
    }

    /// <summary>
    /// Whether a stream could not be written: a full disk, or a number that is closed or open for reading only, which .NET takes for a
    /// missing right, or a file that would be larger than files may be, which .NET takes for a wrong argument of its own.
    /// </summary>
    public static bool IsWriteFault(Exception exception) =>
        exception is (IOException and not FileNotFoundException) or UnauthorizedAccessException
            or ArgumentOutOfRangeException { ParamName: "value" };

    /// <summary>What the system said of it.</summary>
    public static string ReasonOf(Exception exception) =>
        exception is UnauthorizedAccessException { InnerException: IOException inner } ? inner.Message : exception.Message;
}
