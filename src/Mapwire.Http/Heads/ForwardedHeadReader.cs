using System.Text;

namespace Mapwire.Http.Heads;

/// <summary>
/// Looks at a request head that <see cref="RequestHeadReader"/> found foreign, and says whether a full server would take it: what it would
/// refuse is refused before it is handed on, by who can say why.
/// </summary>
/// <remarks>
/// One a connection. Each byte is looked at once, however it dribbles in, and once more when the head is whole. Its limits are those that
/// <c>Microsoft.AspNetCore.Server.Kestrel</c> has by default.
/// </remarks>
public struct ForwardedHeadReader
{
    /// <summary>The longest request line in bytes, its CRLF included.</summary>
    public const int MaxLineLength = 8 * 1024;

    /// <summary>The longest field section in bytes, without its empty line.</summary>
    public const int MaxFieldsLength = 32 * 1024;

    /// <summary>The most field lines.</summary>
    public const int MaxFields = 100;

    /// <summary>The longest head in bytes.</summary>
    public const int MaxLength = MaxLineLength + MaxFieldsLength + 2;

    private int _start; // behind empty lines, which are passed over (RFC 9112, section 2.2)
    private int _searched;
    private int _fields; // where they begin; 0 until the request line is whole

    /// <summary>Looks at what was received since the end of the last head.</summary>
    /// <param name="received">All of it: the bytes of the last look, and more.</param>
    /// <param name="reason">Why no server takes it, where the status is <see cref="HeadStatus.Foreign"/>.</param>
    /// <returns><see cref="HeadStatus.Simple"/> where it may be handed on.</returns>
    public HeadStatus Read(ReadOnlySpan<byte> received, out ForeignReason reason)
    {
        reason = ForeignReason.None;
        while (received[_searched..].IndexOf((byte)'\n') is >= 0 and int found)
        {
            int end = _searched + found + 1;
            if (end < 2 || received[end - 2] != '\r')
            {
                reason = ForeignReason.BareLineFeed;
                return HeadStatus.Foreign;
            }

            _searched = end;
            if (_fields == 0 && end == _start + 2)
            {
                _start = end;
            }
            else if (_fields == 0)
            {
                _fields = end;
            }
            else if (received[end - 3] == '\n')
            {
                reason = Check(received[_start..end]);
                return reason == ForeignReason.None ? HeadStatus.Simple : HeadStatus.Foreign;
            }

            reason = CheckLength(end);
            if (reason != ForeignReason.None)
            {
                return HeadStatus.Foreign;
            }
        }

        _searched = received.Length;
        reason = CheckLength(received.Length);
        return reason == ForeignReason.None ? HeadStatus.Incomplete : HeadStatus.Foreign;
    }

    /// <summary>Looks at what there is of a head, which may have come to the first byte of its end.</summary>
    private readonly ForeignReason CheckLength(int length) =>
        (_fields == 0 ? length : _fields) - _start > MaxLineLength || _start > MaxLineLength ? ForeignReason.LineTooLong
        : _fields > 0 && length - _fields > MaxFieldsLength + 1 ? ForeignReason.FieldsTooLong
        : ForeignReason.None;

    private readonly ForeignReason Check(ReadOnlySpan<byte> head)
    {
        int lineLength = _fields - _start;
        if (head.Length - lineLength > MaxFieldsLength + 2)
        {
            return ForeignReason.FieldsTooLong;
        }

        for (int i = 0; i < head.Length; i++)
        {
            if (head[i] is < 0x20 or 0x7F && head[i] is not ((byte)'\t' or (byte)'\r' or (byte)'\n'))
            {
                return head[i] == 0 ? ForeignReason.Nul : ForeignReason.ControlCharacter;
            }

            if (head[i] == '\r' && head[i + 1] != '\n')
            {
                return ForeignReason.BareCarriageReturn;
            }
        }

        ForeignReason reason = CheckLine(head[..(lineLength - 2)], out bool needsHost);
        return reason == ForeignReason.None ? CheckFields(head[lineLength..^2], needsHost) : reason;
    }

    private static ForeignReason CheckLine(ReadOnlySpan<byte> line, out bool needsHost)
    {
        // request-line = method SP request-target SP HTTP-version (RFC 9112, section 3)
        needsHost = line.EndsWith(" HTTP/1.1"u8);
        int method = line.IndexOf((byte)' ');
        int version = line.LastIndexOf((byte)' ');
        if (method <= 0 || version <= method + 1 || line[..method].ContainsAnyExcept(HeadCharacters.Token)
            || !line[(version + 1)..].StartsWith("HTTP/"u8))
        {
            return ForeignReason.RequestLine;
        }

        if (!needsHost && !line.EndsWith(" HTTP/1.0"u8))
        {
            return ForeignReason.Version;
        }

        ReadOnlySpan<byte> target = line[(method + 1)..version];
        if (target.Contains((byte)' ') || target.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            return ForeignReason.TargetCharacter;
        }

        int query = target.IndexOf((byte)'?');
        return (query < 0 ? target : target[..query]).IndexOf("%00"u8) >= 0 ? ForeignReason.TargetEscape : ForeignReason.None;
    }

    private static ForeignReason CheckFields(ReadOnlySpan<byte> fields, bool needsHost)
    {
        int count = 0;
        int hosts = 0;
        int lengths = 0;
        while (!fields.IsEmpty)
        {
            // field-line = field-name ":" OWS field-value OWS (RFC 9112, section 5)
            int end = fields.IndexOf((byte)'\r');
            ReadOnlySpan<byte> line = fields[..end];
            fields = fields[(end + 2)..];
            int colon = line.IndexOf((byte)':');
            if (line[0] is (byte)' ' or (byte)'\t')
            {
                return ForeignReason.ObsoleteFolding;
            }

            if (colon <= 0 || line[..colon].ContainsAnyExcept(HeadCharacters.Token))
            {
                return colon < 0 ? ForeignReason.NoColon : ForeignReason.FieldName;
            }

            if (++count > MaxFields)
            {
                return ForeignReason.TooManyFields;
            }

            ReadOnlySpan<byte> value = HeadCharacters.Trim(line[(colon + 1)..]);
            if (Ascii.EqualsIgnoreCase(line[..colon], "Host"u8) && (++hosts > 1 || !MayBeHost(value)))
            {
                return hosts > 1 ? ForeignReason.RepeatedField : ForeignReason.Host;
            }

            if (Ascii.EqualsIgnoreCase(line[..colon], "Content-Length"u8)
                && (++lengths > 1 || value.Length is 0 or > 18 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9')))
            {
                return ForeignReason.ContentLength;
            }
        }

        return needsHost && hosts == 0 ? ForeignReason.NoHost : ForeignReason.None;
    }

    /// <summary>Whether a server may take it for a host: more than what is one plainly.</summary>
    private static bool MayBeHost(ReadOnlySpan<byte> value) =>
        !value.ContainsAnyExceptInRange((byte)'!', (byte)'~') && value.IndexOfAny("/?#@\\"u8) < 0;
}
