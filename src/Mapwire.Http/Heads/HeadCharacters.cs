using System.Buffers;

namespace Mapwire.Http.Heads;

/// <summary>The character classes of RFC 9110, section 5.6 and RFC 3986 that heads are made of.</summary>
internal static class HeadCharacters
{
    private const string Alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>tchar (RFC 9110, section 5.6.2).</summary>
    public static readonly SearchValues<byte> Token = Of(Alphanumeric + "!#$%&'*+-.^_`|~");

    /// <summary>VCHAR, SP and HTAB: what a line consists of (RFC 9110, section 5.5, without obs-text).</summary>
    public static readonly SearchValues<byte> Line =
        SearchValues.Create([.. "\t"u8, .. Enumerable.Range(' ', '~' - ' ' + 1).Select(static value => (byte)value)]);

    /// <summary>pchar, '/', '?' and '%' (RFC 3986, sections 3.3 and 3.4).</summary>
    public static readonly SearchValues<byte> Target = Of(Alphanumeric + "-._~!$&'()*+,;=:@/?%");

    /// <summary>What host names and IPv4 addresses consist of in practice; RFC 3986's reg-name has more.</summary>
    public static readonly SearchValues<byte> HostName = Of(Alphanumeric + "-._~");

    /// <summary>HEXDIG, in either case.</summary>
    public static readonly SearchValues<byte> HexadecimalDigits = Of("0123456789abcdefABCDEF");

    /// <summary>DIGIT.</summary>
    public static readonly SearchValues<byte> Digits = Of("0123456789");

    /// <summary>Without the white space (OWS) at its ends.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value) => value.Trim(" \t"u8);

    private static SearchValues<byte> Of(string characters) => SearchValues.Create(System.Text.Encoding.ASCII.GetBytes(characters));
}
