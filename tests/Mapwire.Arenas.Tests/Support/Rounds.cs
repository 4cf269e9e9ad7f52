using System.Globalization;

namespace Mapwire.Arenas.Tests.Support;

/// <summary>How often a test of chance repeats: what the suite has time for, or what an environment variable says.</summary>
internal static class Rounds
{
    public static int Of(string variable, int usual) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : usual;
}
