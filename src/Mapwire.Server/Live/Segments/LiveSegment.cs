using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Live.Segments;

/// <summary>A segment of one track: its parts, one behind the other. Under the gate of its <see cref="LiveSegments"/>.</summary>
/// <param name="number">Its media sequence number.</param>
/// <param name="boundary">Where it begins.</param>
/// <param name="init">What a player needs first.</param>
/// <param name="start">When its first frame is decoded.</param>
/// <param name="breaks">How often times or codecs break before it.</param>
internal sealed class LiveSegment(long number, LiveBoundary boundary, LiveInit init, TimeSpan start, int breaks)
{
    private readonly List<LivePart> _parts = [];
    private readonly List<LiveRun> _runs = []; // held, once each

    /// <summary>Its media sequence number.</summary>
    public long Number { get; } = number;

    /// <summary>Where it begins.</summary>
    public LiveBoundary Boundary { get; } = boundary;

    /// <summary>What a player needs first.</summary>
    public LiveInit Init { get; } = init;

    /// <summary>When its first frame is decoded.</summary>
    public TimeSpan Start { get; } = start;

    /// <summary>How often times or codecs break between the segment before and this one, as it is listed.</summary>
    public int Breaks { get; set; } = breaks;

    /// <summary>When that was, by the clock on the wall.</summary>
    public DateTimeOffset WallStart => Boundary.WallZero + Start;

    /// <summary>The parts that are whole.</summary>
    public IReadOnlyList<LivePart> Parts => _parts;

    /// <summary>How long all parts last.</summary>
    public TimeSpan Duration { get; private set; }

    /// <summary>When decoding of the last part ends.</summary>
    public TimeSpan End => Start + Duration;

    /// <summary>The bytes of all parts.</summary>
    public long Length { get; private set; }

    /// <summary>Whether no part follows.</summary>
    public bool IsWhole { get; set; }

    /// <summary>The time of the stream when it left the playlist.</summary>
    public TitleTime LeftAt { get; set; }

    /// <summary>How many frames all parts have.</summary>
    public int Frames { get; private set; }

    /// <summary>Adds a part.</summary>
    /// <param name="part">What is whole.</param>
    /// <param name="frames">How many frames it has.</param>
    /// <param name="runs">Where its frames lie, held once each: the holds are the segment's from now on.</param>
    public void Add(LivePart part, int frames, IReadOnlyList<LiveRun> runs)
    {
        foreach (LiveRun run in runs)
        {
            if (_runs.Contains(run))
            {
                run.LetGo();
            }
            else
            {
                _runs.Add(run);
            }
        }

        _parts.Add(part);
        Frames += frames;
        Duration += part.Duration;
        Length += part.Length;
    }

    /// <summary>A part, or all of them, as a body.</summary>
    /// <param name="part">Its number; null for all.</param>
    public PieceList ToPieces(int? part)
    {
        PieceList.Builder body = new();
        foreach (LivePart one in part is { } number ? _parts.GetRange(number, 1) : _parts)
        {
            one.AddTo(body);
        }

        return body.Build();
    }

    /// <summary>Keeps the pages for one who sends it.</summary>
    public LiveHold Hold(LivePages pages)
    {
        LiveRun[] runs = [.. _runs];
        Array.ForEach(runs, static run => run.Hold());
        return new LiveHold(pages, runs);
    }

    /// <summary>Nobody is given it any more.</summary>
    public void Release()
    {
        _runs.ForEach(static run => run.LetGo());
        _runs.Clear();
    }
}
