using System.Collections.Immutable;
using Mapwire.Media.Codecs;

namespace Mapwire.Media.Flv;

/// <summary>
/// Makes a <see cref="Movie"/> of the tags of an FLV file: which track each is of, and whether it is a configuration or a sample.
/// </summary>
/// <param name="fileLength">In bytes.</param>
/// <param name="limits">How many samples a track may have.</param>
internal sealed class FlvMovieBuilder(long fileLength, MediaLimits limits)
{
    private long _fileLength = fileLength;
    private const int MaxDamage = 64;

    private readonly List<FlvTrack> _tracks = [];
    private readonly FlvClock _clock = new();
    private readonly ImmutableArray<FileDamage>.Builder _damage = ImmutableArray.CreateBuilder<FileDamage>();
    private FlvFormatException? _firstFault;
    private FileLocation _tag;
    private long _offset;
    private int _otherTags;
    private bool _isEnded; // pictures are over, and nothing came behind

    /// <summary>Whether what is behind the end of the file, if it grows, can say more of samples before it.</summary>
    internal bool IsOpenEnded => _clock.IsWaiting;

    /// <summary>Whether the file ends in the middle of a tag.</summary>
    internal bool IsTruncated { get; set; }

    /// <summary>The file has grown.</summary>
    internal void Continue(long fileLength)
    {
        _fileLength = fileLength;
        IsTruncated = false;
    }

    /// <summary>Reads a tag that is known to be one.</summary>
    /// <param name="tag">Its header.</param>
    /// <param name="body">Its body, or the start of it.</param>
    /// <param name="offset">Of the tag in the file.</param>
    /// <returns>False when the whole body is wanted.</returns>
    /// <exception cref="FlvFormatException">There is more than the limits allow.</exception>
    internal bool TryAdd(in FlvTagHeader tag, ReadOnlySpan<byte> body, long offset)
    {
        _offset = offset;
        _tag = LocationOf(tag, offset);
        bool isSample = false;
        try
        {
            if (tag.DataLength > 0 && tag.IsRegular && tag.Type != FlvTagHeader.Script && !TryRead(tag, body, out isSample))
            {
                return false;
            }
        }
        catch (CodecFormatException exception)
        {
            Fail(FlvError.BadCodecConfiguration, tag, exception.Message);
        }
        catch (FlvFormatException exception) when (exception.Error == FlvError.BadTagHeader)
        {
            Fail(FlvError.BadTagHeader, tag, exception.Reason);
        }

        _isEnded &= !isSample;
        if (!isSample && ++_otherTags > limits.OtherTags)
        {
            throw TooMuch($"there are {_otherTags} tags without a sample or more", nameof(MediaLimits.OtherTags), limits.OtherTags);
        }

        return true;
    }

    /// <summary>Notes bytes that were passed over.</summary>
    internal void AddDamage(FlvError error, FileLocation location, long length, string reason)
    {
        _firstFault ??= new FlvFormatException(error, location, reason);
        if (_damage.Count < MaxDamage)
        {
            _damage.Add(new FileDamage(location, length, reason));
        }
    }

    /// <summary>The words for where a tag is.</summary>
    internal static FileLocation LocationOf(in FlvTagHeader tag, long offset) =>
        new(tag.Type switch { FlvTagHeader.Audio => "audio tag", FlvTagHeader.Video => "video tag", _ => $"tag of type {tag.Type}" },
        offset);

    /// <summary>The movie of all that was added.</summary>
    /// <exception cref="FlvFormatException">Nothing can be played, and something in the file is malformed.</exception>
    internal Movie ToMovie()
    {
        _clock.Finish();
        // A file that was recorded from the middle of a stream begins late; it begins at 0 here.
        long origin = _tracks.Min(track => track.FirstDecodeTime) ?? 0;
        ImmutableArray<Track> tracks =
            [.. _tracks.OrderBy(track => track.Kind).ThenBy(track => track.Id).Select(track => track.ToTrack(origin, _fileLength))];
        return _firstFault is not null && tracks.All(track => track.Codec is null)
            ? throw _firstFault
            : new Movie(tracks, new FileLocation("file header", 0), isTruncated: IsTruncated, mayGrow: true)
            {
                Damage = _damage.ToImmutable(),
                IsComplete = _isEnded && !IsTruncated,
            };
    }

    private bool TryRead(in FlvTagHeader tag, ReadOnlySpan<byte> body, out bool isSample)
    {
        isSample = false;
        if (!tag.IsEncrypted)
        {
            return tag.Type == FlvTagHeader.Video ? TryReadVideo(tag, body, out isSample) : TryReadAudio(tag, body, out isSample);
        }

        Refuse(Find(tag.Type == FlvTagHeader.Video ? TrackKind.Video : TrackKind.Audio, 0), "it is encrypted");
        return true;
    }

    private bool TryReadVideo(in FlvTagHeader tag, ReadOnlySpan<byte> body, out bool isSample)
    {
        isSample = false;
        if (VideoTagHeader.IsExtended(body[0]))
        {
            return TryReadExtendedVideo(tag, body, out isSample);
        }

        if (!VideoTagHeader.TryParse(body, out VideoTagHeader header))
        {
            return true; // a tag too short for its header has nothing to play
        }

        FlvTrack track = Find(TrackKind.Video, 0);
        if (header.FrameType == VideoFrameType.Command)
        {
            return true;
        }

        bool isKey = header.FrameType is VideoFrameType.Key or VideoFrameType.GeneratedKey;
        if (CodecList.Find(TrackKind.Video, (int)header.Codec) is not { } codec)
        {
            Refuse(track, $"video codec {(byte)header.Codec} of FLV is not known");
            return true;
        }

        if (!header.HasPacketType)
        {
            Match(track, codec.FourCc);
            Describe(track, codec, body[header.Length..]);
            isSample = true;
            AddSample(track, tag, body, header.Length, 0, isKey);
            return true;
        }

        track.SampleEntry = codec.FourCc;
        Match(track, track.SampleEntry);
        if (header.PacketType == AvcPacketType.SequenceHeader)
        {
            if (IsPartial(tag, body))
            {
                return false;
            }

            if (codec.ReadRecord(body[header.Length..]) is { } configuration)
            {
                SetCodec(track, configuration);
            }
        }
        else if (header.PacketType == AvcPacketType.NalUnits)
        {
            isSample = true;
            AddSample(track, tag, body, header.Length, header.CompositionTime, isKey);
        }
        else if (header.PacketType == AvcPacketType.EndOfSequence)
        {
            _isEnded = true;
        }

        return true;
    }

    private bool TryReadExtendedVideo(in FlvTagHeader tag, ReadOnlySpan<byte> body, out bool isSample)
    {
        isSample = false;
        if (!ExVideoTagHeader.TryParse(body, out ExVideoTagHeader header, out int length))
        {
            return !IsPartial(tag, body);
        }

        FlvTrack track = Find(TrackKind.Video, header.Track?.Id ?? 0);
        if (header.Track is { Type: not MultitrackType.OneTrack })
        {
            Refuse(track, "its messages hold several tracks at once");
            return true;
        }

        switch (header.PacketType)
        {
            case VideoPacketType.SequenceStart:
                if (IsPartial(tag, body))
                {
                    return false;
                }

                track.SampleEntry = header.Codec;
                Match(track, header.Codec);
                if (ExtendedConfiguration.Parse(header.Codec, body[length..]) is { } codec)
                {
                    SetCodec(track, codec);
                }
                else
                {
                    Refuse(track, $"video codec '{header.Codec}' is not supported");
                }

                break;
            case VideoPacketType.CodedFrames or VideoPacketType.CodedFramesX when header.FrameType != VideoFrameType.Command:
                Match(track, header.Codec);
                isSample = true;
                AddSample(track, tag, body, length, header.CompositionTime,
                    header.FrameType is VideoFrameType.Key or VideoFrameType.GeneratedKey);
                break;
        }

        return true;
    }

    private bool TryReadAudio(in FlvTagHeader tag, ReadOnlySpan<byte> body, out bool isSample)
    {
        isSample = false;
        if (ExAudioTagHeader.IsExtended(body[0]))
        {
            return TryReadExtendedAudio(tag, body, out isSample);
        }

        if (!AudioTagHeader.TryParse(body, out AudioTagHeader header))
        {
            return true;
        }

        FlvTrack track = Find(TrackKind.Audio, 0);
        if (CodecList.Find(TrackKind.Audio, (int)header.Codec) is not { } codec)
        {
            Refuse(track, $"audio codec {(byte)header.Codec} of FLV is not known");
            return true;
        }

        if (header.HasPacketType)
        {
            track.SampleEntry = codec.FourCc;
            Match(track, track.SampleEntry);
            if (header.PacketType == AacPacketType.SequenceHeader)
            {
                if (IsPartial(tag, body))
                {
                    return false;
                }

                // Some writers repeat it without its body.
                if (body.Length > header.Length && codec.ReadRecord(body[header.Length..]) is { } configuration)
                {
                    SetCodec(track, configuration);
                }

                return true;
            }
        }
        else
        {
            Match(track, codec.FourCc);
            Describe(track, codec, body[header.Length..], header.FirstByte);
        }

        isSample = true;
        AddSample(track, tag, body, header.Length, 0, isSync: true);
        return true;
    }

    private bool TryReadExtendedAudio(in FlvTagHeader tag, ReadOnlySpan<byte> body, out bool isSample)
    {
        isSample = false;
        if (!ExAudioTagHeader.TryParse(body, out ExAudioTagHeader header, out int length))
        {
            return !IsPartial(tag, body);
        }

        FlvTrack track = Find(TrackKind.Audio, header.Track?.Id ?? 0);
        if (header.Track is { Type: not MultitrackType.OneTrack })
        {
            Refuse(track, "its messages hold several tracks at once");
            return true;
        }

        if (header.PacketType is not (AudioPacketType.SequenceStart or AudioPacketType.CodedFrames))
        {
            return true;
        }

        track.SampleEntry = header.Codec;
        Match(track, header.Codec);
        if (header.PacketType == AudioPacketType.SequenceStart)
        {
            if (IsPartial(tag, body))
            {
                return false;
            }

            if (ExtendedConfiguration.Parse(header.Codec, body[length..]) is { } codec)
            {
                SetCodec(track, codec);
            }

            return true;
        }

        if (!track.HasCodec && ExtendedConfiguration.FromFrame(header.Codec, body[length..]) is { } described)
        {
            SetCodec(track, described);
        }

        isSample = true;
        AddSample(track, tag, body, length, 0, isSync: true);
        return true;
    }

    private void AddSample(FlvTrack track, in FlvTagHeader tag, ReadOnlySpan<byte> body, int headerLength, int composition, bool isSync)
    {
        int size = tag.DataLength - headerLength;
        if (size <= 0 || !track.Expect(isSync, body[headerLength..]))
        {
            return;
        }

        if (track.Count >= limits.SamplesPerTrack)
        {
            throw TooMuch($"there are {track.Count + 1L} samples or more", nameof(MediaLimits.SamplesPerTrack), limits.SamplesPerTrack);
        }

        _clock.Add(new FlvSample(
            track, tag.Timestamp, composition, _offset, FlvTagHeader.Length + headerLength, (uint)size, isSync, track.Configurations - 1));
    }

    /// <summary>The first sample describes a track whose codec has no record.</summary>
    private void Describe(FlvTrack track, Codec codec, ReadOnlySpan<byte> frame, byte? header = null)
    {
        if (!track.HasCodec && codec.ReadFrame(frame, header) is { } described)
        {
            SetCodec(track, described);
        }
    }

    private void SetCodec(FlvTrack track, CodecConfiguration codec)
    {
        track.SetCodec(codec);
        if (track.Configurations > limits.SampleDescriptions)
        {
            throw TooMuch(
                $"there are {track.Configurations} codec configurations or more", nameof(MediaLimits.SampleDescriptions),
                limits.SampleDescriptions);
        }
    }

    /// <summary>A track keeps the codec of its first sample: nothing else has a place in what is sent.</summary>
    private static void Match(FlvTrack track, FourCc codec)
    {
        if (track.Codec is { } now && now.FourCc != codec)
        {
            throw new FlvFormatException(FlvError.BadTagHeader, 0, $"it is '{codec}' in a track of {now.Name}");
        }
    }

    /// <summary>A track whose tags cannot be played says why; a single such tag among others that can be is damage.</summary>
    private static void Refuse(FlvTrack track, string reason)
    {
        if (track.IsExpecting)
        {
            throw new FlvFormatException(FlvError.BadTagHeader, 0, reason);
        }

        track.UnplayableReason ??= reason;
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

        if (_tracks.Count >= limits.Tracks)
        {
            throw TooMuch($"there are {_tracks.Count + 1} tracks or more", nameof(MediaLimits.Tracks), limits.Tracks);
        }

        FlvTrack added = new(kind, id, _tag);
        _tracks.Add(added);
        return added;
    }

    /// <summary>One bad tag is passed over: the configuration that was in force goes on, the other samples play.</summary>
    private void Fail(FlvError error, in FlvTagHeader tag, string reason)
    {
        AddDamage(error, _tag, tag.TagLength, reason);
        if (error == FlvError.BadCodecConfiguration)
        {
            FlvTrack track = Find(tag.Type == FlvTagHeader.Video ? TrackKind.Video : TrackKind.Audio, 0);
            track.UnplayableReason ??= reason;
        }
    }

    /// <summary>Whether there is more of the tag than was read at first.</summary>
    private static bool IsPartial(in FlvTagHeader tag, ReadOnlySpan<byte> body) => body.Length < tag.DataLength;

    private FlvFormatException TooMuch(string what, string limit, long most) => FlvFormatException.TooMuch(_tag, what, limit, most);
}
