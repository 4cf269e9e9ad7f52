using System.Text;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// Writes the boxes of a <c>moov</c> that say what a track is (ISO/IEC 14496-12, 8.3 and 8.4), for fragments and for whole files.
/// </summary>
internal static class TrackBoxWriter
{
    private const uint Smhd = 's' << 24 | 'm' << 16 | 'h' << 8 | 'd';
    private const uint Vmhd = 'v' << 24 | 'm' << 16 | 'h' << 8 | 'd';


    /// <summary>No rotation: 1 0 0, 0 1 0, 0 0 1 in 16.16 and 2.30.</summary>
    private static ReadOnlySpan<byte> Identity =>
    [
        0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0,
    ];

    internal static void WriteFileType(BoxWriter writer, ReadOnlySpan<byte> major, uint minor, ReadOnlySpan<byte> compatible)
    {
        int ftyp = writer.Begin(BoxType.Ftyp);
        writer.Write(major);
        writer.WriteUInt32(minor);
        writer.Write(compatible);
        writer.End(ftyp);
    }

    /// <param name="writer">Where to.</param>
    /// <param name="timescale">Ticks a second of durations in the <c>moov</c>.</param>
    /// <param name="duration">In these ticks; 0 where fragments say.</param>
    /// <param name="tracks">How many tracks follow, numbered from 1.</param>
    internal static void WriteMovieHeader(BoxWriter writer, uint timescale, ulong duration, uint tracks)
    {
        // creation_time | modification_time | timescale(32) | duration | rate(16.16) | volume(8.8) | reserved[10] | matrix(32)[9]
        // | pre_defined(32)[6] | next_track_ID(32); times and durations have 32 bits in version 0, 64 in version 1
        bool isLong = duration > uint.MaxValue;
        int mvhd = writer.Begin(BoxType.Mvhd, (byte)(isLong ? 1 : 0), 0);
        writer.WriteZeros(isLong ? 16 : 8);
        writer.WriteUInt32(timescale);
        WriteDuration(writer, isLong, duration);
        writer.WriteUInt32(1 << 16);
        writer.WriteUInt16(1 << 8);
        writer.WriteZeros(10);
        writer.Write(Identity);
        writer.WriteZeros(24);
        writer.WriteUInt32(tracks + 1);
        writer.End(mvhd);
    }

    /// <param name="writer">Where to.</param>
    /// <param name="track">The track.</param>
    /// <param name="duration">In ticks of the movie; 0 where fragments say.</param>
    internal static void WriteTrackHeader(BoxWriter writer, TimelineTrack track, ulong duration)
    {
        // creation_time | modification_time | track_ID(32) | reserved(32) | duration | reserved(32)[2] | layer(16) | alternate_group(16)
        // | volume(8.8) | reserved(16) | matrix(32)[9] | width(16.16) | height(16.16)
        const uint enabled = 1;
        const uint inMovie = 2;
        Track source = track.Source;
        bool isVideo = source.Kind == TrackKind.Video;
        bool isLong = duration > uint.MaxValue;
        int tkhd = writer.Begin(BoxType.Tkhd, (byte)(isLong ? 1 : 0), enabled | inMovie);
        writer.WriteZeros(isLong ? 16 : 8);
        writer.WriteUInt32(track.Id);
        writer.WriteZeros(4);
        WriteDuration(writer, isLong, duration);
        writer.WriteZeros(10);
        writer.WriteUInt16(isVideo ? 0 : 1); // sounds are alternatives of each other
        writer.WriteUInt16(isVideo ? 0 : 1 << 8);
        writer.WriteZeros(2);
        writer.Write(source.Display is { } display ? display.Matrix.AsSpan() : Identity);
        writer.WriteUInt32(source.Display is { Width: > 0 } wide ? wide.Width : (uint)Math.Min(source.Width, ushort.MaxValue) << 16);
        writer.WriteUInt32(source.Display is { Height: > 0 } high ? high.Height : (uint)Math.Min(source.Height, ushort.MaxValue) << 16);
        writer.End(tkhd);
    }

    /// <summary>Writes <c>mdhd</c> and <c>hdlr</c>, and <c>elng</c> where <c>mdhd</c> has no room for the language.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="track">The track.</param>
    /// <param name="duration">In ticks of the track; 0 where fragments say.</param>
    internal static void WriteMediaHeaders(BoxWriter writer, TimelineTrack track, ulong duration)
    {
        // creation_time | modification_time | timescale(32) | duration | pad(1) language(5)[3] | pre_defined(16)
        bool isLong = duration > uint.MaxValue;
        string? language = track.Source.Language;
        int mdhd = writer.Begin(BoxType.Mdhd, (byte)(isLong ? 1 : 0), 0);
        writer.WriteZeros(isLong ? 16 : 8);
        writer.WriteUInt32(track.Timescale);
        WriteDuration(writer, isLong, duration);
        writer.WriteUInt16(LanguageCode.ToPacked(language));
        writer.WriteUInt16(0);
        writer.End(mdhd);
        // pre_defined(32) | handler_type(32) | reserved(32)[3] | name, ended by a zero byte
        int hdlr = writer.Begin(BoxType.Hdlr, 0, 0);
        writer.WriteZeros(4);
        writer.Write(track.Source.Kind == TrackKind.Video ? "vide"u8 : "soun"u8);
        writer.WriteZeros(13);
        writer.End(hdlr);
        if (language is not null && !LanguageCode.IsPackable(language))
        {
            int elng = writer.Begin(BoxType.Elng, 0, 0);
            writer.Write(Encoding.ASCII.GetBytes(language));
            writer.WriteByte(0);
            writer.End(elng);
        }
    }

    /// <summary>Writes what stands before <c>stbl</c> in <c>minf</c>: the media header, and that all samples are in this file.</summary>
    internal static void WriteMediaInformation(BoxWriter writer, TimelineTrack track)
    {
        if (track.Source.Kind == TrackKind.Video)
        {
            int vmhd = writer.Begin(Vmhd, 0, 1);
            writer.WriteZeros(8);
            writer.End(vmhd);
        }
        else
        {
            int smhd = writer.Begin(Smhd, 0, 0);
            writer.WriteZeros(4);
            writer.End(smhd);
        }

        int dinf = writer.Begin(BoxType.Dinf);
        int dref = writer.Begin(BoxType.Dref, 0, 0);
        writer.WriteUInt32(1);
        writer.End(writer.Begin(BoxType.Url, 0, 1));
        writer.End(dref);
        writer.End(dinf);
    }

    /// <summary>Writes <c>stsd</c>.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="track">The track.</param>
    /// <param name="descriptions">Those that samples use, in the order in which they are counted.</param>
    internal static void WriteDescriptions(BoxWriter writer, TimelineTrack track, ReadOnlySpan<int> descriptions)
    {
        int stsd = writer.Begin(BoxType.Stsd, 0, 0);
        writer.WriteUInt32((uint)descriptions.Length);
        foreach (int description in descriptions)
        {
            writer.Write(SampleEntryWriter.Create(track.Source, description));
        }

        writer.End(stsd);
    }

    private static void WriteDuration(BoxWriter writer, bool isLong, ulong duration)
    {
        if (isLong)
        {
            writer.WriteUInt64(duration);
        }
        else
        {
            writer.WriteUInt32((uint)duration);
        }
    }
}
