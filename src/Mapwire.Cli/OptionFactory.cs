using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;
using Mapwire.Server;

namespace Mapwire.Cli;

/// <summary>Options with a unit, whose faults are told in the command's words and with the value that was given.</summary>
internal static partial class OptionFactory
{
    /// <summary>An option in seconds.</summary>
    public static Option<double> Seconds(string name, string description, double value) =>
        Create(name, description, "SECONDS", "seconds such as 2.5", ParseDouble, _ => value);

    /// <summary>An option in seconds that may be left out.</summary>
    public static Option<double?> OptionalSeconds(string name, string description) =>
        Create<double?>(name, description, "SECONDS", "seconds such as 2.5", static text => ParseDouble(text));

    /// <summary>An option that counts something.</summary>
    public static Option<int> Count(string name, string description, int value) =>
        Create(name, description, "N", "a whole number", ParseInt, _ => value);

    /// <summary>A number of bytes.</summary>
    public static Option<int> Bytes(string name, string description, int value) =>
        Create(name, description, "BYTES", "a whole number of bytes", ParseInt, _ => value);

    /// <summary>A number of bytes that may be left out.</summary>
    public static Option<int?> OptionalBytes(string name, string description) =>
        Create<int?>(name, description, "BYTES", "a whole number of bytes", static text => ParseInt(text));

    /// <summary>A number of bytes that may be left out and need not fit into 32 bits.</summary>
    public static Option<long?> OptionalLongBytes(string name, string description) =>
        Create<long?>(name, description, "BYTES", "a whole number of bytes", static text => ParseLong(text));

    /// <summary>A number of bytes that need not fit into 32 bits.</summary>
    public static Option<long> LongBytes(string name, string description, long value) =>
        Create(name, description, "BYTES", "a whole number of bytes", ParseLong, _ => value);

    /// <summary>An option with a reader of its own.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="description">A sentence for the help.</param>
    /// <param name="unit">What stands for the value in the help.</param>
    /// <param name="takes">What the value has to be, for the message.</param>
    /// <param name="parse">Reads the value; throws a <see cref="FormatException"/> or an <see cref="OverflowException"/> where it is
    /// none.</param>
    /// <param name="value">The default; null for none.</param>
    public static Option<T> Create<T>(
        string name, string description, string unit, string takes, Func<string, T> parse, Func<ArgumentResult, T>? value = null) =>
            new(name)
            {
                Description = description,
                HelpName = unit,
                DefaultValueFactory = value,
                CustomParser = given =>
                {
                    string text = given.Tokens[0].Value;
                    try
                    {
                        return parse(text);
                    }
                    catch (Exception exception) when (exception is FormatException or OverflowException)
                    {
                        given.AddError($"{name} must be {takes} (was '{text}')");
                        return default!;
                    }
                },
            };

    /// <summary>An option with a reader of its own that may be given more than once.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="description">A sentence for the help.</param>
    /// <param name="unit">What stands for a value in the help.</param>
    /// <param name="takes">What a value has to be, for the message.</param>
    /// <param name="parse">Reads one value; throws a <see cref="FormatException"/> or an <see cref="OverflowException"/> where it is
    /// none.</param>
    /// <param name="values">The default.</param>
    public static Option<T[]> CreateList<T>(string name, string description, string unit, string takes, Func<string, T> parse,
        T[] values) => new(name)
        {
            Description = description,
            HelpName = unit,
            DefaultValueFactory = _ => values,
            CustomParser = given =>
            {
                List<T> read = [];
                foreach (Token token in given.Tokens)
                {
                    try
                    {
                        read.Add(parse(token.Value));
                    }
                    catch (Exception exception) when (exception is FormatException or OverflowException)
                    {
                        given.AddError($"{name} must be {takes} (was '{token.Value}')");
                        break;
                    }
                }

                return [.. read];
            },
        };

    /// <summary>A library's message about one of its properties, in the command's words.</summary>
    /// <param name="exception">Names the property, in its message too.</param>
    /// <param name="parsed">The command as it was given: its value is told as it was typed, not as the library rounds it.</param>
    /// <param name="find">Gives the option that sets a property; null where there is none.</param>
    public static string Translate(ArgumentException exception, ParseResult parsed, Func<string, Option?> find)
    {
        string message = exception.Message.Replace($" (Parameter '{exception.ParamName}')", "", StringComparison.Ordinal);
        if (exception.ParamName is not { } property || find(property) is not { } option)
        {
            return message;
        }

        int value = message.LastIndexOf(" (was ", StringComparison.Ordinal);
        string rule = PropertyName().Replace(value >= 0 ? message[..value] : message, word => find(word.Value)?.Name ?? word.Value);
        string unit = option.HelpName switch
        {
            "SECONDS" => " s",
            "MS" => " ms",
            _ => "",
        };
        return value >= 0 && message.EndsWith(')') && parsed.GetResult(option) is { Tokens: [var typed] }
            ? $"{rule} (was {(typed.Value.Length == 0 ? "''" : TerminalText.Clean(typed.Value))}{unit})"
            : value >= 0 ? rule + message[value..]
            : rule;
    }

    [GeneratedRegex(@"\b[A-Z][A-Za-z]+\b", RegexOptions.CultureInvariant)]
    private static partial Regex PropertyName();

    private static double ParseDouble(string text) =>
        double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) is var number && double.IsFinite(number)
        && Math.Abs(number) < TimeSpan.MaxValue.TotalSeconds
            ? number
            : throw new FormatException();

    private static int ParseInt(string text) => int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static long ParseLong(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
