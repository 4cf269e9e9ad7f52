using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>The header of an extended video message (Enhanced RTMP v1, and v2 "Enhanced Video": <c>ExVideoTagHeader</c>).</summary>
/// <param name="FrameType">The kind of picture; nobody reads it in metadata.</param>
/// <param name="PacketType">What the body is; never one of the two that are not types of their own.</param>
/// <param name="Codec">Such as <c>hvc1</c>; zero in a command.</param>
public readonly record struct ExVideoTagHeader(VideoFrameType FrameType, VideoPacketType PacketType, FourCc Codec)
{
    /// <summary>The most bytes that <see cref="WriteTo"/> writes: with nanoseconds, a track and a composition time.</summary>
    public const int MaxLength = 1 + 5 + 1 + 4 + 4 + 3;

    /// <summary>Presentation time minus decode time in milliseconds, 24 bits signed; written only where it has a place.</summary>
    public int CompositionTime { get; init; }

    /// <summary>What the message's time is short of, 0 to 999,999 ns; other than 0 only for clients that offer ModEx (v2).</summary>
    public int NanosecondOffset { get; init; }

    /// <summary>The track among several (v2); null where there is only one.</summary>
    public ExtendedTrack? Track { get; init; }

    /// <summary>The command of a frame of type <see cref="VideoFrameType.Command"/>; it has neither codec nor body.</summary>
    public byte Command { get; init; }

    /// <summary>Whether a composition time follows: with pictures of AVC, HEVC and VVC, unless they are <c>CodedFramesX</c>.</summary>
    public bool HasCompositionTime => PacketType == VideoPacketType.CodedFrames && CodecList.HasCompositionTime(Codec);

    private bool IsCommand => FrameType == VideoFrameType.Command && PacketType != VideoPacketType.Metadata;

    // 1(1) frame type(3) packet type(4) | modifiers | multitrack fields | codec(32) | track fields | composition time(24)
    // or, in a command: 1(1) 5(3) packet type(4) | modifiers | command(8)

    /// <summary>
    /// The header of a picture: the shortest form, which leaves out a composition time of 0.
    /// </summary>
    /// <param name="frameType">Key or inter.</param>
    /// <param name="codec">As the client offered it.</param>
    /// <param name="compositionTime">In milliseconds; has to be 0 with codecs that have no place for it.</param>
    public static ExVideoTagHeader Picture(VideoFrameType frameType, FourCc codec, int compositionTime)
    {
        bool canSkip = compositionTime == 0 && CodecList.HasCompositionTime(codec);
        return new ExVideoTagHeader(frameType, canSkip ? VideoPacketType.CodedFramesX : VideoPacketType.CodedFrames, codec)
        {
            CompositionTime = compositionTime,
        };
    }

    /// <summary>Parses the header at the start of a body, up to the first track's payload.</summary>
    /// <param name="body">Of the message.</param>
    /// <param name="header">The header when the answer is true.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>False when the bytes are too few.</returns>
    /// <exception cref="FlvFormatException">It is a plain header, or a type is not defined.</exception>
    public static bool TryParse(ReadOnlySpan<byte> body, out ExVideoTagHeader header, out int length)
    {
        header = default;
        length = 0;
        if (body.IsEmpty)
        {
            return false;
        }

        if (!VideoTagHeader.IsExtended(body[0]))
        {
            throw new FlvFormatException(FlvError.BadTagHeader, 0, "a plain video header stands where an extended one should");
        }

        VideoFrameType frameType = (VideoFrameType)(body[0] >> 4 & 7);
        byte packetType = (byte)(body[0] & 15);
        ExtendedFields fields = new(body, 1);
        if (!fields.TryReadModifiers(ref packetType, out int nanoseconds))
        {
            return false;
        }

        if (frameType == VideoFrameType.Command && packetType != (byte)VideoPacketType.Metadata)
        {
            if (fields.Remaining < 1)
            {
                return false;
            }

            header = new ExVideoTagHeader(frameType, (VideoPacketType)packetType, default)
            {
                NanosecondOffset = nanoseconds,
                Command = fields.ReadByte(),
            };
            length = fields.Position;
            return true;
        }

        if (!fields.TryReadTrack((byte)VideoPacketType.Multitrack, ref packetType, out FourCc codec, out ExtendedTrack? track))
        {
            return false;
        }

        if (packetType > (byte)VideoPacketType.Mpeg2TsSequenceStart)
        {
            throw new FlvFormatException(FlvError.BadTagHeader, 0, $"video packet type {packetType} is not defined");
        }

        header = new ExVideoTagHeader(frameType, (VideoPacketType)packetType, codec) { NanosecondOffset = nanoseconds, Track = track };
        return TryFinish(ref fields, ref header, out length);
    }

    /// <summary>Parses the part of the next track, in a message of several.</summary>
    /// <param name="body">From just behind the track before.</param>
    /// <param name="header">The next track's header when the answer is true.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>False when the bytes are too few; at the end of the message there are none.</returns>
    /// <exception cref="InvalidOperationException">This is not the header of such a message.</exception>
    public bool TryParseNext(ReadOnlySpan<byte> body, out ExVideoTagHeader header, out int length)
    {
        if (Track is not { Type: not MultitrackType.OneTrack } first)
        {
            throw new InvalidOperationException("The message has one track.");
        }

        header = default;
        length = 0;
        ExtendedFields fields = new(body, 0);
        FourCc codec = Codec;
        if (!fields.TryReadNextTrack(first.Type, ref codec, out ExtendedTrack? track))
        {
            return false;
        }

        header = this with { Codec = codec, Track = track, CompositionTime = 0 };
        return TryFinish(ref fields, ref header, out length);
    }

    /// <summary>Writes the header.</summary>
    /// <param name="destination"><see cref="MaxLength"/> bytes are always enough.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">They are too few, or a field does not fit.</exception>
    public int WriteTo(Span<byte> destination)
    {
        int length = IsCommand
            ? ExtendedFields.MeasureType(NanosecondOffset) + 1
            : ExtendedFields.Measure(NanosecondOffset, Track) + (HasCompositionTime ? 3 : 0);
        ExtendedFields.Check(destination, length, NanosecondOffset, Track);
        if (CompositionTime is > VideoTagHeader.MaxCompositionTime or < -VideoTagHeader.MaxCompositionTime - 1)
        {
            throw new ArgumentException("A composition time has 24 bits.", nameof(destination));
        }

        if (CompositionTime != 0 && !HasCompositionTime)
        {
            throw new ArgumentException($"'{Codec}' has no place for a composition time here.", nameof(destination));
        }

        destination[0] = (byte)(0x80 | (byte)FrameType << 4);
        if (IsCommand)
        {
            int start = ExtendedFields.WriteType(destination, (byte)PacketType, NanosecondOffset);
            destination[start] = Command;
            return length;
        }

        int position = ExtendedFields.Write(
            destination, (byte)PacketType, (byte)VideoPacketType.Multitrack, Codec, NanosecondOffset, Track);
        return position + WriteCompositionTime(destination[position..]);
    }

    /// <summary>Writes the part of a track after the first, in a message of several.</summary>
    /// <param name="destination"><see cref="MaxLength"/> bytes are always enough.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="InvalidOperationException">This is not the header of such a message.</exception>
    public int WriteNextTo(Span<byte> destination)
    {
        if (Track is not { Type: not MultitrackType.OneTrack } track)
        {
            throw new InvalidOperationException("The message has one track.");
        }

        int position = 0;
        if (track.Type == MultitrackType.ManyTracksManyCodecs)
        {
            Codec.WriteTo(destination);
            position = 4;
        }

        position += ExtendedFields.WriteNumber(destination[position..], Track);
        return position + WriteCompositionTime(destination[position..]);
    }

    private static bool TryFinish(ref ExtendedFields fields, ref ExVideoTagHeader header, out int length)
    {
        length = 0;
        if (header.HasCompositionTime)
        {
            if (fields.Remaining < 3)
            {
                return false;
            }

            header = header with { CompositionTime = fields.ReadUInt24() << 8 >> 8 };
        }

        length = fields.Position;
        return true;
    }

    private int WriteCompositionTime(Span<byte> destination)
    {
        if (!HasCompositionTime)
        {
            return 0;
        }

        UInt24.Write(destination, CompositionTime);
        return 3;
    }
}

/// <summary>What the body of an extended video message is (Enhanced RTMP v2, "Enhanced Video").</summary>
public enum VideoPacketType : byte
{
    /// <summary>A decoder configuration record.</summary>
    SequenceStart = 0,

    /// <summary>A picture; with AVC, HEVC and VVC after its composition time.</summary>
    CodedFrames = 1,

    /// <summary>Nothing: the sequence ends.</summary>
    SequenceEnd = 2,

    /// <summary>A picture of AVC, HEVC or VVC that is presented when it is decoded.</summary>
    CodedFramesX = 3,

    /// <summary>Pairs of name and value in AMF, such as <c>colorInfo</c>; the frame type says nothing.</summary>
    Metadata = 4,

    /// <summary>A decoder configuration as MPEG-2 transport streams have it.</summary>
    Mpeg2TsSequenceStart = 5,

    /// <summary>Not a type of its own: the message is of one of several tracks, or of several.</summary>
    Multitrack = 6,

    /// <summary>Not a type of its own: more about the message follows.</summary>
    ModEx = 7,
}
