using Mapwire.Http.Heads;
using Mapwire.Http.Targets;

namespace Mapwire.Server.Http;

/// <summary>What is wrong with requests, in words for their senders: clauses, without anything of what was sent.</summary>
internal static class RequestFaults
{
    /// <summary>Why a head is not understood.</summary>
    public static string Of(ForeignReason reason) => reason switch
    {
        ForeignReason.Nul => "a byte 0 is in it",
        ForeignReason.ControlCharacter => "a control character is in it",
        ForeignReason.NonAscii => "a byte above 0x7E is in it",
        ForeignReason.BareLineFeed => "a line feed has no carriage return before it",
        ForeignReason.BareCarriageReturn => "a carriage return has no line feed behind it",
        ForeignReason.EmptyLine => "it begins with an empty line",
        ForeignReason.HeadTooLong => $"its head has more than {RequestHeadReader.MaxLength} bytes",
        ForeignReason.LineTooLong => $"its first line has more than {ForwardedHeadReader.MaxLineLength} bytes",
        ForeignReason.FieldsTooLong => $"its fields have more than {ForwardedHeadReader.MaxFieldsLength} bytes",
        ForeignReason.TooManyFields => $"it has more than {RequestHeadReader.MaxFields} field lines",
        ForeignReason.Method => "its method must be GET, HEAD or OPTIONS",
        ForeignReason.RequestLine => "its first line must be method, path and HTTP/1.1 with one space between them",
        ForeignReason.Version => "its version must be HTTP/1.1",
        ForeignReason.TargetForm => "its path must begin with '/'",
        ForeignReason.TargetCharacter => "a character in its path or query must be percent-encoded",
        ForeignReason.TargetEscape => "a '%' in its path or query must have two hexadecimal digits other than 00 behind it",
        ForeignReason.ObsoleteFolding => "a field goes on in another line",
        ForeignReason.NoColon => "a field line has no ':'",
        ForeignReason.FieldName => "a field name is empty or has white space or another character that none may have",
        ForeignReason.NoHost => "it has no Host",
        ForeignReason.Host => "its Host must be one name or address, with or without a port",
        ForeignReason.RepeatedField => "a field is there twice that may be there once",
        ForeignReason.TransferEncoding => "it has a Transfer-Encoding, and must have no body",
        ForeignReason.ContentLength => "it has a Content-Length other than 0, and must have no body",
        ForeignReason.Expect => "it has an Expect",
        ForeignReason.Connection => "its Connection must be a list of tokens",
        ForeignReason.Upgrade => "its Upgrade must be websocket, by GET and with Connection: upgrade",
        _ => "it is no HTTP",
    };

    /// <summary>Why a path or query is not understood.</summary>
    public static string Of(TargetRefusal refusal) => refusal switch
    {
        TargetRefusal.NotOriginForm => "it must begin with '/'",
        TargetRefusal.Character => "a character in it must be percent-encoded",
        TargetRefusal.Escape => "a '%' must have two hexadecimal digits behind it",
        TargetRefusal.Utf8 => "decoded, it must be UTF-8",
        TargetRefusal.Nul => "it must have no %00",
        TargetRefusal.Separator => "a name must have no '/' in it (%2F)",
        TargetRefusal.DotSegment => "it must have no '.' or '..' between its '/'",
        TargetRefusal.EmptySegment => "it must have no two '/' in a row",
        TargetRefusal.TooManyParameters => $"its query must have at most {QueryParameters.MaxCount} parameters",
        _ => "it names nothing",
    };
}
