using Mapwire.Media.Codecs;
using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// Init segment and fragments of one track whose samples are known a few at a time, as those of a live stream are. Immutable; any number
/// of threads may use it.
/// </summary>
/// <remarks>The form of all boxes is that of <see cref="Rendition"/>.</remarks>
public sealed class TrackFragments
{
    private readonly TimelineTrack _track;

    /// <param name="codec">Of all samples.</param>
    /// <param name="id">The number of the track in what is written (<c>track_ID</c>), from 1.</param>
    /// <param name="timescale">Ticks a second.</param>
    /// <exception cref="Mp4WritingException">The codec is one of FLV alone.</exception>
    public TrackFragments(CodecConfiguration codec, uint id, uint timescale)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentOutOfRangeException.ThrowIfZero(id);
        ArgumentOutOfRangeException.ThrowIfZero(timescale);
        (int width, int height) = codec.Picture ?? default;
        Track source = new()
        {
            Id = id,
            Kind = codec.Codec.Kind,
            Timescale = timescale,
            Codecs = [codec],
            Codec = codec,
            Width = width,
            Height = height,
            SampleRate = codec.SampleRate,
            Channels = codec.Channels,
            Descriptions =
            [
                new SampleDescription
                {
                    Type = default, Codec = codec, Width = width, Height = height, SampleRate = codec.SampleRate, Channels = codec.Channels,
                },
            ],
        };
        _track = new TimelineTrack(source, id, WritingLimits.Default);
        byte[] entry = SampleEntryWriter.Create(source, 0);

        // The name begins with the entry that is written, where a codec has two.
        CodecsParameter = codec.Rfc6381 is { } name ? string.Concat(FourCc.Read(entry.AsSpan(4)).ToString(), name.AsSpan(4)) : null;
    }

    /// <summary>Whether MP4 has a place for a codec; FLV's own it has not.</summary>
    public static bool Takes(CodecConfiguration codec)
    {
        ArgumentNullException.ThrowIfNull(codec);
        return !codec.Codec.ObjectTypes.IsEmpty || codec.Codec.ConfigurationBox is not null;
    }

    /// <summary>The <c>codecs</c> parameter of RFC 6381; null when the codec has none.</summary>
    public string? CodecsParameter { get; }

    /// <summary>Ticks a second.</summary>
    public uint Timescale => _track.Timescale;

    /// <summary>An init segment for some tracks: <c>ftyp</c> and <c>moov</c>.</summary>
    /// <param name="tracks">At least one, pictures first, each with a number of its own.</param>
    public static ReadOnlyMemory<byte> CreateInit(params IReadOnlyList<TrackFragments> tracks) =>
        InitSegment.Create([.. tracks.Select(static one => (one._track, (int[])[0]))]);

    /// <summary>The headers of a fragment, <c>moof</c> and those of its <c>mdat</c>; the samples follow, one behind the other.</summary>
    /// <param name="sequence">The fragment's number, from 1.</param>
    /// <param name="samples">At least one; their offsets do not count.</param>
    /// <param name="hasType">Whether a <c>styp</c> comes first.</param>
    /// <exception cref="Mp4WritingException">A time does not fit.</exception>
    public ReadOnlyMemory<byte> CreateHeaders(uint sequence, ReadOnlySpan<TimedSample> samples, bool hasType)
    {
        ArgumentOutOfRangeException.ThrowIfZero(samples.Length);
        return FragmentWriter.WriteRun(sequence, _track, samples, hasType);
    }
}
