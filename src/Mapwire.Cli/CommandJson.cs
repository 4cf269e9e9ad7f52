using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Mapwire.Cli;

/// <summary>
/// How the command writes JSON: readable (no \u0027 for an apostrophe, which only HTML needs), by code that is generated at build time.
/// </summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProbedFile))]
[JsonSerializable(typeof(ProbedList))]
[JsonSerializable(typeof(object))]
[JsonSerializable(typeof(IReadOnlyList<object>))]
[JsonSerializable(typeof(ServersJson))]
[JsonSerializable(typeof(PagesJson))]
[JsonSerializable(typeof(ArenaJson))]
internal sealed partial class CommandJson : JsonSerializerContext
{
    /// <summary>Several lines, for people who look at it too.</summary>
    public static CommandJson Indented { get; } = new(WithLayout(indented: true));

    /// <summary>One line an object, for programs that read objects as they come.</summary>
    public static CommandJson Lines { get; } = new(WithLayout(indented: false));

    /// <summary>Writes a value on standard output, and the end of the line.</summary>
    public static void Print<T>(T value, JsonTypeInfo<T> type)
    {
        using Stream output = StandardStreams.OpenOutput();
        JsonSerializer.Serialize(output, value, type);
        output.Write("\n"u8);
    }

    private static JsonSerializerOptions WithLayout(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = indented,
    };
}
