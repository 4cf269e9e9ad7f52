using Mapwire.Http.Heads;
using Mapwire.Server.Files;
using Mapwire.Server.Http.LiveMedia;

namespace Mapwire.Server.Http;

/// <summary>Why a request is not answered with what it asks for.</summary>
/// <param name="Status">3xx with a <see cref="Location"/>, 4xx or 5xx.</param>
/// <param name="Reason">In words for people, a clause without a full stop.</param>
internal sealed record Refusal(int Status, string Reason)
{
    /// <summary>Where it is; null where nothing is to be had.</summary>
    public string? Location { get; private init; }

    /// <summary>A title that cannot be opened, or a fault of ours.</summary>
    public static Refusal Of(Exception fault) => fault switch
    {
        ElsewhereException elsewhere => new(elsewhere.Status, fault.Message) { Location = elsewhere.Location },
        WrongRequestException => new(400, fault.Message),
        TitleException { Error: TitleError.NotFound } => new(404, fault.Message),
        TitleException { Error: TitleError.NotPlayable } => new(422, fault.Message),
        TitleException => new(503, fault.Message),
        _ => new(500, "the server failed: its log has the reason"),
    };

    /// <summary>A request that is not understood without a doubt. Its connection ends with the answer: where it ends is in doubt, too.
    /// </summary>
    /// <param name="received">What came of it.</param>
    /// <param name="reason">Why it is foreign.</param>
    public static Refusal Of(ReadOnlySpan<byte> received, ForeignReason reason) => reason switch
    {
        ForeignReason.Method when received.StartsWith("PRI "u8) => new(505, "HTTP/1.1 is spoken here, not HTTP/2 without TLS"),
        ForeignReason.Method => new(405, "the method must be GET, HEAD or OPTIONS"),
        ForeignReason.Version => new(505, "the version must be HTTP/1.1"),
        ForeignReason.LineTooLong => new(414, $"a request line must be at most {ForwardedHeadReader.MaxLineLength} bytes"),
        ForeignReason.FieldsTooLong => new(431, $"the fields of a request must be at most {ForwardedHeadReader.MaxFieldsLength} bytes"),
        ForeignReason.TooManyFields => new(431, $"a request must have at most {ForwardedHeadReader.MaxFields} field lines"),
        ForeignReason.HeadTooLong => new(431, "the target, Range, Accept-Encoding and conditions of a request must be at most "
            + $"{RequestHeadReader.MaxLength} bytes together"), // fields that nothing depends on are left out before
        ForeignReason.ContentLength or ForeignReason.TransferEncoding => new(400, "a request must have no body"),
        ForeignReason.Expect => new(417, "nothing can be expected here"),
        _ => new(400, $"the request is not understood: {RequestFaults.Of(reason)}"),
    };

    /// <summary>A request that another reader has refused, which tells no more than the status.</summary>
    public static Refusal OfUnread(int status) => new(status, status switch
    {
        405 => "the method does not go with what it asks for",
        408 => "the head of a request took too long",
        413 => "a request must have no body",
        414 => $"a request line must be at most {ForwardedHeadReader.MaxLineLength} bytes",
        431 => $"the fields of a request must be at most {ForwardedHeadReader.MaxFieldsLength} bytes and "
            + $"{ForwardedHeadReader.MaxFields} lines",
        505 => "the version must be HTTP/1.1",
        >= 500 => "the server failed: its log has the reason",
        _ => "the request is not understood: its first line, a field or its body is not as HTTP/1.1 has it",
    });
}
