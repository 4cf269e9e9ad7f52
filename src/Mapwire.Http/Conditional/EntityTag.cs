using System.Text;

namespace Mapwire.Http.Conditional;

/// <summary>An entity tag (RFC 9110, section 8.8.3): which version of a resource a representation is.</summary>
/// <remarks>Resembles <c>EntityTagHeaderValue</c>; fields are compared without reading them into objects.</remarks>
public sealed class EntityTag
{
    private readonly byte[] _quoted;

    /// <summary>Creates a tag.</summary>
    /// <param name="opaque">What stands between the quotes: visible ASCII other than '"' (RFC 9110 has more, which other readers
    /// refuse).</param>
    /// <param name="isWeak">Whether two representations with this tag need not be equal byte for byte.</param>
    /// <exception cref="ArgumentException">Another character is in it.</exception>
    public EntityTag(string opaque, bool isWeak = false)
    {
        foreach (char character in opaque)
        {
            if (character is < '!' or '"' or > '~')
            {
                throw new ArgumentException($"an entity tag must be visible ASCII without quotes (was U+{(int)character:X4})",
                    nameof(opaque));
            }
        }

        _quoted = Encoding.ASCII.GetBytes($"\"{opaque}\"");
        IsWeak = isWeak;
    }

    /// <summary>Whether it is weak (<c>W/"..."</c>).</summary>
    public bool IsWeak { get; }

    /// <summary>The field value: <c>"..."</c> or <c>W/"..."</c>.</summary>
    public override string ToString() => (IsWeak ? "W/" : "") + Encoding.ASCII.GetString(_quoted);

    /// <summary>Whether one of a field's tags is this one, weakness aside (If-None-Match; RFC 9110, section 8.8.3.2).</summary>
    /// <param name="field">A list of tags, or <c>*</c>. Where the list is malformed it ends.</param>
    public bool MatchesWeakly(ReadOnlySpan<byte> field) => IsInList(this, field, isStrong: false);

    /// <summary>Whether one of a field's tags is this one and both are strong (If-Match; RFC 9110, section 8.8.3.2).</summary>
    /// <param name="field">A list of tags, or <c>*</c>. Where the list is malformed it ends.</param>
    public bool MatchesStrongly(ReadOnlySpan<byte> field) => IsInList(this, field, isStrong: true);

    /// <summary>Whether a field is this tag and nothing else, and both are strong (If-Range; RFC 9110, section 13.1.5).</summary>
    /// <param name="field">One tag.</param>
    internal bool EqualsStrongly(ReadOnlySpan<byte> field) => !IsWeak && field.Trim(" \t"u8).SequenceEqual(_quoted);

    /// <summary>Whether a field's tags have the one of a representation.</summary>
    /// <param name="tag">The representation's tag, or null when it has none: only <c>*</c> is it then.</param>
    /// <param name="field">A list of tags, or <c>*</c>.</param>
    /// <param name="isStrong">Whether both have to be strong.</param>
    internal static bool IsInList(EntityTag? tag, ReadOnlySpan<byte> field, bool isStrong)
    {
        // If-Match = "*" / #entity-tag; entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE
        ReadOnlySpan<byte> rest = field.Trim(" \t"u8);
        if (rest.SequenceEqual("*"u8))
        {
            return true;
        }

        if (tag is null || (isStrong && tag.IsWeak))
        {
            return false;
        }

        rest = rest.TrimStart(" \t,"u8); // empty elements are passed over (RFC 9110, section 5.6.1.2)
        while (!rest.IsEmpty)
        {
            bool isWeak = rest.StartsWith("W/"u8);
            rest = isWeak ? rest[2..] : rest;
            int end = rest.Length > 1 ? rest[1..].IndexOf((byte)'"') + 1 : 0;
            if (rest.IsEmpty || rest[0] != '"' || end == 0)
            {
                return false;
            }

            ReadOnlySpan<byte> quoted = rest[..(end + 1)];
            rest = rest[(end + 1)..].TrimStart(" \t"u8);
            if (!rest.IsEmpty && rest[0] != ',')
            {
                return false;
            }

            if (quoted.SequenceEqual(tag._quoted) && !(isStrong && isWeak))
            {
                return true;
            }

            rest = rest.TrimStart(" \t,"u8);
        }

        return false;
    }
}
