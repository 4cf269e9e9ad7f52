namespace Mapwire.Media.Flv;

/// <summary>The header of an extended audio message (Enhanced RTMP v2, "Enhanced Audio": <c>ExAudioTagHeader</c>).</summary>
/// <param name="PacketType">What the body is; never one of the two that are not types of their own.</param>
/// <param name="Codec">Such as <c>Opus</c>.</param>
public readonly record struct ExAudioTagHeader(AudioPacketType PacketType, FourCc Codec)
{
    /// <summary>The most bytes that <see cref="WriteTo"/> writes: with nanoseconds and a track.</summary>
    public const int MaxLength = 1 + 5 + 1 + 4 + 4;

    /// <summary>What the message's time is short of, 0 to 999,999 ns; other than 0 only for clients that offer ModEx.</summary>
    public int NanosecondOffset { get; init; }

    /// <summary>The track among several; null where there is only one.</summary>
    public ExtendedTrack? Track { get; init; }

    // 9(4) packet type(4) | modifiers | multitrack fields | codec(32) | track fields

    /// <summary>Whether an audio body has this header.</summary>
    /// <param name="firstByte">Of the body.</param>
    public static bool IsExtended(byte firstByte) => firstByte >> 4 == (byte)AudioCodecId.Extended;

    /// <summary>Parses the header at the start of a body, up to the first track's payload.</summary>
    /// <param name="body">Of the message.</param>
    /// <param name="header">The header when the answer is true.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>False when the bytes are too few.</returns>
    /// <exception cref="FlvFormatException">It is a plain header, or a type is not defined.</exception>
    public static bool TryParse(ReadOnlySpan<byte> body, out ExAudioTagHeader header, out int length)
    {
        header = default;
        length = 0;
        if (body.IsEmpty)
        {
            return false;
        }

        if (!IsExtended(body[0]))
        {
            throw new FlvFormatException(FlvError.BadTagHeader, 0, "a plain audio header stands where an extended one should");
        }

        byte packetType = (byte)(body[0] & 15);
        ExtendedFields fields = new(body, 1);
        if (!fields.TryReadModifiers(ref packetType, out int nanoseconds)
            || !fields.TryReadTrack((byte)AudioPacketType.Multitrack, ref packetType, out FourCc codec, out ExtendedTrack? track))
        {
            return false;
        }

        if (packetType > (byte)AudioPacketType.MultichannelConfig || packetType == 3)
        {
            throw new FlvFormatException(FlvError.BadTagHeader, 0, $"audio packet type {packetType} is not defined");
        }

        header = new ExAudioTagHeader((AudioPacketType)packetType, codec) { NanosecondOffset = nanoseconds, Track = track };
        length = fields.Position;
        return true;
    }

    /// <summary>Parses the part of the next track, in a message of several.</summary>
    /// <param name="body">From just behind the track before.</param>
    /// <param name="header">The next track's header when the answer is true.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>False when the bytes are too few; at the end of the message there are none.</returns>
    /// <exception cref="InvalidOperationException">This is not the header of such a message.</exception>
    public bool TryParseNext(ReadOnlySpan<byte> body, out ExAudioTagHeader header, out int length)
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

        header = this with { Codec = codec, Track = track };
        length = fields.Position;
        return true;
    }

    /// <summary>Writes the header.</summary>
    /// <param name="destination"><see cref="MaxLength"/> bytes are always enough.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">They are too few, or a field does not fit.</exception>
    public int WriteTo(Span<byte> destination)
    {
        ExtendedFields.Check(destination, ExtendedFields.Measure(NanosecondOffset, Track), NanosecondOffset, Track);
        destination[0] = (byte)AudioCodecId.Extended << 4;
        return ExtendedFields.Write(
            destination, (byte)PacketType, (byte)AudioPacketType.Multitrack, Codec, NanosecondOffset, Track);
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

        return position + ExtendedFields.WriteNumber(destination[position..], Track);
    }
}

/// <summary>What the body of an extended audio message is (Enhanced RTMP v2, "Enhanced Audio").</summary>
public enum AudioPacketType : byte
{
    /// <summary>A decoder configuration record.</summary>
    SequenceStart = 0,

    /// <summary>Sound.</summary>
    CodedFrames = 1,

    /// <summary>Nothing: the sequence ends, or is silent for a while.</summary>
    SequenceEnd = 2,

    /// <summary>Which channel is which speaker.</summary>
    MultichannelConfig = 4,

    /// <summary>Not a type of its own: the message is of one of several tracks, or of several.</summary>
    Multitrack = 5,

    /// <summary>Not a type of its own: more about the message follows.</summary>
    ModEx = 7,
}
