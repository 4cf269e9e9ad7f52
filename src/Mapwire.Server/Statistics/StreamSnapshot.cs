using System.Net;

namespace Mapwire.Server.Statistics;

/// <summary>A live stream that is published, as it was at a moment.</summary>
/// <param name="Name">Its name. As the publisher called it: clean it before it is shown.</param>
/// <param name="PublisherId">The <see cref="PlayerSnapshot.Id"/> of who publishes it.</param>
/// <param name="Publisher">The publisher's address; null if it was gone before it was looked at.</param>
/// <param name="Published">Since when it is published by this publisher.</param>
/// <param name="Silence">Since when nothing has come of it.</param>
/// <param name="VideoBitsPerSecond">Pictures, without headers, in the last 4 to 8 s before something came last.</param>
/// <param name="AudioBitsPerSecond">Sound, likewise.</param>
/// <param name="FrameRate">Pictures a second, likewise.</param>
/// <param name="KeyframeInterval">From the last keyframe but one to the last, by their timestamps; null before two have come.</param>
/// <param name="SoundAhead">
/// How far the sound's timestamps are ahead of those of the pictures that came with it; null unless there are both. Players show both
/// together only where they buffer as much.
/// </param>
/// <param name="Jitter">The mean difference of two pictures' distances by arrival and by timestamp; of sound where that is all.</param>
/// <param name="LongestPause">The longest time in which nothing came, since it publishes.</param>
/// <param name="LeftOut">Messages left out of the stream, since it began: there was no room, or no configuration for them.</param>
/// <param name="Malformed">Messages of this publisher that were not understood.</param>
/// <param name="Viewers">Who watches it, the paused ones among them.</param>
/// <param name="Latency">The median of its viewers' <see cref="PlayerSnapshot.Latency"/>; null where none has one.</param>
/// <param name="WorstLatency">The 99th percentile of its viewers' <see cref="PlayerSnapshot.WorstLatency"/>.</param>
/// <param name="WorstLag">The longest <see cref="PlayerSnapshot.Lag"/> of a viewer who plays; null where none does.</param>
public sealed record StreamSnapshot(
    string Name, long PublisherId, IPEndPoint? Publisher, TimeSpan Published, TimeSpan Silence, double VideoBitsPerSecond,
    double AudioBitsPerSecond, double FrameRate, TimeSpan? KeyframeInterval, TimeSpan? SoundAhead, TimeSpan Jitter,
    TimeSpan LongestPause, long LeftOut, long Malformed, int Viewers, TimeSpan? Latency, TimeSpan? WorstLatency, TimeSpan? WorstLag);
