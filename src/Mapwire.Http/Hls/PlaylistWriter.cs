using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mapwire.Http.Hls;

/// <summary>
/// Lines and attribute lists of a playlist (RFC 8216, sections 4.1 and 4.2): UTF-8, LF, and nothing that breaks out of its place.
/// </summary>
internal sealed class PlaylistWriter
{
    /// <summary>The version of the protocol that has all but partial segments (RFC 8216, section 7).</summary>
    public const int Version = 7;

    /// <summary>The version with partial segments and playlist delta updates (draft-pantos-hls-rfc8216bis, section 8).</summary>
    public const int LowLatencyVersion = 9;

    /// <summary>What a URI consists of (RFC 3986, appendix A); everything else has to be percent-encoded.</summary>
    private static readonly SearchValues<char> UriCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%");

    private static readonly SearchValues<char> QuotedBreakers = SearchValues.Create("\"\r\n\0");

    private readonly StringBuilder _text = new();
    private bool _hasAttribute;

    /// <summary>Begins a playlist with its first two lines.</summary>
    /// <param name="version">Of the protocol.</param>
    public PlaylistWriter(int version = Version)
    {
        _text.Append("#EXTM3U\n");
        Tag("EXT-X-VERSION", version);
    }

    /// <summary>A tag without a value.</summary>
    public void Tag(string name) => _text.Append('#').Append(name).Append('\n');

    /// <summary>A tag with a decimal-integer.</summary>
    public void Tag(string name, long value) => Tag(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>A tag with a text that was made here.</summary>
    public void Tag(string name, string value) => _text.Append('#').Append(name).Append(':').Append(value).Append('\n');

    /// <summary>A line that is a URI.</summary>
    /// <exception cref="ArgumentException">It is none, or it would be read as a comment.</exception>
    public void Uri(string uri)
    {
        CheckUri(uri);
        _text.Append(uri).Append('\n');
    }

    /// <summary>Begins a tag with an attribute list.</summary>
    public void BeginAttributes(string tag)
    {
        _text.Append('#').Append(tag).Append(':');
        _hasAttribute = false;
    }

    /// <summary>Ends a tag with an attribute list.</summary>
    public void EndAttributes() => _text.Append('\n');

    /// <summary>A decimal-integer, decimal-resolution or enumerated-string that was made here.</summary>
    public void Attribute(string name, string value)
    {
        _text.Append(_hasAttribute ? "," : "").Append(name).Append('=').Append(value);
        _hasAttribute = true;
    }

    /// <summary>A decimal-integer; left out when null.</summary>
    public void Number(string name, long? value)
    {
        if (value is { } number)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(number, name);
            Attribute(name, number.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>A decimal-floating-point of seconds, to the ticks of a <see cref="TimeSpan"/>.</summary>
    public void Seconds(string name, TimeSpan value) => Attribute(name, SecondsOf(value));

    /// <summary>Seconds as a decimal: ticks of 100 ns are seven decimals, written whole, so that times add up.</summary>
    public static string SecondsOf(TimeSpan value) =>
        ((decimal)value.Ticks / TimeSpan.TicksPerSecond).ToString("0.000####", CultureInfo.InvariantCulture);

    /// <summary>A decimal-resolution; left out when null.</summary>
    public void Resolution(string name, (int Width, int Height)? value)
    {
        if (value is { } size)
        {
            Attribute(name, string.Create(CultureInfo.InvariantCulture, $"{size.Width}x{size.Height}"));
        }
    }

    /// <summary>A quoted-string that is a name for machines, such as a group or a codec; left out when null.</summary>
    /// <exception cref="ArgumentException">It has a quote or line break: there is no escape for them (RFC 8216, section 4.2).</exception>
    public void Quoted(string name, string? value)
    {
        if (value is not null)
        {
            if (value.AsSpan().ContainsAny(QuotedBreakers))
            {
                throw new ArgumentException($"{name} must have no quote, line break or NUL", name);
            }

            Attribute(name, $"\"{value}\"");
        }
    }

    /// <summary>
    /// A quoted-string for people, such as a track's name out of a file: what cannot stand there becomes what looks like it.
    /// </summary>
    public void QuotedText(string name, string value) =>
        Quoted(name, string.Concat(value.Select(static c => c == '"' ? '\'' : char.IsControl(c) ? ' ' : c)));

    /// <summary>A quoted-string that is a URI; left out when null.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public void QuotedUri(string name, string? uri)
    {
        if (uri is not null)
        {
            CheckUri(uri);
            Attribute(name, $"\"{uri}\"");
        }
    }

    /// <summary>Writes all of it as UTF-8.</summary>
    /// <remarks>At once: a chunk of the builder may end inside a character of two code units.</remarks>
    public void CopyTo(IBufferWriter<byte> output) => Encoding.UTF8.GetBytes(_text.ToString(), output);

    private static void CheckUri(string uri)
    {
        if (uri.Length == 0 || uri[0] == '#' || uri.AsSpan().ContainsAnyExcept(UriCharacters))
        {
            throw new ArgumentException("a URI of a playlist must be percent-encoded, not empty and not begin with '#'", nameof(uri));
        }
    }
}
