using System.Buffers.Binary;

namespace Mapwire.Load.Reading;

/// <summary>Takes the coded frames of an FLV stream.</summary>
internal interface IFlvSink
{
    /// <summary>A frame has begun to arrive.</summary>
    /// <param name="isVideo">Its track.</param>
    /// <param name="isKey">A video frame that decoding can start with.</param>
    /// <param name="time">Milliseconds.</param>
    void OnFrame(bool isVideo, bool isKey, long time);
}

/// <summary>
/// Reads an FLV stream as it comes (FLV 10.1, annex E; Enhanced RTMP), and checks it as a demuxer would: frames of tags, the flags of the
/// header, codec configurations before what needs them, a key frame first.
/// </summary>
/// <param name="sink">Told of frames.</param>
internal sealed class FlvCheck(IFlvSink sink)
{
    private const int HeaderLength = 9;
    private const int TagHeaderLength = 11;
    private const int SizeLength = 4;

    /// <summary>What tells a frame from a configuration: two bytes, or one and a codec's four characters.</summary>
    private const int MaxKindLength = 5;

    private const byte Audio = 8;
    private const byte Video = 9;
    private const byte Script = 18;

    private readonly IFlvSink _sink = sink;
    private readonly byte[] _kept = new byte[TagHeaderLength];
    private int _keptLength;
    private Stage _stage;
    private byte _flags;
    private byte _type;
    private long _time;
    private int _length; // of the tag's body
    private int _rest; // of the tag's body
    private bool _isVideoConfigured;
    private bool _isAudioConfigured;
    private bool _hasVideo;
    private bool _hasFrame;

    private enum Stage
    {
        Header,
        ExtraHeader,
        Size,
        Tag,
        Kind,
        Body,
    }

    /// <summary>Reads bytes.</summary>
    /// <exception cref="ContentException">They break a rule.</exception>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_stage is Stage.Body or Stage.ExtraHeader)
            {
                int count = Math.Min(_rest, bytes.Length);
                _rest -= count;
                bytes = bytes[count..];
            }
            else
            {
                int wanted = Wanted - _keptLength;
                int count = Math.Min(wanted, bytes.Length);
                bytes[..count].CopyTo(_kept.AsSpan(_keptLength));
                _keptLength += count;
                bytes = bytes[count..];
                if (count < wanted)
                {
                    return;
                }

                Read(_kept.AsSpan(0, _keptLength));
                _keptLength = 0;
            }

            if (_rest == 0 && _stage is Stage.Body or Stage.ExtraHeader)
            {
                _stage = Stage.Size;
            }
        }
    }

    /// <summary>The stream is over.</summary>
    /// <exception cref="ContentException">In the middle of a tag, or without a frame.</exception>
    public void OnEnd()
    {
        if (_stage != Stage.Tag || _keptLength > 0)
        {
            throw new ContentException("FLV: it ends in the middle of a tag");
        }

        Require(_hasFrame, "no frame");
    }

    /// <summary>Whether the header announces video.</summary>
    public bool HasVideo => (_flags & 1) != 0;

    private int Wanted => _stage switch
    {
        Stage.Header => HeaderLength,
        Stage.Size => SizeLength,
        Stage.Tag => TagHeaderLength,
        _ => Math.Min(MaxKindLength, _length),
    };

    private void Read(ReadOnlySpan<byte> bytes)
    {
        switch (_stage)
        {
            case Stage.Header:
                ReadHeader(bytes);
                break;
            case Stage.Size:
                uint size = BinaryPrimitives.ReadUInt32BigEndian(bytes);
                Require(size == (_type == 0 ? 0 : _length + TagHeaderLength), "a tag's size before the next one is wrong");
                _stage = Stage.Tag;
                break;
            case Stage.Tag:
                ReadTag(bytes);
                break;
            default:
                ReadKind(bytes);
                _rest = _length - bytes.Length;
                _stage = Stage.Body;
                break;
        }
    }

    private void ReadHeader(ReadOnlySpan<byte> header)
    {
        Require(header[..3].SequenceEqual("FLV"u8) && header[3] == 1, "no header");
        _flags = header[4];
        long length = BinaryPrimitives.ReadUInt32BigEndian(header[5..]);
        Require(length is >= HeaderLength and <= ushort.MaxValue, "no header");
        _rest = (int)length - HeaderLength;
        _stage = Stage.ExtraHeader;
    }

    private void ReadTag(ReadOnlySpan<byte> tag)
    {
        _type = tag[0];
        Require(_type is Audio or Video or Script, "a tag of an unknown type");
        Require(_type != Video || (_flags & 1) != 0, "video that the header does not announce");
        Require(_type != Audio || (_flags & 4) != 0, "audio that the header does not announce");
        _length = (tag[1] << 16) | (tag[2] << 8) | tag[3];
        _time = (int)((uint)(tag[7] << 24) | (uint)(tag[4] << 16) | (uint)(tag[5] << 8) | tag[6]);
        Require(tag[8..].SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0]), "a stream id other than 0");
        _rest = _length;
        _stage = _length == 0 || _type == Script ? Stage.Body : Stage.Kind;
    }

    private void ReadKind(ReadOnlySpan<byte> body)
    {
        FlvFrame frame = _type == Video ? FlvFrame.OfVideo(body) : FlvFrame.OfAudio(body);
        if (_type == Video)
        {
            _isVideoConfigured |= frame.IsConfiguration;
            Require(!frame.IsCoded || !frame.NeedsConfiguration || _isVideoConfigured, "a picture before its codec's configuration");
            Require(!frame.IsCoded || frame.IsKey || _hasVideo, "the first picture is no key frame");
            _hasVideo |= frame.IsCoded;
        }
        else
        {
            _isAudioConfigured |= frame.IsConfiguration;
            Require(!frame.IsCoded || !frame.NeedsConfiguration || _isAudioConfigured, "sound before its codec's configuration");
        }

        _hasFrame |= frame.IsCoded;
        if (frame.IsCoded)
        {
            _sink.OnFrame(_type == Video, frame.IsKey, _time);
        }
    }

    private static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new ContentException("FLV: " + rule);
        }
    }
}
