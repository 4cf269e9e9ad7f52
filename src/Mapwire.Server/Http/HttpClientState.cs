using Mapwire.Server.Playback;

namespace Mapwire.Server.Http;

/// <summary>
/// What is known of a client beyond one request: of a connection, whose requests Kestrel may give to the loop one by one. Belongs to the
/// loop's thread.
/// </summary>
internal sealed class HttpClientState
{
    private LineBudget _lines;

    /// <summary>How many lines of the log it may still cause.</summary>
    public ref LineBudget Lines => ref _lines;
}
