namespace Mapwire.Media;

/// <summary>What a track's samples amount to: the numbers of a metadata message and of a report.</summary>
/// <param name="FrameRate">Samples a second, the average over the decode times; 0 with fewer than two. The run-up to an edit, whose samples
/// share one time, does not count.</param>
/// <param name="BitRate">Bits a second over the track's duration, the average; 0 when it has no duration.</param>
/// <param name="SyncSamples">How many samples decoding can start at.</param>
/// <param name="SyncInterval">
/// The average decode time from one of them to the next, or to the end of the samples; zero when there is none.
/// </param>
/// <param name="LongestSyncInterval">The longest such time.</param>
/// <param name="LargestSample">In bytes.</param>
public readonly record struct TrackRates(
    double FrameRate, double BitRate, long SyncSamples, TimeSpan SyncInterval, TimeSpan LongestSyncInterval, uint LargestSample)
{
    internal static TrackRates Measure(SampleTable samples, uint timescale, TimeSpan duration, out long bytes, out long earliest,
        out long firstPresented)
    {
        bytes = 0;
        earliest = 0;
        firstPresented = long.MaxValue;
        long count = 0;
        long last = 0;
        long steps = 0;
        long firstSync = 0;
        long lastSync = 0;
        long syncs = 0;
        long longest = 0;
        uint largest = 0;
        foreach (Sample sample in samples)
        {
            if (count++ == 0)
            {
                earliest = sample.DecodeTime;
            }

            if (sample.IsSync)
            {
                firstSync = syncs++ == 0 ? sample.DecodeTime : firstSync;
                longest = Math.Max(longest, syncs == 1 ? 0 : sample.DecodeTime - lastSync);
                lastSync = sample.DecodeTime;
            }

            steps += count > 1 && sample.DecodeTime != last ? 1 : 0;
            last = sample.DecodeTime;
            bytes += sample.Size;
            firstPresented = Math.Min(firstPresented, sample.PresentationTime);
            largest = Math.Max(largest, sample.Size);
        }

        // The last sample takes as long as the others; one alone takes all the time.
        long end = last + (steps > 0 ? (last - earliest) / steps : (long)(duration.TotalSeconds * timescale));
        longest = syncs == 0 ? 0 : Math.Max(longest, end - lastSync);
        double seconds = (double)(last - earliest) / timescale;
        return new TrackRates(
            seconds > 0 ? steps / seconds : 0,
            duration > TimeSpan.Zero ? bytes * 8 / duration.TotalSeconds : 0,
            syncs,
            syncs == 0 ? TimeSpan.Zero : Ticks.ToTimeSpan(end - firstSync, timescale) / syncs,
            Ticks.ToTimeSpan(longest, timescale),
            largest);
    }
}
