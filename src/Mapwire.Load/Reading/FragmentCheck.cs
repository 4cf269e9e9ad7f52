using System.Buffers.Binary;
using Mapwire.Media;
using Mapwire.Media.Mp4;

namespace Mapwire.Load.Reading;

/// <summary>
/// Checks the boxes of init segments and segments as they come (ISO/IEC 14496-12): each body is whole boxes, a <c>moof</c> lies before its
/// <c>mdat</c>, samples take the <c>mdat</c> exactly, and each track goes on where the segment before ended.
/// </summary>
internal sealed class FragmentCheck
{
    private const int HeaderLength = 8;
    private const int LongHeaderLength = 16;

    /// <summary>The longest box that is looked into: more than the <c>moof</c> of a minute of every codec.</summary>
    private const int MaxKept = 4 * 1024 * 1024;

    private static readonly FourCc Moov = new("moov");
    private static readonly FourCc Moof = new("moof");
    private static readonly FourCc Mdat = new("mdat");
    private static readonly FourCc Ftyp = new("ftyp");

    private readonly Dictionary<uint, FragmentTrack> _tracks = [];
    private readonly byte[] _header = new byte[LongHeaderLength];
    private int _headerLength;
    private int _headerWanted = HeaderLength;
    private FourCc _type;
    private byte[]? _kept; // the body of a box that is looked into
    private int _keptLength;
    private long _rest; // of the box's body
    private bool _isInit;
    private bool _hasMoov;
    private bool _hasMoof;
    private bool _hasMdat;
    private long _announced; // bytes of samples that await their mdat; -1 when none do

    /// <summary>A body begins.</summary>
    /// <param name="isInit">Whether it is an init segment.</param>
    public void Begin(bool isInit)
    {
        _isInit = isInit;
        _headerLength = 0;
        _headerWanted = HeaderLength;
        _kept = null;
        _rest = 0;
        _hasMoov = false;
        _hasMoof = false;
        _hasMdat = false;
        _announced = -1;
        if (isInit)
        {
            _tracks.Clear();
        }
    }

    /// <summary>The next segment begins anywhere: after a seek, or a discontinuity.</summary>
    public void Jump()
    {
        foreach (FragmentTrack track in _tracks.Values)
        {
            track.End = null;
        }
    }

    /// <summary>Reads bytes of the body.</summary>
    /// <exception cref="ContentException">They break a rule.</exception>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_rest == 0)
            {
                int count = Math.Min(_headerWanted - _headerLength, bytes.Length);
                bytes[..count].CopyTo(_header.AsSpan(_headerLength));
                _headerLength += count;
                bytes = bytes[count..];
                if (_headerLength == _headerWanted)
                {
                    ReadHeader();
                }

                continue;
            }

            int taken = (int)Math.Min(_rest, bytes.Length);
            if (_kept is not null)
            {
                bytes[..taken].CopyTo(_kept.AsSpan(_keptLength));
                _keptLength += taken;
            }

            _rest -= taken;
            bytes = bytes[taken..];
            if (_rest == 0)
            {
                EndBox();
            }
        }
    }

    /// <summary>The body is over.</summary>
    /// <exception cref="ContentException">It lacks something.</exception>
    public void OnEnd()
    {
        Require(_rest == 0 && _headerLength == 0, "it ends in the middle of a box");
        Require(!_isInit || _hasMoov, "an init segment without a moov");
        Require(_isInit || (_hasMoof && _hasMdat && _announced < 0), "no moof with its mdat");
    }

    private void ReadHeader()
    {
        long size = BinaryPrimitives.ReadUInt32BigEndian(_header);
        if (size == 1 && _headerWanted == HeaderLength)
        {
            _headerWanted = LongHeaderLength;
            return;
        }

        if (size == 1)
        {
            size = BinaryPrimitives.ReadInt64BigEndian(_header.AsSpan(HeaderLength));
        }

        Require(size >= _headerWanted, "a box of an impossible size");
        _type = new FourCc(BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4)));
        _rest = size - _headerWanted;
        _headerLength = 0;
        _headerWanted = HeaderLength;
        _kept = null;
        Require(!_isInit || (_type != Moof && _type != Mdat), "an init segment with samples");
        Require(_isInit || (_type != Moov && _type != Ftyp), "an init segment inside a segment");
        if (_type == Mdat)
        {
            Require(_announced >= 0, "an mdat without its moof before it");
            Require(_announced == _rest, "samples do not take their mdat exactly");
            _announced = -1;
            _hasMdat = true;
        }
        else if (_type == Moov || _type == Moof)
        {
            Require(_rest <= MaxKept, "a box that is too long to be looked into");
            _kept = new byte[_rest];
            _keptLength = 0;
        }

        if (_rest == 0)
        {
            EndBox();
        }
    }

    private void EndBox()
    {
        if (_kept is not { } body)
        {
            return;
        }

        _kept = null;
        try
        {
            BoxReader reader = new(body, 0, _type);
            if (_type == Moov)
            {
                _hasMoov = true;
                ReadMoov(ref reader);
            }
            else
            {
                Require(_announced < 0, "a moof without its mdat behind it");
                _hasMoof = true;
                _announced = ReadMoof(ref reader);
            }
        }
        catch (Mp4FormatException)
        {
            throw new ContentException($"segment: its {_type} cannot be read");
        }
    }

    private void ReadMoov(ref BoxReader moov)
    {
        while (moov.TryReadBox(out BoxHeader header, out BoxReader body))
        {
            if (header.Type != new FourCc("mvex"))
            {
                continue;
            }

            while (body.TryReadBox(out BoxHeader inner, out BoxReader trex))
            {
                if (inner.Type == new FourCc("trex"))
                {
                    // version(8) flags(24) | track_ID | default_sample_description_index | default_sample_duration | default_sample_size
                    trex.Skip(4);
                    uint id = trex.ReadUInt32();
                    trex.Skip(4);
                    _tracks[id] = new FragmentTrack { DefaultDuration = trex.ReadUInt32(), DefaultSize = trex.ReadUInt32() };
                }
            }
        }

        Require(_tracks.Count > 0, "an init segment without a trex");
    }

    /// <returns>Bytes of samples.</returns>
    private long ReadMoof(ref BoxReader moof)
    {
        long bytes = 0;
        while (moof.TryReadBox(out BoxHeader header, out BoxReader body))
        {
            if (header.Type == new FourCc("traf"))
            {
                bytes += ReadTraf(ref body);
            }
        }

        return bytes;
    }

    private long ReadTraf(ref BoxReader traf)
    {
        FragmentTrack? track = null;
        uint duration = 0;
        uint size = 0;
        long time = -1;
        long length = 0;
        long last = 0;
        long bytes = 0;
        while (traf.TryReadBox(out BoxHeader header, out BoxReader body))
        {
            if (header.Type == new FourCc("tfhd"))
            {
                (track, duration, size) = ReadTfhd(ref body);
            }
            else if (header.Type == new FourCc("tfdt"))
            {
                byte version = body.ReadVersion(1, out _);
                time = version == 1 ? (long)body.ReadUInt64() : body.ReadUInt32();
            }
            else if (header.Type == new FourCc("trun"))
            {
                Require(track is not null, "a trun without its tfhd before it");
                bytes += ReadTrun(ref body, duration, size, ref length, ref last);
            }
        }

        Require(track is not null && time >= 0, "a traf without its tfhd and tfdt");
        if (track!.End is { } end)
        {
            // The last sample's duration is often a guess of the writer's, so what follows may be so much off.
            Require(time >= end - last, "a track goes back");
            Require(time <= end + last, "a track has a hole");
        }

        track.End = time + length;
        return bytes;
    }

    private (FragmentTrack Track, uint Duration, uint Size) ReadTfhd(ref BoxReader tfhd)
    {
        const uint HasBase = 0x1, HasDescription = 0x2, HasDuration = 0x8, HasSize = 0x10;
        tfhd.ReadVersion(0, out uint flags);
        Require(_tracks.TryGetValue(tfhd.ReadUInt32(), out FragmentTrack? track), "a track that the init segment does not have");
        tfhd.Skip(((flags & HasBase) != 0 ? 8 : 0) + ((flags & HasDescription) != 0 ? 4 : 0));
        uint duration = (flags & HasDuration) != 0 ? tfhd.ReadUInt32() : track!.DefaultDuration;
        uint size = (flags & HasSize) != 0 ? tfhd.ReadUInt32() : track!.DefaultSize;
        return (track!, duration, size);
    }

    private static long ReadTrun(ref BoxReader trun, uint duration, uint size, ref long length, ref long last)
    {
        const uint HasOffset = 0x1, HasFirstFlags = 0x4, HasDuration = 0x100, HasSize = 0x200, HasFlags = 0x400, HasComposition = 0x800;
        trun.ReadVersion(1, out uint flags);
        uint count = trun.ReadUInt32();
        trun.Skip(((flags & HasOffset) != 0 ? 4 : 0) + ((flags & HasFirstFlags) != 0 ? 4 : 0));
        int rest = ((flags & HasFlags) != 0 ? 4 : 0) + ((flags & HasComposition) != 0 ? 4 : 0);
        int entry = rest + ((flags & HasDuration) != 0 ? 4 : 0) + ((flags & HasSize) != 0 ? 4 : 0);
        Require((long)count * entry <= trun.Remaining, "a trun that is cut off");
        if (entry == 0)
        {
            length += (long)count * duration;
            last = duration;
            return (long)count * size;
        }

        long bytes = 0;
        for (uint i = 0; i < count; i++)
        {
            last = (flags & HasDuration) != 0 ? trun.ReadUInt32() : duration;
            bytes += (flags & HasSize) != 0 ? trun.ReadUInt32() : size;
            length += last;
            trun.Skip(rest);
        }

        return bytes;
    }

    private static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new ContentException("segment: " + rule);
        }
    }

    /// <summary>What is known of a track.</summary>
    private sealed class FragmentTrack
    {
        public uint DefaultDuration { get; init; }

        public uint DefaultSize { get; init; }

        /// <summary>Where the last segment ended, in the track's own time; null where the next one may begin anywhere.</summary>
        public long? End { get; set; }
    }
}
