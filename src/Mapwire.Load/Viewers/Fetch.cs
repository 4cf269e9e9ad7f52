using Mapwire.Load.Reading;

namespace Mapwire.Load.Viewers;

/// <summary>What a viewer asks for next.</summary>
/// <param name="Target">Path and query.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Due">When, in microseconds of the clock; what is past is due now.</param>
/// <param name="Range">The part of it; null for all.</param>
internal readonly record struct Fetch(string Target, FetchKind Kind, long Due, HlsRange? Range = null);

/// <summary>What is asked for.</summary>
internal enum FetchKind
{
    /// <summary>A playlist, of variants or of segments.</summary>
    Playlist,

    /// <summary>An init segment.</summary>
    Init,

    /// <summary>Media: a segment, a stream, a file.</summary>
    Media,
}
