using System.Buffers.Binary;
using System.Collections.Immutable;
using Mapwire.Media.Codecs;
using Mapwire.Media.Mp4;

namespace Mapwire.Media.Flv;

/// <summary>
/// Reads an FLV file (FLV 10.1, annex E) tag by tag, without reading its samples: like <see cref="Mp4FileReader"/> it says which bytes it
/// wants next. A file without a keyframe index, or with a wrong one, is the same as any other.
/// </summary>
public sealed class FlvFileReader
{
    private const int HeaderLength = 9;

    /// <summary>As much of a tag as is wanted at first: its header, a codec header and the start of the payload.</summary>
    private const int GlanceLength = 48;

    private readonly long _fileLength;
    private readonly MediaLimits _limits;
    private readonly List<FlvTrack> _tracks = [];
    private long _wantedOffset;
    private int _wantedLength;
    private string _structure = "file header";
    private bool _isHeaderRead;
    private bool _isCutOff;
    private int _otherTags;
    private uint _lastTimestamp;
    private long _wraps;

    /// <summary>Begins at the start of a file.</summary>
    /// <param name="fileLength">In bytes.</param>
    /// <param name="limits">How many samples a track may have; null for <see cref="MediaLimits.Default"/>.</param>
    public FlvFileReader(long fileLength, MediaLimits? limits = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fileLength);
        _fileLength = fileLength;
        _limits = limits ?? MediaLimits.Default;
        _wantedLength = (int)Math.Min(HeaderLength, fileLength);
    }

    /// <summary>Whether a file's first bytes are those of an FLV file.</summary>
    /// <param name="bytes">The first three, or more.</param>
    public static bool IsFlv(ReadOnlySpan<byte> bytes) => bytes.StartsWith("FLV"u8);

    /// <summary>The bytes that are wanted next.</summary>
    /// <param name="offset">Of the first.</param>
    /// <param name="length">How many, all inside the file.</param>
    /// <returns>False when no more are wanted: time for <see cref="ToMovie"/>.</returns>
    public bool TryGetNext(out long offset, out int length)
    {
        (offset, length) = (_wantedOffset, _wantedLength);
        return length > 0;
    }

    /// <summary>Takes the bytes that were wanted.</summary>
    /// <param name="bytes">Exactly as many as <see cref="TryGetNext"/> said.</param>
    /// <exception cref="ArgumentException">They are more or fewer.</exception>
    /// <exception cref="FlvFormatException">The file is malformed.</exception>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_wantedLength == 0 || bytes.Length != _wantedLength)
        {
            throw new ArgumentException($"{_wantedLength} bytes are wanted.", nameof(bytes));
        }

        if (!_isHeaderRead)
        {
            ReadHeader(bytes);
            return;
        }

        if (bytes.Length < FlvTagHeader.Length)
        {
            // less than a tag: the last length, or the place where the file was cut off
            _isCutOff |= bytes.Length > FlvTagHeader.TrailerLength;
            _wantedLength = 0;
            return;
        }

        FlvTagHeader tag = FlvTagHeader.Parse(bytes);
        _structure = tag.Type switch { FlvTagHeader.Audio => "audio tag", FlvTagHeader.Video => "video tag", _ => $"tag of type {tag.Type}" };
        long end = _wantedOffset + FlvTagHeader.Length + tag.DataLength;
        if (end > _fileLength)
        {
            _isCutOff = true;
            _wantedLength = 0;
            return;
        }

        ReadOnlySpan<byte> body = bytes[FlvTagHeader.Length..Math.Min(bytes.Length, FlvTagHeader.Length + tag.DataLength)];
        try
        {
            if (!ReadTag(tag, body))
            {
                if (tag.DataLength > _limits.ConfigurationBytes)
                {
                    FailLimit($"the configuration has {tag.DataLength} bytes", nameof(MediaLimits.ConfigurationBytes), _limits.ConfigurationBytes);
                }

                _wantedLength = FlvTagHeader.Length + tag.DataLength;
                return;
            }
        }
        catch (CodecFormatException e)
        {
            throw new FlvFormatException(FlvError.BadCodecConfiguration, Place, e.Message);
        }
        catch (FlvFormatException e) when (e.Error == FlvError.BadTagHeader)
        {
            throw new FlvFormatException(e.Error, Place, e.Reason);
        }

        Want(end + FlvTagHeader.TrailerLength);
    }

    /// <summary>The movie, when everything wanted was added.</summary>
    /// <exception cref="InvalidOperationException">More bytes are wanted.</exception>
    /// <exception cref="FlvFormatException">The file is too short for its header.</exception>
    public Movie ToMovie()
    {
        if (_wantedLength > 0)
        {
            throw new InvalidOperationException("More bytes are wanted.");
        }

        if (!_isHeaderRead)
        {
            Fail(FlvError.BadHeader, "the file is too short for its header");
        }

        // A file that was recorded from the middle of a stream begins late; it begins at 0 here.
        long origin = Math.Max(0, _tracks.Min(track => track.FirstDecodeTime) ?? 0);
        ImmutableArray<Track> tracks =
            [.. _tracks.OrderBy(track => track.Kind).ThenBy(track => track.Id).Select(track => track.ToTrack(origin, _fileLength))];
        return new Movie(tracks, new FileLocation("file header", 0), isCutOff: _isCutOff, mayGrow: true);
    }

    private void ReadHeader(ReadOnlySpan<byte> bytes)
    {
        // 'FLV' | version(8)=1 | reserved(5) audio(1) reserved(1) video(1) | header length(32) | length before the first tag(32)=0
        if (bytes.Length < HeaderLength || !IsFlv(bytes))
        {
            Fail(FlvError.BadHeader, "this is no FLV header");
        }

        if (bytes[3] != 1)
        {
            Fail(FlvError.BadHeader, $"FLV version {bytes[3]} is not known");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]);
        if (length < HeaderLength)
        {
            Fail(FlvError.BadHeader, $"a header length of {length} is smaller than the header");
        }

        _isHeaderRead = true;
        Want((long)length + FlvTagHeader.TrailerLength);
    }

    /// <returns>False when the tag's whole body is wanted.</returns>
    private bool ReadTag(FlvTagHeader tag, ReadOnlySpan<byte> body)
    {
        bool isSample = false;
        if (tag.DataLength > 0 && tag.Type is FlvTagHeader.Audio or FlvTagHeader.Video)
        {
            if (tag.IsEncrypted)
            {
                Find(tag.Type == FlvTagHeader.Video ? TrackKind.Video : TrackKind.Audio, 0).UnplayableReason = "it is encrypted";
            }
            else if (tag.Type == FlvTagHeader.Video ? !ReadVideo(tag, body, out isSample) : !ReadAudio(tag, body, out isSample))
            {
                return false;
            }
        }

        if (!isSample && ++_otherTags > _limits.OtherTags)
        {
            FailLimit($"there are {_otherTags} tags without a sample or more", nameof(MediaLimits.OtherTags), _limits.OtherTags);
        }

        return true;
    }

    private bool ReadVideo(FlvTagHeader tag, ReadOnlySpan<byte> body, out bool isSample)
    {
        isSample = false;
        if (VideoTagHeader.IsExtended(body[0]))
        {
            return ReadExtendedVideo(tag, body, out isSample);
        }

        if (!VideoTagHeader.TryParse(body, out VideoTagHeader header))
        {
            return true; // a tag too short for its header has nothing to play
        }

        FlvTrack track = Find(TrackKind.Video, 0);
        if (header.Codec is not (VideoCodecId.Avc or VideoCodecId.Hevc))
        {
            track.UnplayableReason ??= $"video codec {(byte)header.Codec} of FLV is not supported";
            return true;
        }

        switch (header.PacketType)
        {
            case AvcPacketType.SequenceHeader when header.FrameType != VideoFrameType.Command:
                if (IsPartial(tag, body))
                {
                    return false;
                }

                ReadOnlySpan<byte> record = body[header.Length..];
                SetCodec(track, header.Codec == VideoCodecId.Avc ? AvcConfiguration.Parse(record) : HevcConfiguration.Parse(record));
                break;
            case AvcPacketType.NalUnits when header.FrameType != VideoFrameType.Command:
                isSample = true;
                AddSample(track, tag, body, header.Length, header.CompositionTime, header.FrameType is VideoFrameType.Key or VideoFrameType.GeneratedKey);
                break;
        }

        return true;
    }

    private bool ReadExtendedVideo(FlvTagHeader tag, ReadOnlySpan<byte> body, out bool isSample)
    {
        isSample = false;
        if (!ExVideoTagHeader.TryParse(body, out ExVideoTagHeader header, out int length))
        {
            return !IsPartial(tag, body);
        }

        FlvTrack track = Find(TrackKind.Video, header.Track?.Id ?? 0);
        if (header.Track is { Type: not MultitrackType.OneTrack })
        {
            track.UnplayableReason ??= "its messages hold several tracks at once";
            return true;
        }

        switch (header.PacketType)
        {
            case VideoPacketType.SequenceStart:
                if (IsPartial(tag, body))
                {
                    return false;
                }

                if (ExtendedConfiguration.Parse(header.Codec, body[length..]) is { } codec)
                {
                    SetCodec(track, codec);
                }
                else
                {
                    track.UnplayableReason ??= $"video codec '{header.Codec}' is not supported";
                }

                break;
            case VideoPacketType.CodedFrames or VideoPacketType.CodedFramesX when header.FrameType != VideoFrameType.Command:
                isSample = true;
                AddSample(track, tag, body, length, header.CompositionTime, header.FrameType is VideoFrameType.Key or VideoFrameType.GeneratedKey);
                break;
        }

        return true;
    }

    private bool ReadAudio(FlvTagHeader tag, ReadOnlySpan<byte> body, out bool isSample)
    {
        isSample = false;
        if (ExAudioTagHeader.IsExtended(body[0]))
        {
            return ReadExtendedAudio(tag, body, out isSample);
        }

        if (!AudioTagHeader.TryParse(body, out AudioTagHeader header))
        {
            return true;
        }

        FlvTrack track = Find(TrackKind.Audio, 0);
        switch (header.Codec)
        {
            case AudioCodecId.Aac when header.PacketType == AacPacketType.SequenceHeader:
                if (IsPartial(tag, body))
                {
                    return false;
                }
                // Some writers repeat it without its body.
                if (body.Length > header.Length)
                {
                    SetCodec(track, AacConfiguration.Parse(body[header.Length..]));
                }

                break;
            case AudioCodecId.Mp3 or AudioCodecId.Mp3At8:
                if (!track.HasCodec)
                {
                    SetCodec(track, Mp3Configuration.FromFrame(body[header.Length..]) ?? new Mp3Configuration(0, header.IsStereo ? 2 : 1));
                }

                goto case AudioCodecId.Aac;
            case AudioCodecId.Aac:
                isSample = true;
                AddSample(track, tag, body, header.Length, 0, isSync: true);
                break;
            default:
                track.UnplayableReason ??= $"audio codec {(byte)header.Codec} of FLV is not supported";
                break;
        }

        return true;
    }

    private bool ReadExtendedAudio(FlvTagHeader tag, ReadOnlySpan<byte> body, out bool isSample)
    {
        isSample = false;
        if (!ExAudioTagHeader.TryParse(body, out ExAudioTagHeader header, out int length))
        {
            return !IsPartial(tag, body);
        }

        FlvTrack track = Find(TrackKind.Audio, header.Track?.Id ?? 0);
        if (header.Track is { Type: not MultitrackType.OneTrack })
        {
            track.UnplayableReason ??= "its messages hold several tracks at once";
            return true;
        }

        switch (header.PacketType)
        {
            case AudioPacketType.SequenceStart:
                if (IsPartial(tag, body))
                {
                    return false;
                }

                if (ExtendedConfiguration.Parse(header.Codec, body[length..]) is { } codec)
                {
                    SetCodec(track, codec);
                }

                break;
            case AudioPacketType.CodedFrames:
                if (!track.HasCodec && ExtendedConfiguration.FromFrame(header.Codec, body[length..]) is { } described)
                {
                    SetCodec(track, described);
                }

                isSample = true;
                AddSample(track, tag, body, length, 0, isSync: true);
                break;
        }

        return true;
    }

    private void AddSample(FlvTrack track, FlvTagHeader tag, ReadOnlySpan<byte> body, int headerLength, int composition, bool isSync)
    {
        int size = tag.DataLength - headerLength;
        if (size <= 0)
        {
            return;
        }

        if (track.Count >= _limits.SamplesPerTrack)
        {
            FailLimit($"there are {track.Count + 1L} samples or more", nameof(MediaLimits.SamplesPerTrack), _limits.SamplesPerTrack);
        }

        // Timestamps of 32 bits come around every 49.7 days.
        if (tag.Timestamp < _lastTimestamp && _lastTimestamp - tag.Timestamp > int.MaxValue)
        {
            _wraps++;
        }
        else if (tag.Timestamp > _lastTimestamp && tag.Timestamp - _lastTimestamp > int.MaxValue && _wraps > 0)
        {
            _wraps--;
        }

        _lastTimestamp = tag.Timestamp;
        long time = (_wraps << 32) + tag.Timestamp;
        if (!track.TryAdd(time, composition, _wantedOffset, FlvTagHeader.Length + headerLength, (uint)size, isSync, body[headerLength..]))
        {
            Fail(FlvError.BadHeader, $"the timestamp goes back too far, to {time}");
        }
    }

    private void SetCodec(FlvTrack track, CodecConfiguration codec)
    {
        track.SetCodec(codec);
        if (track.Configurations > _limits.SampleDescriptions)
        {
            FailLimit($"there are {track.Configurations} codec configurations or more", nameof(MediaLimits.SampleDescriptions), _limits.SampleDescriptions);
        }
    }

    private FlvTrack Find(TrackKind kind, byte number)
    {
        // Track 0 of a kind is the one without a number; video and audio are told apart as other containers do, by odd and even.
        uint id = number * 2u + (kind == TrackKind.Video ? 1u : 2u);
        foreach (FlvTrack track in _tracks)
        {
            if (track.Id == id)
            {
                return track;
            }
        }

        if (_tracks.Count >= _limits.Tracks)
        {
            FailLimit($"there are {_tracks.Count + 1} tracks or more", nameof(MediaLimits.Tracks), _limits.Tracks);
        }

        FlvTrack added = new(kind, id, Place);
        _tracks.Add(added);
        return added;
    }

    /// <summary>Whether there is more of the tag than was read at a glance.</summary>
    private static bool IsPartial(FlvTagHeader tag, ReadOnlySpan<byte> body) => body.Length < tag.DataLength;

    private void Want(long offset)
    {
        _structure = "tag";
        _wantedOffset = offset;
        _wantedLength = (int)Math.Clamp(_fileLength - offset, 0, GlanceLength);
    }

    /// <summary>What is wanted, or was read last.</summary>
    internal FileLocation Place => new(_structure, _wantedOffset);

    private void Fail(FlvError error, string reason) => throw new FlvFormatException(error, Place, reason);

    private void FailLimit(string what, string limit, long most) => throw FlvFormatException.TooMuch(Place, what, limit, most);
}
