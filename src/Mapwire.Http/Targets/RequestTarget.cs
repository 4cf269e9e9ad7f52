using System.Text;
using Mapwire.Http.Heads;

namespace Mapwire.Http.Targets;

/// <summary>What a request asks for: a target in origin form (RFC 9112, section 3.2.1), percent-decoded exactly once.</summary>
/// <remarks>
/// Resembles <c>PathString</c> and <c>QueryCollection</c> of ASP.NET Core; but nothing is normalized: what is not plain is refused. A
/// <c>%2F</c> or <c>%00</c> is refused. A <c>%5C</c> is the character '\', which names on Linux may have: a system that takes it for a
/// separator
/// has to refuse it, and dot segments between two of them are refused here.
/// </remarks>
public sealed class RequestTarget
{
    private RequestTarget(string path, QueryParameters query)
    {
        Path = path;
        Query = query;
    }

    /// <summary>The decoded path. It begins with '/'; no segment is "." or "..", and none but the last is empty.</summary>
    public string Path { get; }

    /// <summary>The parameters of the query; none without one.</summary>
    public QueryParameters Query { get; }

    /// <summary>Decodes a target.</summary>
    /// <param name="target">The target as sent, as <see cref="RequestHead.Target"/> has it.</param>
    /// <param name="result">The target; null when it is refused.</param>
    /// <param name="refusal">Why it is refused.</param>
    /// <returns>Whether it was decoded.</returns>
    public static bool TryParse(
        ReadOnlySpan<byte> target, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RequestTarget? result, out TargetRefusal refusal)
    {
        // origin-form = absolute-path [ "?" query ]
        result = null;
        int mark = target.IndexOf((byte)'?');
        ReadOnlySpan<byte> path = mark < 0 ? target : target[..mark];
        refusal = target.IsEmpty || target[0] != '/' ? TargetRefusal.NotOriginForm
            : target.ContainsAnyExcept(HeadCharacters.Target) ? TargetRefusal.Character
            : TargetRefusal.None;
        if (refusal != TargetRefusal.None)
        {
            return false;
        }

        refusal = PercentEncoding.Decode(path, isForm: false, out string decoded);
        if (refusal == TargetRefusal.None)
        {
            refusal = CheckSegments(path, decoded);
        }

        if (refusal != TargetRefusal.None)
        {
            return false;
        }

        refusal = QueryParameters.Parse(mark < 0 ? default : target[(mark + 1)..], out QueryParameters query);
        if (refusal != TargetRefusal.None)
        {
            return false;
        }

        result = new RequestTarget(decoded, query);
        return true;
    }

    private static TargetRefusal CheckSegments(ReadOnlySpan<byte> path, string decoded)
    {
        if (path.Count((byte)'/') != decoded.AsSpan().Count('/'))
        {
            return TargetRefusal.Separator;
        }

        ReadOnlySpan<char> rest = decoded.AsSpan(1);
        foreach (Range range in rest.SplitAny('/', '\\'))
        {
            if (rest[range] is "." or "..")
            {
                return TargetRefusal.DotSegment;
            }
        }

        return decoded.Contains("//", StringComparison.Ordinal) ? TargetRefusal.EmptySegment : TargetRefusal.None;
    }
}
