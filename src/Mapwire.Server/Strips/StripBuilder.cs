using Mapwire.Media;
using Mapwire.Server.Catalog;

namespace Mapwire.Server.Strips;

/// <summary>Merges the playable tracks of a movie into one strip.</summary>
internal static class StripBuilder
{
    /// <summary>Builds the strip of a movie's first playable video and first playable audio track.</summary>
    /// <exception cref="TitleException">No track is playable, or a sample is beyond what RTMP can carry.</exception>
    public static Strip Build(Track? video, Track? audio)
    {
        long shift = Shift(video, audio);
        List<StripEntry> videoEntries = video is null ? [] : Convert(video, isVideo: true, shift);
        List<StripEntry> audioEntries = audio is null ? [] : Convert(audio, isVideo: false, shift);
        StripEntry[] merged = new StripEntry[videoEntries.Count + audioEntries.Count];
        List<int> syncPoints = [];
        int v = 0;
        int a = 0;
        for (int i = 0; i < merged.Length; i++)
        {
            bool takeVideo = a == audioEntries.Count || (v < videoEntries.Count && videoEntries[v].Time <= audioEntries[a].Time);
            merged[i] = takeVideo ? videoEntries[v++] : audioEntries[a++];
            if (merged[i].IsSync && merged[i].IsVideo == (video is not null))
            {
                syncPoints.Add(i);
            }
        }

        if (syncPoints.Count == 0)
        {
            throw new TitleException(TitleError.NotPlayable, "no sync sample to start from");
        }

        double presented = Math.Max(video?.Duration.TotalMilliseconds ?? 0, audio?.Duration.TotalMilliseconds ?? 0);
        long end = Math.Max((long)Math.Round(presented) + shift, merged[^1].Time);
        return new Strip(merged, [.. syncPoints], end);
    }

    /// <summary>
    /// What all tracks are moved by, so that the earliest decode time is 0: RTMP has no negative time, and moving the tracks
    /// together keeps them in sync. In milliseconds.
    /// </summary>
    public static long Shift(Track? video, Track? audio)
    {
        long earliest = Math.Min(Earliest(video), Earliest(audio));
        return earliest == long.MaxValue ? 0 : -earliest;
    }

    /// <summary>Ticks to milliseconds, rounded to the nearest, in 128 bits: exact for any time and scale.</summary>
    public static long ToMilliseconds(long ticks, uint timescale)
    {
        Int128 doubled = ((Int128)ticks * 2000) + timescale;
        Int128 divisor = (Int128)timescale * 2;
        Int128 quotient = doubled / divisor;
        return (long)(doubled % divisor < 0 ? quotient - 1 : quotient);
    }

    private static long Earliest(Track? track)
    {
        if (track is null)
        {
            return long.MaxValue;
        }

        foreach (Sample sample in track.Samples)
        {
            return ToMilliseconds(sample.DecodeTime, track.Timescale); // decode times ascend
        }

        return long.MaxValue;
    }

    private static List<StripEntry> Convert(Track track, bool isVideo, long shift)
    {
        List<StripEntry> entries = new(checked((int)track.Samples.Count));
        foreach (Sample sample in track.Samples)
        {
            long time = ToMilliseconds(sample.DecodeTime, track.Timescale);
            long composition = ToMilliseconds(sample.DecodeTime + sample.CompositionOffset, track.Timescale) - time;
            time += shift;
            Check(sample.Description == 0 || track.Codecs[sample.Description] == track.Codec, track, entries.Count, "has another configuration of its codec than the first, which players are told only once");
            Check(sample.Size <= StripEntry.MaxSize, track, entries.Count, $"has {sample.Size} bytes; an RTMP message carries {StripEntry.MaxSize}");
            Check(sample.Offset <= StripEntry.MaxOffset, track, entries.Count, $"lies at {sample.Offset}, past 16 TiB");
            Check(time is >= 0 and <= StripEntry.MaxTime, track, entries.Count, $"is due at {time} ms");
            Check(Math.Abs(composition) <= StripEntry.MaxComposition, track, entries.Count, $"is shown {composition} ms after it is decoded");
            entries.Add(new StripEntry(time, (int)composition, sample.Offset, (int)sample.Size, isVideo, sample.IsSync));
        }

        return entries;
    }

    private static void Check(bool holds, Track track, int index, string what)
    {
        if (!holds)
        {
            throw new TitleException(TitleError.NotPlayable, $"track {track.Id}: sample {index} {what}");
        }
    }
}
