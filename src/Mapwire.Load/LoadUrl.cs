using System.Globalization;
using System.Text.RegularExpressions;

namespace Mapwire.Load;

/// <summary>Where a player goes.</summary>
/// <param name="Host">A name or an address; of IPv6 without brackets.</param>
/// <param name="Port">The TCP port.</param>
public abstract partial record LoadUrl(string Host, int Port)
{
    /// <summary>Puts numbers in the place of ranges: <c>{0..199}</c> stands for 200 numbers that players take in turn.</summary>
    /// <param name="text">A name or a path; it is given back where it has no range.</param>
    /// <param name="turn">Whose turn it is, from 0.</param>
    protected static string PickNumbers(string text, int turn) => !text.Contains('{', StringComparison.Ordinal) ? text
        : NumberRange().Replace(text, found =>
        {
            int first = int.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            int last = int.Parse(found.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
            return last < first ? found.Value : (first + (turn % (last - first + 1))).ToString(CultureInfo.InvariantCulture);
        });

    [GeneratedRegex(@"\{(\d{1,6})\.\.(\d{1,6})\}")]
    private static partial Regex NumberRange();
}
