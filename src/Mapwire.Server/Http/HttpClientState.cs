using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Playback;

namespace Mapwire.Server.Http;

/// <summary>
/// What is known of a client beyond one request: of a connection, whose requests Kestrel may give to the loop one by one. Belongs to the
/// loop's thread.
/// </summary>
internal sealed class HttpClientState
{
    private LineBudget _lines;
    private long _number; // 0 until it is asked for
    private Viewer? _watcher;
    private ViewerRegistry? _viewers;

    /// <summary>How many lines of the log it may still cause.</summary>
    public ref LineBudget Lines => ref _lines;

    /// <summary>The number of its connection among all of a server.</summary>
    public long NumberIn(HttpContext context) => _number == 0 ? _number = context.NumberConnection() : _number;

    /// <summary>Keeps a viewer who is known by this connection.</summary>
    public void Keep(Viewer watcher, ViewerRegistry viewers) => (_watcher, _viewers) = (watcher, viewers);

    /// <summary>The connection is closed: who is known by it is gone.</summary>
    public void End()
    {
        if (_watcher is not null)
        {
            _viewers!.Leave(_watcher);
        }
    }
}
