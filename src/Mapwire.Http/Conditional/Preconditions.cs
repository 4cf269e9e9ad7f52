namespace Mapwire.Http.Conditional;

/// <summary>What the conditions of a request say.</summary>
public enum PreconditionOutcome
{
    /// <summary>Perform the request, with its Range.</summary>
    Proceed,

    /// <summary>Perform the request as if there were no Range: If-Range is false, or the method is not GET.</summary>
    ProceedWithoutRange,

    /// <summary>Status 304.</summary>
    NotModified,

    /// <summary>Status 412.</summary>
    Failed,
}

/// <summary>Evaluates the conditions of a request in the order of RFC 9110, section 13.2.2.</summary>
public static class Preconditions
{
    /// <summary>Evaluates the conditions.</summary>
    /// <param name="method">The method. OPTIONS selects no representation and knows no conditions (RFC 9110, section 13.2.1).</param>
    /// <param name="conditions">The fields.</param>
    /// <param name="representation">What the request selects.</param>
    /// <param name="now">The time now, for dates with two digits of a year.</param>
    public static PreconditionOutcome Evaluate(
        RequestMethod method, in RequestConditions conditions, Representation representation, DateTimeOffset now)
    {
        if (method == RequestMethod.Options)
        {
            return PreconditionOutcome.ProceedWithoutRange;
        }

        // 1 and 2
        if (!conditions.IfMatch.IsEmpty)
        {
            if (!EntityTag.IsInList(representation.Tag, conditions.IfMatch, isStrong: true))
            {
                return PreconditionOutcome.Failed;
            }
        }
        else if (Compare(conditions.IfUnmodifiedSince, representation, now) > 0)
        {
            return PreconditionOutcome.Failed;
        }

        // 3 and 4
        if (!conditions.IfNoneMatch.IsEmpty)
        {
            if (EntityTag.IsInList(representation.Tag, conditions.IfNoneMatch, isStrong: false))
            {
                return PreconditionOutcome.NotModified;
            }
        }
        else if (Compare(conditions.IfModifiedSince, representation, now) <= 0)
        {
            return PreconditionOutcome.NotModified;
        }

        // 5
        return method == RequestMethod.Get && IsIfRangeTrue(conditions.IfRange, representation, now)
            ? PreconditionOutcome.Proceed
            : PreconditionOutcome.ProceedWithoutRange;
    }

    /// <summary>
    /// The last modification compared with a field's date; null where there is no date to compare, so the field is ignored.
    /// </summary>
    private static int? Compare(ReadOnlySpan<byte> field, Representation representation, DateTimeOffset now) =>
        representation.LastModified is { } modified && HttpDate.TryParse(field, now, out DateTimeOffset date)
            ? WholeSeconds(modified).CompareTo(date)
            : null;

    private static bool IsIfRangeTrue(ReadOnlySpan<byte> field, Representation representation, DateTimeOffset now)
    {
        // If-Range = entity-tag / HTTP-date (RFC 9110, section 13.1.5): compared strongly, and for equality
        if (field.IsEmpty)
        {
            return true;
        }

        return field.EndsWith("\""u8)
            ? representation.Tag is { } tag && tag.EqualsStrongly(field)
            : !representation.IsLastModifiedWeak && Compare(field, representation, now) == 0;
    }

    private static DateTimeOffset WholeSeconds(DateTimeOffset time) =>
        new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerSecond, TimeSpan.Zero);
}
