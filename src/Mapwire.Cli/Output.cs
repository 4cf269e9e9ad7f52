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
        catch (IOException exception)
        {
            TryWriteError($"standard output cannot be written: {exception.Message}");
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
        catch (IOException)
        {
            // Nowhere is left to say it.
        }
    }
}
