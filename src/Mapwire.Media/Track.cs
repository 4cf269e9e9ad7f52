using System.Collections.Immutable;
using Mapwire.Media.Codecs;
using Mapwire.Media.Tables;

namespace Mapwire.Media;

/// <summary>One track of a <see cref="Movie"/>.</summary>
public sealed class Track
{
    /// <summary>The track's number in its file (<c>track_ID</c>).</summary>
    public required uint Id { get; init; }

    /// <summary>Picture, sound or something else.</summary>
    public required TrackKind Kind { get; init; }

    /// <summary>The type of the first sample entry, such as <c>avc1</c>; zero when the track has none.</summary>
    public FourCc SampleEntry { get; init; }

    /// <summary>The handler that the file names: <c>vide</c>, <c>soun</c>, <c>text</c> and the like.</summary>
    public FourCc Handler { get; init; }

    /// <summary>ISO 639-2 code or BCP 47 tag; null when the file says nothing or <c>und</c>.</summary>
    public string? Language { get; init; }

    /// <summary>Whether the track takes part in the presentation by default (<c>tkhd</c> flag 1).</summary>
    public bool IsEnabled { get; init; }

    /// <summary>Ticks a second of <see cref="Sample.DecodeTime"/>; 0 only in a track that cannot be played.</summary>
    public uint Timescale { get; init; }

    /// <summary>A configuration a sample description (<see cref="Sample.Description"/> points into it); empty when not playable.</summary>
    public ImmutableArray<CodecConfiguration> Codecs { get; internal set; } = [];

    /// <summary>The configuration of the first sample; null when nobody can play the track.</summary>
    public CodecConfiguration? Codec { get; internal set; }

    /// <summary>
    /// Why the track cannot be played by every client; null when it can. A track with a <see cref="Codec"/> can still be played by those
    /// that offer the codec in Enhanced RTMP.
    /// </summary>
    public string? UnplayableReason { get; init; }

    /// <summary>Where the file says so, or else where it describes the track.</summary>
    public FileLocation Place { get; init; }

    /// <summary>The samples in decoding order, edit list applied; empty when nobody can play the track.</summary>
    public SampleTable Samples { get; init; } = SampleTable.Empty;

    /// <summary>How many samples the file announces, before any edit list; 0 where it announces none (fragments, FLV).</summary>
    public long DeclaredSamples { get; init; }

    /// <summary>How many of <see cref="DeclaredSamples"/> are not there, since the file ends before them.</summary>
    public long MissingSamples { get; init; }

    /// <summary>How many samples are played; for a track that is not, how many the file declares.</summary>
    public long SampleCount { get; init; }

    /// <summary>The sum of the sizes of the samples that are played.</summary>
    public long Bytes { get; init; }

    /// <summary>
    /// The first sample's decode time in ticks, which is the smallest. A server shifts all tracks by one constant, so that the smallest
    /// of all becomes 0.
    /// </summary>
    public long FirstDecodeTime { get; init; }

    /// <summary>
    /// When the first picture or sound of the presentation is presented, in ticks. Samples of an earlier
    /// <see cref="Sample.PresentationTime"/>
    /// are the run-up: an edit list hides them, and a decoder needs them.
    /// </summary>
    public long PresentationStart { get; init; }

    /// <summary>Frame rate, bit rate, distance of sync samples.</summary>
    public TrackRates Rates { get; init; }

    /// <summary>How long the track is presented, edit list applied, a leading empty edit included.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Picture width in pixels, from the parameter sets or else from the sample entry; 0 for sound.</summary>
    public int Width { get; internal set; }

    /// <summary>Picture height in pixels, from the parameter sets or else from the sample entry; 0 for sound.</summary>
    public int Height { get; internal set; }

    /// <summary>What the file says about colour beside the samples; null when nothing, and for sound.</summary>
    public VideoColor? Color { get; init; }

    /// <summary>Sound samples a second as they come out of the decoder; 0 for pictures.</summary>
    public int SampleRate { get; init; }

    /// <summary>Sound channels as they come out of the decoder; 0 for pictures.</summary>
    public int Channels { get; init; }

    /// <summary>The sample descriptions, one for each of <see cref="Codecs"/>.</summary>
    internal ImmutableArray<SampleDescription> Descriptions { get; init; } = [];

    /// <summary>How the file puts the track on the screen; null where it does not say.</summary>
    internal TrackDisplay? Display { get; init; }

    /// <summary>Replaces a configuration by one that says more, before anyone is given the track.</summary>
    internal void SetCodec(int description, CodecConfiguration codec)
    {
        bool isFirst = ReferenceEquals(Codec, Codecs[description]);
        Codecs = Codecs.SetItem(description, codec);
        if (!isFirst)
        {
            return;
        }

        Codec = codec;
        (Width, Height) = PictureSize.Choose((Width, Height), codec.Picture);
    }
}
