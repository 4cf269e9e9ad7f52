using System.Text;

namespace Mapwire.Http.Heads;

/// <summary>
/// Looks at what a connection received and says whether it begins with a request head that is understood without a doubt
/// (RFC 9112, sections 2 to 5).
/// </summary>
/// <remarks>
/// One a connection; it holds 20 bytes and allocates nothing. Each byte is looked at once, however it dribbles in, and once more when the
/// head is whole. Give it every time all bytes since the end of the last head, not only the new ones. It is stricter than
/// <c>Microsoft.AspNetCore.Server.Kestrel</c>'s reader on purpose: what it takes, every reader takes for the same.
/// <code>
/// RequestHeadReader reader = new();
/// switch (reader.Read(received, out RequestHead head))
/// {
///     case HeadStatus.Simple: received = received[head.Length..]; break;
///     case HeadStatus.Foreign: Log(reader.Reason); break;
/// }
/// </code>
/// </remarks>
public struct RequestHeadReader
{
    /// <summary>The longest head in bytes, its empty line included: what servers commonly allow (nginx: 8 KiB).</summary>
    public const int MaxLength = 8192;

    /// <summary>The most field lines. Browsers send about twenty.</summary>
    public const int MaxFields = 64;

    private int _scanned;
    private int _line;
    private byte _lines;
    private ForeignReason _reason;
    private Seen _seen;

    /// <summary>What the fields said so far.</summary>
    [Flags]
    private enum Seen
    {
        Close = 1 << 0,
        ConnectionUpgrade = 1 << 1,
        Host = 1 << 2,
        Upgrade = 1 << 3,
        ContentLength = 1 << 4,
        Range = 1 << 5,
        IfRange = 1 << 6,
        IfMatch = 1 << 7,
        IfNoneMatch = 1 << 8,
        IfModifiedSince = 1 << 9,
        IfUnmodifiedSince = 1 << 10,
        WebSocketKey = 1 << 11,
        WebSocketVersion = 1 << 12,
    }

    /// <summary>Why the head is foreign; <see cref="ForeignReason.None"/> as long as it is not.</summary>
    public readonly ForeignReason Reason => _reason;

    /// <summary>Looks at what was received since the end of the last head.</summary>
    /// <param name="received">All of it: the bytes of the last look, and more. Fewer are an <see cref="ArgumentException"/>.</param>
    /// <param name="head">The head where the status is <see cref="HeadStatus.Simple"/>; the reader is ready for the next one then.</param>
    public HeadStatus Read(ReadOnlySpan<byte> received, out RequestHead head)
    {
        head = default;
        if (_reason != ForeignReason.None)
        {
            return HeadStatus.Foreign;
        }

        if (_lines == 0 && !MayBeginMethod(received))
        {
            return BecomeForeign(received[0] == '\r' ? ForeignReason.EmptyLine : ReasonOf(received[0], ForeignReason.Method));
        }

        ReadOnlySpan<byte> window = received[..Math.Min(received.Length, MaxLength)];
        while (true)
        {
            int found = window[_scanned..].IndexOfAnyExcept(HeadCharacters.Line);
            if (found < 0)
            {
                _scanned = window.Length;
                break;
            }

            _scanned += found;
            if (window[_scanned] != '\r')
            {
                return BecomeForeign(ReasonOf(window[_scanned], ForeignReason.ControlCharacter));
            }

            if (_scanned + 1 == window.Length)
            {
                break;
            }

            if (window[_scanned + 1] != '\n')
            {
                return BecomeForeign(ForeignReason.BareCarriageReturn);
            }

            ReadOnlySpan<byte> line = window[_line.._scanned];
            _scanned += 2;
            _line = _scanned;
            ForeignReason reason = line.IsEmpty ? CheckWhole(window)
                : _lines == 0 ? CheckRequestLine(line)
                : _lines > MaxFields ? ForeignReason.TooManyFields
                : CheckField(line);
            if (reason != ForeignReason.None)
            {
                return BecomeForeign(reason);
            }

            if (line.IsEmpty)
            {
                head = Accept(window[.._scanned]);
                this = default;
                return HeadStatus.Simple;
            }

            _lines++;
        }

        return window.Length == MaxLength ? BecomeForeign(ForeignReason.HeadTooLong) : HeadStatus.Incomplete;
    }

    private HeadStatus BecomeForeign(ForeignReason reason)
    {
        _reason = reason;
        return HeadStatus.Foreign;
    }

    /// <summary>Whether the first bytes can become one of the methods: the rest is handed on without waiting for a line.</summary>
    private static bool MayBeginMethod(ReadOnlySpan<byte> received) =>
        IsFront(received, "GET "u8) || IsFront(received, "HEAD "u8) || IsFront(received, "OPTIONS "u8);

    private static bool IsFront(ReadOnlySpan<byte> received, ReadOnlySpan<byte> word)
    {
        int length = Math.Min(received.Length, word.Length);
        return received[..length].SequenceEqual(word[..length]);
    }

    private static ForeignReason ReasonOf(byte value, ForeignReason otherwise) => value switch
    {
        0 => ForeignReason.Nul,
        (byte)'\n' => ForeignReason.BareLineFeed,
        > 0x7E and not 0x7F => ForeignReason.NonAscii,
        < 0x20 and not (byte)'\t' or 0x7F => ForeignReason.ControlCharacter,
        _ => otherwise,
    };

    private static ForeignReason CheckRequestLine(ReadOnlySpan<byte> line)
    {
        // request-line = method SP request-target SP HTTP-version (RFC 9112, section 3)
        ReadOnlySpan<byte> rest = line[(line.IndexOf((byte)' ') + 1)..];
        int space = rest.IndexOf((byte)' ');
        if (space <= 0 || rest[(space + 1)..].IndexOfAny((byte)' ', (byte)'\t') >= 0)
        {
            return ForeignReason.RequestLine;
        }

        if (!rest[(space + 1)..].SequenceEqual("HTTP/1.1"u8))
        {
            return ForeignReason.Version;
        }

        return CheckTarget(rest[..space]);
    }

    private static ForeignReason CheckTarget(ReadOnlySpan<byte> target)
    {
        if (target[0] != '/')
        {
            return ForeignReason.TargetForm;
        }

        if (target.ContainsAnyExcept(HeadCharacters.Target))
        {
            return ForeignReason.TargetCharacter;
        }

        for (ReadOnlySpan<byte> rest = target; rest.IndexOf((byte)'%') is >= 0 and int percent; rest = rest[(percent + 3)..])
        {
            if (rest.Length < percent + 3 || !Hexadecimal.TryRead(rest[(percent + 1)..], out byte value) || value == 0)
            {
                return ForeignReason.TargetEscape;
            }
        }

        return ForeignReason.None;
    }

    private ForeignReason CheckField(ReadOnlySpan<byte> line)
    {
        // field-line = field-name ":" OWS field-value OWS (RFC 9112, section 5)
        if (line[0] is (byte)' ' or (byte)'\t')
        {
            return ForeignReason.ObsoleteFolding;
        }

        int colon = line.IndexOf((byte)':');
        if (colon < 0)
        {
            return ForeignReason.NoColon;
        }

        ReadOnlySpan<byte> name = line[..colon];
        if (colon == 0 || name.ContainsAnyExcept(HeadCharacters.Token))
        {
            return ForeignReason.FieldName;
        }

        ReadOnlySpan<byte> value = HeadCharacters.Trim(line[(colon + 1)..]);
        return name.Length switch
        {
            4 when Is(name, "Host"u8) => Once(Seen.Host, HostValue.IsPlain(value), ForeignReason.Host),
            5 when Is(name, "Range"u8) => Once(Seen.Range),
            6 when Is(name, "Expect"u8) => ForeignReason.Expect,
            7 when Is(name, "Upgrade"u8) => Once(Seen.Upgrade, Is(value, "websocket"u8), ForeignReason.Upgrade),
            8 when Is(name, "If-Range"u8) => Once(Seen.IfRange),
            8 when Is(name, "If-Match"u8) => Once(Seen.IfMatch),
            10 when Is(name, "Connection"u8) => CheckConnection(value),
            13 when Is(name, "If-None-Match"u8) => Once(Seen.IfNoneMatch),
            14 when Is(name, "Content-Length"u8) => Once(Seen.ContentLength, value.SequenceEqual("0"u8), ForeignReason.ContentLength),
            17 when Is(name, "Transfer-Encoding"u8) => ForeignReason.TransferEncoding,
            17 when Is(name, "If-Modified-Since"u8) => Once(Seen.IfModifiedSince),
            17 when Is(name, "Sec-WebSocket-Key"u8) => Once(Seen.WebSocketKey),
            19 when Is(name, "If-Unmodified-Since"u8) => Once(Seen.IfUnmodifiedSince),
            21 when Is(name, "Sec-WebSocket-Version"u8) => Once(Seen.WebSocketVersion),
            _ => ForeignReason.None,
        };
    }

    private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(text, word);

    private ForeignReason Once(Seen field, bool isGood = true, ForeignReason otherwise = ForeignReason.None)
    {
        if ((_seen & field) != 0)
        {
            return field == Seen.ContentLength ? ForeignReason.ContentLength : ForeignReason.RepeatedField;
        }

        _seen |= field;
        return isGood ? ForeignReason.None : otherwise;
    }

    private ForeignReason CheckConnection(ReadOnlySpan<byte> value)
    {
        // Connection = #connection-option, of tokens in any case (RFC 9110, section 7.6.1); empty elements are passed over (5.6.1.2)
        foreach (Range range in value.Split((byte)','))
        {
            ReadOnlySpan<byte> option = HeadCharacters.Trim(value[range]);
            if (option.ContainsAnyExcept(HeadCharacters.Token))
            {
                return ForeignReason.Connection;
            }

            _seen |= Is(option, "close"u8) ? Seen.Close : Is(option, "upgrade"u8) ? Seen.ConnectionUpgrade : 0;
        }

        return ForeignReason.None;
    }

    private readonly ForeignReason CheckWhole(ReadOnlySpan<byte> window)
    {
        if (_lines == 0)
        {
            return ForeignReason.EmptyLine;
        }

        if ((_seen & Seen.Host) == 0)
        {
            return ForeignReason.NoHost;
        }

        bool isUpgrade = (_seen & Seen.Upgrade) != 0;
        bool isAsked = (_seen & Seen.ConnectionUpgrade) != 0;
        return isUpgrade != isAsked || (isUpgrade && window[0] != 'G') ? ForeignReason.Upgrade : ForeignReason.None;
    }

    private readonly RequestHead Accept(ReadOnlySpan<byte> head)
    {
        int lineEnd = head.IndexOf((byte)'\r');
        int target = head.IndexOf((byte)' ') + 1;
        int targetEnd = target + head[target..].IndexOf((byte)' ');
        RequestMethod method = head[0] switch
        {
            (byte)'G' => RequestMethod.Get,
            (byte)'H' => RequestMethod.Head,
            _ => RequestMethod.Options,
        };
        return new RequestHead(method, head[target..targetEnd], head[(lineEnd + 2)..], head.Length, (_seen & Seen.Close) == 0,
            (_seen & Seen.Upgrade) != 0);
    }
}
