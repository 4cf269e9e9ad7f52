namespace Mapwire.Fuzzing;

/// <summary>A case broke a promise. The message names the file that holds the smallest form of it that was found.</summary>
public sealed class BrokenPromiseException : Exception
{
    /// <summary>Describes the failure.</summary>
    public BrokenPromiseException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
