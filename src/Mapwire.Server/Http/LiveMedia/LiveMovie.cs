using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Http.LiveMedia;

/// <summary>
/// A live stream as one fragmented MP4: each part of a segment as soon as it is whole, from the newest segment on, until the stream is
/// over. Who reads too slowly goes on with the newest segment.
/// </summary>
/// <param name="segments">The stream.</param>
/// <param name="wish">Which tracks.</param>
/// <param name="arrived">Called on any thread when there is more: to be gathered again.</param>
internal sealed class LiveMovie(LiveSegments segments, LiveTracksWish wish, Action arrived) : IBody
{
    private readonly List<Place> _places = [];
    private BodyCursor? _cursor; // of the part that is sent
    private bool _isEnded;
    private volatile bool _waits;
    private volatile bool _isReleased;

    /// <inheritdoc/>
    public bool IsOver => _isEnded && _cursor is not { IsOver: false };

    /// <inheritdoc/>
    public string? LostReason => null;

    /// <inheritdoc/>
    public string? FindLost() => _cursor?.FindLost();

    /// <inheritdoc/>
    public void Gather(GatherList list, long most, long now)
    {
        if (_cursor is not { IsOver: false })
        {
            TakeNext();
        }

        if (_cursor is { IsOver: false } cursor)
        {
            cursor.Gather(list, most, now);
        }
    }

    /// <inheritdoc/>
    public void Advance(long sent) => _cursor?.Advance(sent);

    /// <inheritdoc/>
    public long NextTurn(long now) => TimerWheel.Never;

    /// <inheritdoc/>
    public void Release()
    {
        _isReleased = true;
        _cursor?.Release();
    }

    private void TakeNext()
    {
        _cursor?.Release();
        _cursor = null;
        if (_isEnded || _waits)
        {
            return;
        }

        (Resource? next, long version) = segments.Read(now => (FindNext(now), now.Version));
        if (next is not null)
        {
            _cursor = new BodyCursor(next, next.Cut(0, next.Body.Length), arrived);
        }
        else if (!_isEnded)
        {
            _waits = true;
            segments.WhenBehind(version).ContinueWith(
                _ =>
                {
                    _waits = false;
                    if (!_isReleased)
                    {
                        arrived();
                    }
                },
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>The next part, behind an init segment where one is needed; null while there is none.</summary>
    private Resource? FindNext(LiveSegments now)
    {
        if (_places.Count == 0 || _places.Exists(static place => place.IsLost))
        {
            if ((now.IsEnded && _places.Count > 0) || !now.Renditions.Any(LivePlaylists.HasParts))
            {
                _isEnded = true; // too slow for the end
                return null;
            }

            Begin(now);
        }

        Place? next = null;
        foreach (Place place in _places)
        {
            if (place.Find() is { } part && (next is null || part.Start < next.Find()!.Start))
            {
                next = place;
            }
        }

        if (next is null)
        {
            _isEnded = now.IsEnded;
            return null;
        }

        PieceList.Builder body = new();
        LiveSegment segment = next.Segment!;
        if (next.Init != segment.Init)
        {
            foreach (Place place in _places)
            {
                place.Init = place == next ? segment.Init : place.Segment?.Init ?? place.Rendition.Init;
            }

            body.Add(TrackFragments.CreateInit([.. _places.Select(static place => place.Init!.Fragments)]));
        }

        next.Find()!.AddTo(body);
        next.Advance();
        PieceList pieces = body.Build();
        return new Resource([], new MadeBody(pieces), new Mapwire.Http.Conditional.Representation(pieces.Length, null), "", "")
        {
            Hold = segment.Hold(now.Stream.Pages),
        };
    }

    /// <summary>Begins with the newest segment that decoding can start with.</summary>
    private void Begin(LiveSegments now)
    {
        IReadOnlyList<LiveRendition> tracks = wish.ChooseOne(now);
        LiveSegment first = tracks[0].Listed.LastOrDefault(static segment => segment.Parts is [{ IsIndependent: true }, ..])
            ?? tracks[0].Listed[0];
        _places.Clear();
        foreach (LiveRendition track in tracks)
        {
            LiveSegment begin = track.Listed.LastOrDefault(segment => segment.Boundary == first.Boundary) ?? track.Listed[^1];
            _places.Add(new Place(track, begin.Number));
        }
    }

    /// <summary>A place in a track. Used under <see cref="LiveSegments.Read{T}"/>.</summary>
    private sealed class Place(LiveRendition rendition, long number)
    {
        private long _number = number;
        private int _part;

        /// <summary>The track.</summary>
        public LiveRendition Rendition { get; } = rendition;

        /// <summary>What the reader was sent for it; null before that.</summary>
        public LiveInit? Init { get; set; }

        /// <summary>The segment; null where it has not begun, or is not there any more.</summary>
        public LiveSegment? Segment => Rendition.Find(_number);

        /// <summary>Whether it is not there any more.</summary>
        public bool IsLost => _number < Rendition.NextWhole && Segment is null;

        /// <summary>The part that comes next; null while there is none.</summary>
        public LivePart? Find()
        {
            if (Segment is { IsWhole: true } whole && _part >= whole.Parts.Count)
            {
                (_number, _part) = (_number + 1, 0);
            }

            return Segment is { } segment && _part < segment.Parts.Count ? segment.Parts[_part] : null;
        }

        /// <summary>The part was taken.</summary>
        public void Advance() => _part++;
    }
}
