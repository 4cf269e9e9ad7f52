namespace Mapwire.Http.Targets;

/// <summary>Why a target names nothing here; an answer with status 400.</summary>
public enum TargetRefusal
{
    /// <summary>It was not refused.</summary>
    None,

    /// <summary>It does not begin with '/'.</summary>
    NotOriginForm,

    /// <summary>A character that has to be percent-encoded in a path or query.</summary>
    Character,

    /// <summary>A '%' that two hexadecimal digits do not follow.</summary>
    Escape,

    /// <summary>Decoded, it is not UTF-8: overlong forms and surrogates as well.</summary>
    Utf8,

    /// <summary>A byte 0, which no file name and no value has.</summary>
    Nul,

    /// <summary>A '/' inside a segment, written <c>%2F</c>: no file name has one, and it must not be taken for a separator.</summary>
    Separator,

    /// <summary>A segment "." or "..", however it is written, also with '\' as a separator.</summary>
    DotSegment,

    /// <summary>Two '/' in a row: no file name is empty, and <c>//host</c> in a redirect is another host.</summary>
    EmptySegment,

    /// <summary>More than <see cref="QueryParameters.MaxCount"/> parameters.</summary>
    TooManyParameters,
}
