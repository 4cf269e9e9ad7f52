using System.Collections.Immutable;

namespace Mapwire.Media.Codecs;

/// <summary>
/// All that is particular to one codec: its codes and numbers in each container and protocol, and how its records are read.
/// </summary>
/// <remarks>
/// Nothing outside of this folder names a codec: who reads or writes MP4, FLV or RTMP asks. A new codec is a file here with a class of this
/// type and its <see cref="CodecConfiguration"/>, a line in <see cref="CodecList"/>, and a test (ARCHITECTURE.md, "To add a codec"). It has
/// no state.
/// </remarks>
public abstract class Codec
{
    /// <param name="kind">Picture or sound.</param>
    /// <param name="fourCc">See <see cref="FourCc"/>.</param>
    private protected Codec(TrackKind kind, string fourCc) => (Kind, FourCc) = (kind, new FourCc(fourCc));

    /// <summary>Picture or sound.</summary>
    public TrackKind Kind { get; }

    /// <summary>The four-character code that names the codec in Enhanced RTMP, or else one that is used for it elsewhere.</summary>
    public FourCc FourCc { get; }

    /// <summary>Whether Enhanced RTMP has <see cref="FourCc"/>, so that clients offer it; default yes.</summary>
    public bool IsEnhanced { get; private protected init; } = true;

    /// <summary>Whether no decoder of a stream starts without a sequence header; default yes.</summary>
    public bool NeedsSequenceHeader { get; private protected init; } = true;

    /// <summary>
    /// Whether headers tell when a picture is presented, if it is later than it is decoded; default no, and pictures are shown in the order
    /// in which they are sent.
    /// </summary>
    public bool HasCompositionTime { get; private protected init; }

    /// <summary>The numbers that name the codec in the plain headers of FLV and RTMP, four bits each; default none.</summary>
    public ImmutableArray<byte> PlainNumbers { get; private protected init; } = [];

    /// <summary>Whether every client knows those numbers; default no.</summary>
    public bool HasPlainHeader { get; private protected init; }

    /// <summary>
    /// Bytes at the start of a frame that know rate and channels better than what a container says beside them; default 0, where the
    /// container knows.
    /// </summary>
    public int FrameHeaderLength { get; private protected init; }

    /// <summary>The sample entries of MP4 and QuickTime that the codec is read of; default none.</summary>
    internal ImmutableArray<string> SampleEntries { get; private protected init; } = [];

    /// <summary>Those of <see cref="SampleEntries"/> in which the pictures may be of Dolby Vision; default none.</summary>
    internal ImmutableArray<string> DolbyVisionEntries { get; private protected init; } = [];

    /// <summary>The box in a sample entry that has the configuration; null where there is none.</summary>
    internal FourCc? ConfigurationBox { get; private protected init; }

    /// <summary>The version of <see cref="ConfigurationBox"/>, with flags of 0 behind it; null where it begins with the record.</summary>
    internal byte? BoxVersion { get; private protected init; }

    /// <summary>
    /// The numbers in the descriptors of <c>esds</c> (<c>objectTypeIndication</c>, ISO/IEC 14496-1, 7.2.6.6), first the one that is
    /// written; default none.
    /// </summary>
    internal ImmutableArray<byte> ObjectTypes { get; private protected init; } = [];

    /// <summary>
    /// Whether the size of pictures is in the configuration's parameter sets, of which the sample entry has the cropped one (ISO/IEC
    /// 14496-15, 5.4.2.1); default no.
    /// </summary>
    internal bool HasParameterSets { get; private protected init; }

    /// <summary>Parses what a sequence header carries, which for most codecs is what MP4 has, too.</summary>
    /// <param name="record">What follows the message's header.</param>
    /// <returns>Null for a codec that has no record.</returns>
    /// <exception cref="CodecFormatException">It is malformed.</exception>
    public virtual CodecConfiguration? ReadRecord(ReadOnlySpan<byte> record) => null;

    /// <summary>Describes sound or pictures that come without a record.</summary>
    /// <param name="frame">The start of the first one, without header.</param>
    /// <param name="plainHeader">The first byte of the plain header; null where there is none.</param>
    /// <returns>Null for a codec that has a record, and when this is no such frame.</returns>
    public virtual CodecConfiguration? ReadFrame(ReadOnlySpan<byte> frame, byte? plainHeader = null) => null;

    /// <summary>Parses the configuration in a sample entry.</summary>
    /// <param name="box">
    /// <see cref="ConfigurationBox"/> behind version and flags, or the specific information of the descriptor; empty where there is none.
    /// </param>
    /// <param name="rate">As the entry says it, in Hz; 0 for pictures.</param>
    /// <param name="channels">As the entry says it; 0 for pictures.</param>
    /// <param name="reason">Why it cannot be played, when the answer is null.</param>
    /// <exception cref="CodecFormatException">It is malformed.</exception>
    internal virtual CodecConfiguration? ReadBox(ReadOnlySpan<byte> box, int rate, int channels, out string? reason)
    {
        reason = null;
        return ReadRecord(box);
    }
}
