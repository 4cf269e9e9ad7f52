namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// Makes init segments (ISO/IEC 14496-12, 8.8): a <c>moov</c> without samples, and no edit list, since most players ignore it. The brand is
/// <c>iso6</c>: <c>default-base-is-moof</c> needs it, and CMAF's brands would promise one track and one run.
/// </summary>
internal static class InitSegment
{
    private const uint MovieTimescale = 1000;

    /// <param name="tracks">Each with the sample descriptions that its fragments use, in the order in which they count them.</param>
    /// <param name="duration">How long all fragments last, for players that get them as one file; null where a playlist says.</param>
    /// <exception cref="Mp4WritingException">A codec is one of FLV alone.</exception>
    internal static ReadOnlyMemory<byte> Create(IReadOnlyList<(TimelineTrack Track, int[] Descriptions)> tracks, TimeSpan? duration = null)
    {
        BoxWriter writer = new(1024);
        TrackBoxWriter.WriteFileType(writer, "iso6"u8, 0, "iso6dashmp41"u8);
        int moov = writer.Begin(BoxType.Moov);
        TrackBoxWriter.WriteMovieHeader(writer, MovieTimescale, 0, tracks.Max(static track => track.Track.Id));
        foreach ((TimelineTrack track, int[] descriptions) in tracks)
        {
            int trak = writer.Begin(BoxType.Trak);
            TrackBoxWriter.WriteTrackHeader(writer, track, 0);
            int mdia = writer.Begin(BoxType.Mdia);
            TrackBoxWriter.WriteMediaHeaders(writer, track, 0);
            int minf = writer.Begin(BoxType.Minf);
            TrackBoxWriter.WriteMediaInformation(writer, track);
            int stbl = writer.Begin(BoxType.Stbl);
            TrackBoxWriter.WriteDescriptions(writer, track, descriptions);
            WriteEmpty(writer, BoxType.Stts, 4);
            WriteEmpty(writer, BoxType.Stsc, 4);
            WriteEmpty(writer, BoxType.Stsz, 8);
            WriteEmpty(writer, BoxType.Stco, 4);
            writer.End(stbl);
            writer.End(minf);
            writer.End(mdia);
            writer.End(trak);
        }

        int mvex = writer.Begin(BoxType.Mvex);
        if (duration is { } length)
        {
            // fragment_duration(64)
            int mehd = writer.Begin(BoxType.Mehd, 1, 0);
            writer.WriteUInt64((ulong)Math.Max(0, length.Ticks / TimeSpan.TicksPerMillisecond));
            writer.End(mehd);
        }

        foreach ((TimelineTrack track, _) in tracks)
        {
            // track_ID(32) | default_sample_description_index(32) | default_sample_duration(32) | size(32) | flags(32)
            int trex = writer.Begin(BoxType.Trex, 0, 0);
            writer.WriteUInt32(track.Id);
            writer.WriteUInt32(1);
            writer.WriteZeros(12);
            writer.End(trex);
        }

        writer.End(mvex);
        writer.End(moov);
        return writer.ToMemory();
    }

    private static void WriteEmpty(BoxWriter writer, uint type, int fields)
    {
        int box = writer.Begin(type, 0, 0);
        writer.WriteZeros(fields);
        writer.End(box);
    }
}
