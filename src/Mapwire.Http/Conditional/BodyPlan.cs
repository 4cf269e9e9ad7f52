using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Mapwire.Http.Conditional;

/// <summary>How a request for a representation is answered: the status, and the parts of the body, whose length is known before.</summary>
/// <remarks>
/// Several parts are a <c>multipart/byteranges</c> (RFC 9110, section 14.6). Its body is delimiter 0, part 0, delimiter 1, part 1 and so
/// on,
/// and the closing delimiter; delimiters are written when they are sent, so a plan holds 16 bytes a part.
/// </remarks>
public sealed class BodyPlan
{
    /// <summary>How many characters a boundary has.</summary>
    public const int BoundaryLength = 20;

    private readonly string _boundary;

    private BodyPlan(int status, ImmutableArray<ByteRange> parts, long total, string contentType, string boundary)
    {
        Status = status;
        Parts = parts;
        TotalLength = total;
        PartType = contentType;
        _boundary = boundary;
        ContentLength = IsMultipart ? GetDelimiterLength(parts.Length) : 0;
        for (int i = 0; i < parts.Length; i++)
        {
            ContentLength = checked(ContentLength + parts[i].Length + (IsMultipart ? GetDelimiterLength(i) : 0));
        }
    }

    /// <summary>200, 206, 304, 412 or 416.</summary>
    public int Status { get; }

    /// <summary>
    /// The parts of the representation in the order in which they are sent; the whole for 200, none for 304, 412 and 416.
    /// </summary>
    public ImmutableArray<ByteRange> Parts { get; }

    /// <summary>The length of the whole representation in bytes.</summary>
    public long TotalLength { get; }

    /// <summary>The length of the body in bytes with its delimiters; 0 for 304, 412 and 416. HEAD announces it and sends nothing.</summary>
    public long ContentLength { get; }

    /// <summary>Whether delimiters go between the parts.</summary>
    public bool IsMultipart => Parts.Length > 1;

    /// <summary>The media type of the answer.</summary>
    public string ContentType => IsMultipart ? $"multipart/byteranges; boundary={_boundary}" : PartType;

    /// <summary>
    /// The value of Content-Range (RFC 9110, section 14.4): of the one part of a 206, or <c>bytes */N</c> of a 416; null where there is
    /// none.
    /// </summary>
    public string? ContentRange => Status switch
    {
        206 when !IsMultipart => FormatContentRange(Parts[0]),
        416 => string.Create(CultureInfo.InvariantCulture, $"bytes */{TotalLength}"),
        _ => null,
    };

    /// <summary>The media type of the representation, which each part of several says again.</summary>
    private string PartType { get; }

    /// <summary>Decides how a request is answered.</summary>
    /// <param name="method">The method. Ranges count for GET alone (RFC 9110, section 14.2), also where nginx takes them for HEAD.</param>
    /// <param name="conditions">The request's conditions and Range.</param>
    /// <param name="representation">What it selects.</param>
    /// <param name="contentType">The representation's media type.</param>
    /// <param name="now">The time now.</param>
    /// <param name="boundary">
    /// A random number, new for each answer and not to be guessed, so that no file can have the boundary in it.
    /// </param>
    public static BodyPlan Create(
        RequestMethod method, in RequestConditions conditions, Representation representation, string contentType, DateTimeOffset now,
        ulong boundary)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(representation.Length);
        long total = representation.Length;
        int status = 200;
        ImmutableArray<ByteRange> parts = [];
        switch (Preconditions.Evaluate(method, conditions, representation, now))
        {
            case PreconditionOutcome.NotModified:
                status = 304;
                break;
            case PreconditionOutcome.Failed:
                status = 412;
                break;
            case PreconditionOutcome.Proceed:
                status = RangeSelection.Select(conditions.Range, total, out parts) switch
                {
                    RangeOutcome.Parts => 206,
                    RangeOutcome.NotSatisfiable => 416,
                    _ => 200,
                };
                break;
        }

        if (status == 200)
        {
            parts = total == 0 ? [] : [new ByteRange(0, total)];
        }

        string text = parts.Length > 1 ? boundary.ToString("D20", CultureInfo.InvariantCulture) : "";
        return new BodyPlan(status, parts, total, contentType, text);
    }

    /// <summary>The length of the delimiter before a part in bytes.</summary>
    /// <param name="index">The part, or their number for the closing delimiter.</param>
    public int GetDelimiterLength(int index) => FormatDelimiter(index).Length;

    /// <summary>Writes the delimiter before a part.</summary>
    /// <param name="index">The part, or their number for the closing delimiter.</param>
    /// <param name="output">Where to.</param>
    public void WriteDelimiter(int index, IBufferWriter<byte> output)
    {
        string delimiter = FormatDelimiter(index);
        output.Advance(Encoding.ASCII.GetBytes(delimiter, output.GetSpan(delimiter.Length)));
    }

    private string FormatDelimiter(int index)
    {
        if (!IsMultipart)
        {
            throw new InvalidOperationException("only a body of several parts has delimiters");
        }

        // CRLF "--" boundary CRLF, the part's fields, an empty line (RFC 2046, section 5.1.1)
        return index == Parts.Length
            ? $"\r\n--{_boundary}--\r\n"
            : $"\r\n--{_boundary}\r\nContent-Type: {PartType}\r\nContent-Range: {FormatContentRange(Parts[index])}\r\n\r\n";
    }

    private string FormatContentRange(ByteRange part) =>
        string.Create(CultureInfo.InvariantCulture, $"bytes {part.Offset}-{part.Last}/{TotalLength}");
}
