using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>Reads <c>elst</c> (ISO/IEC 14496-12, 8.6.6).</summary>
internal static class EditListBox
{
    /// <param name="box">The body of the box.</param>
    /// <param name="timescale">The track's.</param>
    /// <param name="movieTimescale">The movie's, in which the durations are.</param>
    /// <param name="limits">How many entries there may be.</param>
    /// <exception cref="Mp4FormatException">An entry cannot be, or there are too many, or the movie has no timescale.</exception>
    internal static Edit[] Parse(BoxReader box, uint timescale, uint movieTimescale, MediaLimits limits)
    {
        // version(8) | flags(24) | entry_count(32)
        // | { segment_duration(32 or 64) | media_time(32 or 64) | media_rate_integer(16) | media_rate_fraction(16) } * entry_count
        byte version = box.ReadVersion(1, out _);
        int count = box.ReadCount(version == 0 ? 12 : 20);
        if (count > limits.Edits)
        {
            box.FailLimit($"there are {count} edits", nameof(MediaLimits.Edits), limits.Edits);
        }

        if (count > 0 && movieTimescale == 0)
        {
            box.Fail(Mp4Error.BadTimescale, "an edit list needs the movie's timescale, which is 0");
        }

        Edit[] edits = new Edit[count];
        for (int i = 0; i < count; i++)
        {
            BoxReader entry = box;
            ulong duration = version == 0 ? box.ReadUInt32() : box.ReadUInt64();
            long mediaTime = version == 0 ? box.ReadInt32() : (long)box.ReadUInt64();
            int rate = box.ReadInt32();
            if (mediaTime < -1)
            {
                entry.Fail(Mp4Error.BadEditList, $"edit {i + 1} begins at the media time {mediaTime}");
            }

            if (mediaTime > Edit.Longest)
            {
                entry.Fail(Mp4Error.BadEditList, $"edit {i + 1} begins at the media time {mediaTime}, past any media");
            }

            long ticks = ToTicks(duration, timescale, movieTimescale);
            // A duration of 0 that is not a pause means "from there on": fragmented files write it before they know better.
            if (ticks == 0 && mediaTime >= 0 && i == count - 1)
            {
                ticks = Edit.Longest;
            }
            // A rate of 0 holds one picture still. Players hold the last picture by themselves, so that is time passing, too.
            edits[i] = new Edit(mediaTime, ticks, mediaTime == -1 || rate == 0);
        }

        return edits;
    }

    /// <summary>Rounds to the nearest tick; exact, whatever the timescales are.</summary>
    private static long ToTicks(ulong duration, uint timescale, uint movieTimescale)
    {
        UInt128 ticks = ((UInt128)duration * timescale + movieTimescale / 2) / movieTimescale;
        return ticks > (UInt128)Edit.Longest ? Edit.Longest : (long)ticks;
    }
}
