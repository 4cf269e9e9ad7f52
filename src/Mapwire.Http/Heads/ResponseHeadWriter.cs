using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mapwire.Http.Heads;

/// <summary>Writes the head of an answer: a status line, field lines and the empty line (RFC 9112, sections 4 and 5).</summary>
/// <remarks>
/// No value can split a head: each is checked before a byte of its line is written, and what is no visible ASCII, space or tab is an
/// <see cref="ArgumentException"/>. Nothing is allocated beyond what the output does. What does not belong together is the caller's to
/// know, such as
/// one Content-Length.
/// </remarks>
public readonly ref struct ResponseHeadWriter
{
    private readonly IBufferWriter<byte> _output;

    /// <summary>Begins a head with its status line.</summary>
    /// <param name="output">Where to; nothing but this writer may write there until <see cref="End"/>.</param>
    /// <param name="status">A status code that <see cref="GetReasonPhrase"/> knows.</param>
    /// <exception cref="ArgumentException">It is not known.</exception>
    public ResponseHeadWriter(IBufferWriter<byte> output, int status)
    {
        if (GetReasonPhrase(status) is not { } phrase)
        {
            throw new ArgumentException($"status must be one that is answered here (was {status})", nameof(status));
        }

        // status-line = HTTP-version SP status-code SP [ reason-phrase ]
        _output = output;
        Append("HTTP/1.1 "u8);
        AppendNumber(status);
        Append(" "u8);
        AppendAscii(phrase);
        Append("\r\n"u8);
    }

    /// <summary>
    /// The reason phrase of a status code (RFC 9110, section 15; RFC 6585 for 429 and 431); null for one that is never answered.
    /// </summary>
    public static string? GetReasonPhrase(int status) => status switch
    {
        101 => "Switching Protocols",
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => null,
    };

    /// <summary>Writes a field line.</summary>
    /// <param name="name">A token.</param>
    /// <param name="value">Visible ASCII, with spaces and tabs inside only; may be empty.</param>
    /// <exception cref="ArgumentException">Another character is in one of them; nothing was written of the line.</exception>
    public void Write(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        CheckName(name);
        int wrong = value.IndexOfAnyExcept(HeadCharacters.Line);
        if (wrong >= 0 || HeadCharacters.Trim(value).Length != value.Length)
        {
            throw WrongValue(name, wrong, wrong < 0 ? 0 : value[wrong]);
        }

        AppendName(name);
        Append(value);
        Append("\r\n"u8);
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    public void Write(ReadOnlySpan<byte> name, ReadOnlySpan<char> value)
    {
        CheckName(name);
        for (int i = 0; i < value.Length; i++)
        {
            bool isBlank = value[i] is ' ' or '\t';
            if (value[i] is not (>= '!' and <= '~') && !(isBlank && i > 0 && i < value.Length - 1))
            {
                throw WrongValue(name, isBlank ? -1 : i, value[i]);
            }
        }

        AppendName(name);
        AppendAscii(value);
        Append("\r\n"u8);
    }

    /// <summary>Writes a field line with a decimal number.</summary>
    /// <param name="name">A token.</param>
    /// <param name="value">The number; not negative.</param>
    /// <exception cref="ArgumentException">The name is no token, or the number is negative.</exception>
    public void Write(ReadOnlySpan<byte> name, long value)
    {
        CheckName(name);
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        AppendName(name);
        AppendNumber(value);
        Append("\r\n"u8);
    }

    /// <summary>Writes a field line with a date as an IMF-fixdate (RFC 9110, section 5.6.7).</summary>
    /// <param name="name">A token.</param>
    /// <param name="value">The time; what is below a second is left out.</param>
    /// <exception cref="ArgumentException">The name is no token.</exception>
    public void Write(ReadOnlySpan<byte> name, DateTimeOffset value)
    {
        CheckName(name);
        AppendName(name);
        HttpDate.Write(value, _output.GetSpan(HttpDate.Length));
        _output.Advance(HttpDate.Length);
        Append("\r\n"u8);
    }

    /// <summary>Writes the empty line; the body follows.</summary>
    public void End() => Append("\r\n"u8);

    private static void CheckName(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || name.ContainsAnyExcept(HeadCharacters.Token))
        {
            throw new ArgumentException("a field name must be a token: letters, digits and !#$%&'*+-.^_`|~", nameof(name));
        }
    }

    private static ArgumentException WrongValue(ReadOnlySpan<byte> name, int index, int character)
    {
        string what = index < 0
            ? "must not begin or end with white space"
            : string.Create(CultureInfo.InvariantCulture, $"must be visible ASCII (was U+{character:X4} at index {index})");
        return new ArgumentException($"the value of {Encoding.ASCII.GetString(name)} {what}");
    }

    private void AppendName(ReadOnlySpan<byte> name)
    {
        Append(name);
        Append(": "u8);
    }

    private void Append(ReadOnlySpan<byte> bytes) => _output.Write(bytes);

    private void AppendAscii(ReadOnlySpan<char> text) =>
        _output.Advance(Encoding.ASCII.GetBytes(text, _output.GetSpan(Math.Max(1, text.Length))));

    private void AppendNumber(long number)
    {
        const int MaxDigits = 20;
        number.TryFormat(_output.GetSpan(MaxDigits), out int count, default, CultureInfo.InvariantCulture);
        _output.Advance(count);
    }
}
