namespace Mapwire.Http.Conditional;

/// <summary>What a request selects (RFC 9110, section 3.2): its length, and what tells its versions apart.</summary>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Tag">Its entity tag; null for none.</param>
/// <param name="LastModified">When it was last modified; parts of a second do not count. Null when that is not known.</param>
public sealed record Representation(long Length, EntityTag? Tag = null, DateTimeOffset? LastModified = null)
{
    /// <summary>
    /// Whether <see cref="LastModified"/> may not be relied on for equal bytes, as where a file was written twice within a second: If-Range
    /// with a date is then false (RFC 9110, section 8.8.2.2). Default false.
    /// </summary>
    public bool IsLastModifiedWeak { get; init; }
}
