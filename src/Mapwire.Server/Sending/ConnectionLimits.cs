namespace Mapwire.Server.Sending;

/// <summary>Within which bounds connections send.</summary>
/// <param name="SendTimeout">Milliseconds that a full socket may take nothing, and over which the least rate is measured.</param>
/// <param name="MinPlayerRate">Bytes a second that a socket which is full all the time has to take.</param>
/// <param name="MaxPlayerRate">Bytes a second for one player; null for no limit.</param>
/// <param name="MaxLoopRate">Bytes a second for all players of a loop; null for no limit.</param>
/// <param name="MaxUnsentTime">Milliseconds of the path's own rate that may wait unsent in the system; 0 for no bound.</param>
internal sealed record ConnectionLimits(long SendTimeout, long MinPlayerRate, long? MaxPlayerRate, long? MaxLoopRate, long MaxUnsentTime);
