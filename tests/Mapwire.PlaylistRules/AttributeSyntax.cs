using System.Text.RegularExpressions;

namespace Mapwire.PlaylistRules;

/// <summary>Attribute lists (RFC 8216, section 4.2): what they are made of, and the type of every attribute that is known.</summary>
internal static partial class AttributeSyntax
{
    private const string Integer = "[0-9]{1,20}";
    private const string Float = @"[0-9]+(\.[0-9]+)?";
    private const string SignedFloat = "-?" + Float;
    private const string Quoted = "\"[^\"\r\n]*\"";
    private const string Enumerated = "[^\",\\s]+";
    private const string Hexadecimal = "0[xX][0-9A-F]+";

    private static readonly Dictionary<string, string> Patterns = new(StringComparer.Ordinal)
    {
        ["BANDWIDTH"] = Integer,
        ["AVERAGE-BANDWIDTH"] = Integer,
        ["CODECS"] = Quoted,
        ["RESOLUTION"] = "[0-9]+x[0-9]+",
        ["FRAME-RATE"] = Float,
        ["HDCP-LEVEL"] = "TYPE-0|NONE",
        ["VIDEO-RANGE"] = "SDR|HLG|PQ", // of the second edition
        ["AUDIO"] = Quoted,
        ["VIDEO"] = Quoted,
        ["SUBTITLES"] = Quoted,
        ["CLOSED-CAPTIONS"] = Quoted + "|NONE",
        ["TYPE"] = Enumerated,
        ["URI"] = Quoted,
        ["GROUP-ID"] = Quoted,
        ["LANGUAGE"] = Quoted,
        ["ASSOC-LANGUAGE"] = Quoted,
        ["NAME"] = Quoted,
        ["DEFAULT"] = Enumerated,
        ["AUTOSELECT"] = Enumerated,
        ["FORCED"] = Enumerated,
        ["INSTREAM-ID"] = Quoted,
        ["CHARACTERISTICS"] = Quoted,
        ["CHANNELS"] = Quoted,
        ["METHOD"] = Enumerated,
        ["IV"] = Hexadecimal,
        ["KEYFORMAT"] = Quoted,
        ["KEYFORMATVERSIONS"] = Quoted,
        ["BYTERANGE"] = Quoted,
        ["ID"] = Quoted,
        ["CLASS"] = Quoted,
        ["START-DATE"] = Quoted,
        ["END-DATE"] = Quoted,
        ["DURATION"] = SignedFloat, // a negative one breaks another rule
        ["PLANNED-DURATION"] = SignedFloat,
        ["END-ON-NEXT"] = Enumerated,
        ["DATA-ID"] = Quoted,
        ["VALUE"] = Quoted,
        ["TIME-OFFSET"] = SignedFloat,
        ["PRECISE"] = "YES|NO",
        ["PART-TARGET"] = Float, // this and what follows: draft-pantos-hls-rfc8216bis-22
        ["CAN-SKIP-UNTIL"] = Float,
        ["CAN-SKIP-DATERANGES"] = "YES",
        ["HOLD-BACK"] = Float,
        ["PART-HOLD-BACK"] = Float,
        ["CAN-BLOCK-RELOAD"] = "YES",
        ["INDEPENDENT"] = "YES",
        ["GAP"] = "YES",
        ["BYTERANGE-START"] = Integer,
        ["BYTERANGE-LENGTH"] = Integer,
        ["LAST-MSN"] = Integer,
        ["LAST-PART"] = Integer,
        ["SKIPPED-SEGMENTS"] = Integer,
        ["RECENTLY-REMOVED-DATERANGES"] = Quoted,
    };

    private static readonly Dictionary<string, Regex> Types =
        Patterns.ToDictionary(static pair => pair.Key, static pair => new Regex($"^(?:{pair.Value})\\z"), StringComparer.Ordinal);

    /// <summary>Splits a list.</summary>
    /// <param name="text">What stands behind the tag's colon.</param>
    /// <param name="report">Told the rule and what broke it.</param>
    /// <returns>The values by their names; quoted ones without their quotes.</returns>
    public static Dictionary<string, string> Split(string text, Action<string, string> report)
    {
        Dictionary<string, string> attributes = new(StringComparer.Ordinal);
        int at = 0;
        while (at < text.Length)
        {
            Match match = AttributePattern().Match(text, at);
            if (!match.Success)
            {
                report("4.2 syntax", text[at..]);
                break;
            }

            if (match.Groups["comma"].Success && at + match.Length == text.Length)
            {
                report("4.2 syntax", "a comma at the end");
            }

            (string name, string value) = (match.Groups["name"].Value, match.Groups["value"].Value);
            if (Types.TryGetValue(name, out Regex? type) && !type.IsMatch(value))
            {
                report("4.2 type", $"{name}={value}");
            }

            if (!attributes.TryAdd(name, value is ['"', .. var inner, '"'] ? inner : value))
            {
                report("4.2 once", name);
            }

            at += match.Length;
        }

        return attributes;
    }

    [GeneratedRegex("\\G(?<name>[A-Z0-9-]+)=(?<value>\"[^\"\\r\\n]*\"|[^\",\\s]+)(?:(?<comma>,)|\\z)")]
    private static partial Regex AttributePattern();
}
