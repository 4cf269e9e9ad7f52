using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>
/// Reads the body of one audio or video message of RTMP, which is that of a tag of FLV: one packet, or one for each track that the message
/// holds (FLV 10.1, E.4.2 and E.4.3; Enhanced RTMP v2).
/// </summary>
/// <remarks>
/// Borrows the caller's bytes. A body that ends inside a header, or inside one of several tracks, has no more packets: that is no error,
/// since encoders send empty messages.
/// </remarks>
/// <example>
/// <code>
/// FlvPacketReader reader = new(TrackKind.Video, body);
/// while (reader.TryRead(out FlvPacket packet))
/// {
///     if (packet.Type == FlvPacketType.Configuration)
///     {
///         configuration = packet.Codec?.ReadRecord(packet.Payload);
///     }
/// }
/// </code>
/// </example>
public ref struct FlvPacketReader
{
    private const int CompositionLength = 3;

    private readonly TrackKind _kind;
    private ReadOnlySpan<byte> _rest;
    private ExVideoTagHeader _video; // of the track before, in a message of several; likewise the next
    private ExAudioTagHeader _sound;
    private bool _isInside; // behind the first of several tracks

    /// <summary>Starts to read.</summary>
    /// <param name="kind">Video for a message of type 9, audio for one of type 8.</param>
    /// <param name="body">The whole body.</param>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither.</exception>
    public FlvPacketReader(TrackKind kind, ReadOnlySpan<byte> body)
    {
        if (kind is not (TrackKind.Video or TrackKind.Audio))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "A message is of audio or video.");
        }

        _kind = kind;
        _rest = body;
    }

    /// <summary>Reads the next packet.</summary>
    /// <param name="packet">The packet when the answer is true.</param>
    /// <returns>False when there is no more.</returns>
    /// <exception cref="FlvFormatException">A type in the header is not defined; there is no more then.</exception>
    public bool TryRead(out FlvPacket packet)
    {
        ReadOnlySpan<byte> rest = _rest;
        _rest = default;
        packet = default;
        if (rest.IsEmpty)
        {
            return false;
        }

        if (_kind == TrackKind.Video)
        {
            return _isInside || VideoTagHeader.IsExtended(rest[0]) ? TryReadVideo(rest, out packet) : TryReadPlainVideo(rest, out packet);
        }

        return _isInside || ExAudioTagHeader.IsExtended(rest[0]) ? TryReadSound(rest, out packet) : TryReadPlainSound(rest, out packet);
    }

    private static bool TryReadPlainVideo(ReadOnlySpan<byte> body, out FlvPacket packet)
    {
        packet = default;
        if (!VideoTagHeader.TryParse(body, out VideoTagHeader header))
        {
            return false;
        }

        bool isCommand = header.FrameType == VideoFrameType.Command; // its header has one byte, whatever the codec
        FlvPacketType type = header switch
        {
            _ when isCommand => FlvPacketType.None,
            { HasPacketType: false } or { PacketType: AvcPacketType.NalUnits } => FlvPacketType.Frame,
            { PacketType: AvcPacketType.SequenceHeader } => FlvPacketType.Configuration,
            _ => FlvPacketType.End,
        };
        int length = isCommand ? 1 : header.Length;
        packet = OfPlain(TrackKind.Video, type, (int)header.Codec, IsSync(header.FrameType), header.CompositionTime, body, length);
        return true;
    }

    private static bool TryReadPlainSound(ReadOnlySpan<byte> body, out FlvPacket packet)
    {
        packet = default;
        if (!AudioTagHeader.TryParse(body, out AudioTagHeader header))
        {
            return false;
        }

        bool isFrame = !header.HasPacketType || header.PacketType == AacPacketType.Raw;
        FlvPacketType type = isFrame ? FlvPacketType.Frame : FlvPacketType.Configuration;
        packet = OfPlain(TrackKind.Audio, type, (int)header.Codec, isSync: true, composition: 0, body, header.Length);
        return true;
    }

    private static FlvPacket OfPlain(
        TrackKind kind, FlvPacketType type, int number, bool isSync, int composition, ReadOnlySpan<byte> body, int headerLength)
    {
        Codec? codec = CodecList.Find(kind, number);
        ReadOnlySpan<byte> payload = body[headerLength..];
        return new FlvPacket
        {
            Kind = kind,
            Type = Announced(type, payload),
            Codec = codec,
            Code = codec?.FourCc ?? default,
            PlainHeader = body[0],
            IsSync = isSync,
            Composition = composition,
            Payload = payload,
        };
    }

    private bool TryReadVideo(ReadOnlySpan<byte> rest, out FlvPacket packet)
    {
        packet = default;
        ExVideoTagHeader header;
        int length;
        bool isThere = _isInside
            ? _video.TryParseNext(rest, out header, out length)
            : ExVideoTagHeader.TryParse(rest, out header, out length);
        // The size of a track counts the composition time in front of its payload.
        int compositionLength = header.HasCompositionTime ? CompositionLength : 0;
        if (!isThere || !TryTakePayload(rest, length, compositionLength, header.Track, out ReadOnlySpan<byte> payload))
        {
            return false;
        }

        _video = header;
        FlvPacketType type = header.PacketType switch
        {
            VideoPacketType.Metadata => FlvPacketType.Metadata,
            _ when header.FrameType == VideoFrameType.Command => FlvPacketType.None,
            VideoPacketType.SequenceStart => FlvPacketType.Configuration,
            VideoPacketType.CodedFrames or VideoPacketType.CodedFramesX => FlvPacketType.Frame,
            VideoPacketType.SequenceEnd => FlvPacketType.End,
            _ => FlvPacketType.None,
        };
        packet = new FlvPacket
        {
            Kind = TrackKind.Video,
            Track = header.Track?.Id ?? 0,
            Type = Announced(type, payload),
            Codec = Find(TrackKind.Video, header.Codec),
            Code = header.Codec,
            IsSync = IsSync(header.FrameType),
            Composition = header.CompositionTime,
            Nanoseconds = Bounded(header.NanosecondOffset),
            Payload = payload,
        };
        return true;
    }

    private bool TryReadSound(ReadOnlySpan<byte> rest, out FlvPacket packet)
    {
        packet = default;
        ExAudioTagHeader header;
        int length;
        bool isThere = _isInside
            ? _sound.TryParseNext(rest, out header, out length)
            : ExAudioTagHeader.TryParse(rest, out header, out length);
        if (!isThere || !TryTakePayload(rest, length, compositionLength: 0, header.Track, out ReadOnlySpan<byte> payload))
        {
            return false;
        }

        _sound = header;
        FlvPacketType type = header.PacketType switch
        {
            AudioPacketType.SequenceStart => FlvPacketType.Configuration,
            AudioPacketType.CodedFrames => FlvPacketType.Frame,
            AudioPacketType.SequenceEnd => FlvPacketType.End,
            _ => FlvPacketType.None,
        };
        packet = new FlvPacket
        {
            Kind = TrackKind.Audio,
            Track = header.Track?.Id ?? 0,
            Type = Announced(type, payload),
            Codec = Find(TrackKind.Audio, header.Codec),
            Code = header.Codec,
            IsSync = true,
            Nanoseconds = Bounded(header.NanosecondOffset),
            Payload = payload,
        };
        return true;
    }

    /// <summary>Cuts off what belongs to the track, and leaves the tracks behind it for later.</summary>
    /// <returns>False when the track reaches past the end of the message.</returns>
    private bool TryTakePayload(
        ReadOnlySpan<byte> rest, int headerLength, int compositionLength, ExtendedTrack? track, out ReadOnlySpan<byte> payload)
    {
        payload = rest[headerLength..];
        if (track is not { Type: not MultitrackType.OneTrack } part)
        {
            return true;
        }

        int start = headerLength - compositionLength;
        if (part.Length > rest.Length - start)
        {
            return false;
        }

        payload = part.Length > compositionLength ? rest[headerLength..(start + part.Length)] : default;
        _rest = rest[(start + part.Length)..];
        _isInside = true;
        return true;
    }

    private static FlvPacketType Announced(FlvPacketType type, ReadOnlySpan<byte> payload) =>
        payload.IsEmpty && type != FlvPacketType.End ? FlvPacketType.None : type;

    private static bool IsSync(VideoFrameType type) => type is VideoFrameType.Key or VideoFrameType.GeneratedKey;

    private static int Bounded(int nanoseconds) => nanoseconds <= ExtendedFields.MaxNanoseconds ? nanoseconds : 0;

    private static Codec? Find(TrackKind kind, FourCc code) => CodecList.Find(code) is { } codec && codec.Kind == kind ? codec : null;
}
