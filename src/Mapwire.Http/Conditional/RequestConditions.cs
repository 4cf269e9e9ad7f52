using Mapwire.Http.Heads;

namespace Mapwire.Http.Conditional;

/// <summary>
/// The field values that decide between the whole, a part and no body (RFC 9110, sections 13.1 and 14.2). Empty is as absent.
/// </summary>
public readonly ref struct RequestConditions
{
    /// <summary>If-Match.</summary>
    public ReadOnlySpan<byte> IfMatch { get; init; }

    /// <summary>If-None-Match.</summary>
    public ReadOnlySpan<byte> IfNoneMatch { get; init; }

    /// <summary>If-Modified-Since.</summary>
    public ReadOnlySpan<byte> IfModifiedSince { get; init; }

    /// <summary>If-Unmodified-Since.</summary>
    public ReadOnlySpan<byte> IfUnmodifiedSince { get; init; }

    /// <summary>If-Range.</summary>
    public ReadOnlySpan<byte> IfRange { get; init; }

    /// <summary>Range.</summary>
    public ReadOnlySpan<byte> Range { get; init; }

    /// <summary>Takes them from a head, in which each is at most once.</summary>
    public static RequestConditions From(in RequestHead head) => new()
    {
        IfMatch = Get(head, "If-Match"u8),
        IfNoneMatch = Get(head, "If-None-Match"u8),
        IfModifiedSince = Get(head, "If-Modified-Since"u8),
        IfUnmodifiedSince = Get(head, "If-Unmodified-Since"u8),
        IfRange = Get(head, "If-Range"u8),
        Range = Get(head, "Range"u8),
    };

    /// <summary>The same for the whole, which is a lawful answer to any Range (RFC 9110, section 14.2).</summary>
    public RequestConditions WithoutRange() => new()
    {
        IfMatch = IfMatch,
        IfNoneMatch = IfNoneMatch,
        IfModifiedSince = IfModifiedSince,
        IfUnmodifiedSince = IfUnmodifiedSince,
    };

    private static ReadOnlySpan<byte> Get(in RequestHead head, ReadOnlySpan<byte> name) =>
        head.TryGetField(name, out ReadOnlySpan<byte> value) ? value : default;
}
