using Mapwire.Server.Loop;

namespace Mapwire.Server.Live;

/// <summary>Somebody who watches a live stream, on a loop's thread.</summary>
internal interface ILiveViewer
{
    /// <summary>Something has come, or has changed: looks at the stream and sends what there is.</summary>
    void OnLive();
}

/// <summary>Where somebody who watches is.</summary>
/// <param name="Loop">Where it lives.</param>
/// <param name="Viewer">Called there when something has come.</param>
internal sealed record LiveSeat(EventLoop Loop, ILiveViewer Viewer);
