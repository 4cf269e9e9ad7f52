using System.Buffers.Text;
using System.Text;
using Mapwire.Http.Heads;

namespace Mapwire.Http.Conditional;

/// <summary>How a representation is compressed (RFC 9110, section 8.4.1).</summary>
public enum ContentCoding
{
    /// <summary>It is not.</summary>
    Identity,

    /// <summary><c>gzip</c> (RFC 1952).</summary>
    Gzip,

    /// <summary><c>br</c> (RFC 7932).</summary>
    Brotli,
}

/// <summary>Chooses among content codings by what a request accepts.</summary>
public static class ContentCodings
{
    private const int MaxQuality = 1000;

    /// <summary>The name of a coding in fields.</summary>
    public static string NameOf(ContentCoding coding) => coding switch
    {
        ContentCoding.Gzip => "gzip",
        ContentCoding.Brotli => "br",
        _ => "identity",
    };

    /// <summary>
    /// Chooses by all Accept-Encoding lines of a request: what it values most, of equals the one that compresses most. Who accepts nothing
    /// of it gets the representation as it is (RFC 9110, section 12.5.3 lets a server do that).
    /// </summary>
    public static ContentCoding Choose(in RequestHead head)
    {
        Qualities found = new();
        foreach (FieldLines line in head.Fields)
        {
            if (Ascii.EqualsIgnoreCase(line.Name, "Accept-Encoding"u8))
            {
                found.Read(line.Value);
            }
        }

        return found.Best;
    }

    /// <summary>What the request values each coding at, in thousandths.</summary>
    private struct Qualities
    {
        private int? _identity;
        private int? _gzip;
        private int? _brotli;
        private int? _others;

        public Qualities()
        {
        }

        public readonly ContentCoding Best
        {
            get
            {
                int gzip = _gzip ?? _others ?? 0;
                int brotli = _brotli ?? _others ?? 0;
                int identity = _identity ?? 0; // where it is not named it comes last
                return Math.Max(gzip, brotli) is 0 || identity > Math.Max(gzip, brotli) ? ContentCoding.Identity
                    : brotli >= gzip ? ContentCoding.Brotli
                    : ContentCoding.Gzip;
            }
        }

        public void Read(ReadOnlySpan<byte> value)
        {
            // Accept-Encoding = #( codings [ weight ] ); weight = OWS ";" OWS "q=" qvalue (RFC 9110, sections 12.5.3 and 12.4.2)
            foreach (Range range in value.Split((byte)','))
            {
                ReadOnlySpan<byte> element = value[range];
                int semicolon = element.IndexOf((byte)';');
                ReadOnlySpan<byte> name = HeadCharacters.Trim(semicolon < 0 ? element : element[..semicolon]);
                int quality = semicolon < 0 ? MaxQuality : QualityOf(HeadCharacters.Trim(element[(semicolon + 1)..]));
                if (Ascii.EqualsIgnoreCase(name, "gzip"u8) || Ascii.EqualsIgnoreCase(name, "x-gzip"u8))
                {
                    _gzip = quality;
                }
                else if (Ascii.EqualsIgnoreCase(name, "br"u8))
                {
                    _brotli = quality;
                }
                else if (Ascii.EqualsIgnoreCase(name, "identity"u8))
                {
                    _identity = quality;
                }
                else if (name.SequenceEqual("*"u8))
                {
                    _others = quality;
                }
            }
        }

        /// <summary>A weight in thousandths; 0 for what is none, so that a coding is used only where it is plainly accepted.</summary>
        private static int QualityOf(ReadOnlySpan<byte> weight)
        {
            // qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
            if (weight.Length is < 3 or > 7 || (weight[0] | 0x20) != 'q' || weight[1] != '=')
            {
                return 0;
            }

            return Utf8Parser.TryParse(weight[2..], out decimal quality, out int read, 'F') && read == weight.Length - 2
                && quality is >= 0 and <= 1
                ? (int)(quality * MaxQuality)
                : 0;
        }
    }
}
