using System.Buffers.Binary;
using Mapwire.Media;
using Mapwire.Media.Mp4;

namespace Mapwire.Load.Reading;

/// <summary>
/// Checks the boxes of init segments and segments as they come (ISO/IEC 14496-12): each body is whole boxes, a <c>moof</c> lies before its
/// <c>mdat</c>, the runs of samples take the <c>mdat</c> exactly, each track goes on where the segment before ended, and each comes.
/// </summary>
internal sealed partial class FragmentCheck
{
    private const int HeaderLength = 8;
    private const int LongHeaderLength = 16;

    /// <summary>The longest box that is looked into: more than the <c>moof</c> of a minute of every codec.</summary>
    private const int MaxKept = 4 * 1024 * 1024;

    /// <summary>
    /// How long after the others a track may begin, in seconds. A segment without a sample of a track need not name it, so one that came
    /// and stays away has ended, as the sound of many films does before their pictures.
    /// </summary>
    private const double MaxDelay = 10;

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
    private long _position; // in the body
    private long _boxStart;
    private long _rest; // of the box's body
    private bool _isInit;
    private bool _hasMoov;
    private bool _hasMoof;
    private bool _hasMdat;
    private List<Run>? _announced; // what awaits its mdat; null when nothing does
    private bool _isBaseKnown; // where the runs lie in the body
    private double? _begin; // of the first samples since anything could come, in seconds

    /// <summary>A body begins.</summary>
    /// <param name="isInit">Whether it is an init segment.</param>
    public void Begin(bool isInit)
    {
        _isInit = isInit;
        _headerLength = 0;
        _headerWanted = HeaderLength;
        _kept = null;
        _position = 0;
        _rest = 0;
        _hasMoov = false;
        _hasMoof = false;
        _hasMdat = false;
        _announced = null;
    }

    /// <summary>The next segment begins anywhere: after a seek, or a discontinuity.</summary>
    public void Jump()
    {
        foreach (FragmentTrack track in _tracks.Values)
        {
            track.End = null;
        }

        _begin = null;
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
                _position += count;
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
            _position += taken;
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
        Require(_isInit || (_hasMoof && _hasMdat && _announced is null), "no moof with its mdat");
        double newest = 0;
        foreach (FragmentTrack track in _tracks.Values)
        {
            newest = track is { Timescale: > 0, End: { } end } ? Math.Max(newest, (double)end / track.Timescale) : newest;
        }

        foreach (FragmentTrack track in _tracks.Values)
        {
            Require(track.HasCome || _begin is not { } begin || newest - begin <= MaxDelay, "a track does not come");
        }
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
        _boxStart = _position - _headerWanted;
        _headerLength = 0;
        _headerWanted = HeaderLength;
        _kept = null;
        Require(!_isInit || (_type != Moof && _type != Mdat), "an init segment with samples");
        Require(_isInit || (_type != Moov && _type != Ftyp), "an init segment inside a segment");
        if (_type == Mdat)
        {
            Require(_announced is not null, "an mdat without its moof before it");
            RequireTiled(_announced!, _rest);
            _announced = null;
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
                Require(_announced is null, "a moof without its mdat behind it");
                _hasMoof = true;
                _announced = ReadMoof(ref reader, _boxStart);
            }
        }
        catch (Mp4FormatException)
        {
            throw new ContentException($"segment: its {_type} cannot be read");
        }
    }

    /// <summary>The runs lie side by side, and take all of the mdat that begins here.</summary>
    private void RequireTiled(List<Run> runs, long length)
    {
        const string Rule = "samples do not take their mdat exactly";
        runs.Sort(static (one, other) => one.Start.CompareTo(other.Start));
        long next = _isBaseKnown || runs.Count == 0 ? _position : runs[0].Start;
        long end = next + length;
        foreach (Run run in runs)
        {
            Require(run.Start == next && run.Length <= end - next, Rule);
            next += run.Length;
        }

        Require(next == end, Rule);
    }

    private static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new ContentException("segment: " + rule);
        }
    }
}
