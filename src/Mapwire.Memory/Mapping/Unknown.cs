namespace Mapwire.Memory;

/// <summary>The exception for a number that is no value of its enum.</summary>
internal static class Unknown
{
    public static ArgumentOutOfRangeException Value<T>(string parameter, T value) where T : struct, Enum =>
        new(parameter, value, $"Unknown {typeof(T).Name} value.");
}
