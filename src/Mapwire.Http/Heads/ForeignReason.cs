namespace Mapwire.Http.Heads;

/// <summary>Why a request head is handed on, for tests and logs.</summary>
/// <remarks>Foreign is not malformed: much of it is good HTTP that a full server understands.</remarks>
public enum ForeignReason
{
    /// <summary>It is not foreign.</summary>
    None,

    /// <summary>A byte 0.</summary>
    Nul,

    /// <summary>A control character other than HTAB, CR and LF; what TLS begins with, too.</summary>
    ControlCharacter,

    /// <summary>A byte above 0x7E. RFC 9110, section 5.5 calls it opaque, and servers differ in what they make of it.</summary>
    NonAscii,

    /// <summary>A line feed without a carriage return before it (RFC 9112, section 2.2).</summary>
    BareLineFeed,

    /// <summary>A carriage return without a line feed behind it (RFC 9112, section 2.2).</summary>
    BareCarriageReturn,

    /// <summary>An empty line before the request line, which a server should pass over (RFC 9112, section 2.2).</summary>
    EmptyLine,

    /// <summary>More than <see cref="RequestHeadReader.MaxLength"/> bytes.</summary>
    HeadTooLong,

    /// <summary>A request line of more than <see cref="ForwardedHeadReader.MaxLineLength"/> bytes: no server here takes it.</summary>
    LineTooLong,

    /// <summary>Fields of more than <see cref="ForwardedHeadReader.MaxFieldsLength"/> bytes: no server here takes them.</summary>
    FieldsTooLong,

    /// <summary>
    /// More than <see cref="RequestHeadReader.MaxFields"/> field lines, or more than <see cref="ForwardedHeadReader.MaxFields"/>.
    /// </summary>
    TooManyFields,

    /// <summary>A method other than GET, HEAD and OPTIONS, or what does not begin as a request: the preface of HTTP/2 as well.</summary>
    Method,

    /// <summary>Not three words with one space between them: HTTP/0.9 has two.</summary>
    RequestLine,

    /// <summary>A version other than HTTP/1.1.</summary>
    Version,

    /// <summary>A target in absolute, authority or asterisk form (RFC 9112, section 3.2).</summary>
    TargetForm,

    /// <summary>A character that RFC 3986, sections 3.3 and 3.4 do not have in a path or query.</summary>
    TargetCharacter,

    /// <summary>A '%' that two hexadecimal digits do not follow, or <c>%00</c>.</summary>
    TargetEscape,

    /// <summary>A field line that continues the one before it (obs-fold, RFC 9112, section 5.2).</summary>
    ObsoleteFolding,

    /// <summary>A field line without a colon.</summary>
    NoColon,

    /// <summary>An empty field name, or white space or another character in it that no token has (RFC 9110, section 5.6.2).</summary>
    FieldName,

    /// <summary>No Host.</summary>
    NoHost,

    /// <summary>A Host that is empty or not plainly a name or address with a port.</summary>
    Host,

    /// <summary>A field that may be there once is there twice (RFC 9110, section 5.3).</summary>
    RepeatedField,

    /// <summary>A Transfer-Encoding of whatever kind.</summary>
    TransferEncoding,

    /// <summary>A Content-Length other than one of <c>0</c>: a body follows, or two readers could differ about it.</summary>
    ContentLength,

    /// <summary>An Expect.</summary>
    Expect,

    /// <summary>A Connection that is no list of tokens.</summary>
    Connection,

    /// <summary>An Upgrade other than GET with <c>Upgrade: websocket</c> and <c>Connection: upgrade</c>, or one of the two alone.</summary>
    Upgrade,
}
