using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Mapwire.Media;
using Mapwire.Media.Flv;

namespace Mapwire.Server.Strips;

/// <summary>
/// The codec header of a track's samples, made once: a template of which a sample only fills in the frame type, the composition time
/// and the nanoseconds. Its length is the same for all samples of a track, so a message's length is known without writing it.
/// </summary>
internal readonly record struct SampleHeader
{
    /// <summary>The longest header; the template is written with two stores of eight bytes, whatever its length.</summary>
    public const int MaxLength = 16;

    /// <summary>
    /// Where the nanoseconds stand in a header that has them: behind the first byte and their length (Enhanced RTMP v2, ModEx).
    /// </summary>
    private const int NanosecondsAt = 2;

    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _compositionMask; // of the first eight bytes, where the composition time stands in them; else 0
    private readonly byte _frameTypeMask; // of the first byte; 0: has none
    private readonly byte _compositionAt; // 0: has none
    private readonly bool _hasNanoseconds;
    private readonly bool _isLong; // more than the first eight bytes change from sample to sample

    private SampleHeader(ReadOnlySpan<byte> template, int length, int compositionAt, bool hasNanoseconds, bool isVideo)
    {
        Length = (byte)length;
        _first = BinaryPrimitives.ReadUInt64LittleEndian(template);
        _second = BinaryPrimitives.ReadUInt64LittleEndian(template[8..]);
        _compositionAt = (byte)compositionAt;
        _compositionMask = compositionAt is > 0 and <= sizeof(ulong) - 3 ? 0xFFFFFFUL << (8 * compositionAt) : 0;
        _frameTypeMask = (byte)(isVideo ? 0x70 : 0);
        _hasNanoseconds = hasNanoseconds;
        _isLong = hasNanoseconds || (compositionAt > 0 && _compositionMask == 0);
    }

    /// <summary>Bytes of the header.</summary>
    public byte Length { get; }

    /// <summary>Whether the header tells a picture's composition time; else the message's time is when it is shown.</summary>
    public bool HasComposition => _compositionAt > 0;

    /// <summary>Whether the header tells what the message's time is short of.</summary>
    public bool HasNanoseconds => _hasNanoseconds;

    /// <summary>
    /// A plain header of AVC, of HEVC with the number that players agreed on, or of an older codec: those have no composition time.
    /// </summary>
    public static SampleHeader PlainVideo(VideoCodecId codec)
    {
        Span<byte> template = stackalloc byte[MaxLength];
        int length = new VideoTagHeader(default, codec, AvcPacketType.NalUnits, 0).WriteTo(template);
        return new SampleHeader(template, length, Math.Max(0, length - 3), hasNanoseconds: false, isVideo: true);
    }

    /// <summary>A plain header of sound.</summary>
    public static SampleHeader PlainAudio(AudioTagHeader header)
    {
        Span<byte> template = stackalloc byte[MaxLength];
        return new SampleHeader(template, header.WriteTo(template), 0, hasNanoseconds: false, isVideo: false);
    }

    /// <summary>A header of Enhanced RTMP. A composition time of 0 is written, too, so that the length stays the same.</summary>
    /// <param name="codec">Such as AVC.</param>
    /// <param name="hasNanoseconds">Whether there is room for them.</param>
    /// <param name="track">The number among several video tracks; 0 is the one that needs none.</param>
    public static SampleHeader ExtendedVideo(FourCc codec, bool hasNanoseconds, int track = 0)
    {
        Span<byte> template = stackalloc byte[ExVideoTagHeader.MaxLength];
        ExVideoTagHeader header = new(default, VideoPacketType.CodedFrames, codec)
        {
            NanosecondOffset = hasNanoseconds ? 1 : 0,
            Track = track > 0 ? new ExtendedTrack(MultitrackType.OneTrack, (byte)track, 0) : null,
        };
        int length = header.WriteTo(template);
        return new SampleHeader(template, length, header.HasCompositionTime ? length - 3 : 0, hasNanoseconds, isVideo: true);
    }

    /// <summary>A header of Enhanced RTMP.</summary>
    /// <param name="codec">Such as Opus.</param>
    /// <param name="track">The number among several audio tracks; 0 is the one that needs none.</param>
    /// <param name="hasNanoseconds">Whether there is room for them.</param>
    public static SampleHeader ExtendedAudio(FourCc codec, int track, bool hasNanoseconds)
    {
        Span<byte> template = stackalloc byte[MaxLength];
        ExAudioTagHeader header = new(AudioPacketType.CodedFrames, codec)
        {
            NanosecondOffset = hasNanoseconds ? 1 : 0,
            Track = track > 0 ? new ExtendedTrack(MultitrackType.OneTrack, (byte)track, 0) : null,
        };
        return new SampleHeader(template, header.WriteTo(template), 0, hasNanoseconds, isVideo: false);
    }

    /// <summary>Writes a sample's header.</summary>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes, of which the first <see cref="Length"/> count.</param>
    /// <param name="syncBit">1 where decoding can start with it, else 0.</param>
    /// <param name="composition">Its composition offset for the player, in milliseconds.</param>
    /// <param name="nanoseconds">What its time is short of.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteTo(Span<byte> destination, int syncBit, int composition, int nanoseconds)
    {
        // Without a branch that is another one for sound than for pictures (StripEntry.VideoBit).
        uint frameType = (uint)((int)VideoFrameType.Inter - (syncBit * (VideoFrameType.Inter - VideoFrameType.Key))) << 4;
        ulong bigEndian = BinaryPrimitives.ReverseEndianness((uint)composition) >> 8;
        ulong first = _first | (frameType & _frameTypeMask) | ((bigEndian << (8 * _compositionAt)) & _compositionMask);
        BinaryPrimitives.WriteUInt64LittleEndian(destination, first);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], _second);
        if (_isLong)
        {
            WriteLong(destination, composition, nanoseconds);
        }
    }

    private void WriteLong(Span<byte> destination, int composition, int nanoseconds)
    {
        if (_compositionAt > 0)
        {
            WriteUInt24(destination[_compositionAt..], composition);
        }

        if (_hasNanoseconds)
        {
            WriteUInt24(destination[NanosecondsAt..], nanoseconds);
        }
    }

    private static void WriteUInt24(Span<byte> destination, int value)
    {
        destination[0] = (byte)(value >> 16);
        destination[1] = (byte)(value >> 8);
        destination[2] = (byte)value;
    }
}
