using System.Collections.Immutable;
using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>Makes a <see cref="Movie"/> of a <c>moov</c> box and, in a fragmented file, of the <c>moof</c> boxes after it.</summary>
public sealed class MovieBuilder
{
    private readonly long _fileLength;
    private readonly MediaLimits _limits;
    private readonly CancellationToken _cancellation;
    private readonly List<TrackDraft> _drafts = [];
    private readonly Dictionary<uint, FragmentDefaults> _defaults = [];
    private readonly List<FileDamage> _damage = [];
    private Dictionary<uint, FragmentedTrack>? _fragmented;
    private long _fragmentBytes;
    private int _fragments;
    private readonly Mp4FormatException? _firstFault;

    /// <summary>Reads the <c>moov</c>.</summary>
    /// <param name="moov">The whole box with its header.</param>
    /// <param name="moovOffset">Of the box in its file, for error messages.</param>
    /// <param name="fileLength">No sample may end past it.</param>
    /// <param name="limits">What is refused as too large; null for <see cref="MediaLimits.Default"/>.</param>
    /// <param name="cancellation">Looked at between tracks: what a small file says can take minutes to follow.</param>
    /// <exception cref="Mp4FormatException">The box, or a track of it that would be played, is malformed.</exception>
    public MovieBuilder(
        ReadOnlySpan<byte> moov, long moovOffset, long fileLength, MediaLimits? limits = null, CancellationToken cancellation = default)
    {
        _cancellation = cancellation;
        _fileLength = fileLength;
        _limits = limits ?? MediaLimits.Default;
        BoxReader body = Open(moov, moovOffset, BoxType.Moov, 0, _limits.MovieBytes);
        Place = FileLocation.Box(body.Type, moovOffset);
        BoxCensus.Check(body, _limits);
        if (BoxSearch.TryFind(body, BoxType.Cmov, out BoxReader compressed))
        {
            compressed.Fail(Mp4Error.MissingBox, "the movie is compressed, which is not supported");
        }

        uint movieTimescale = ReadTimescale(BoxSearch.Find(body, BoxType.Mvhd));
        if (BoxSearch.TryFind(body, BoxType.Mvex, out BoxReader mvex))
        {
            IsFragmented = true;
            while (mvex.TryReadBox(out BoxHeader header, out BoxReader child))
            {
                if (header.Type.Value != BoxType.Trex)
                {
                    continue;
                }

                FragmentDefaults defaults = FragmentDefaults.Parse(child, out uint track);
                _defaults[track] = defaults;
            }
        }

        while (body.TryReadBox(out BoxHeader child, out BoxReader reader))
        {
            if (child.Type.Value != BoxType.Trak)
            {
                continue;
            }

            if (_drafts.Count == _limits.Tracks)
            {
                reader.FailLimit($"there are {_drafts.Count + 1} tracks or more", nameof(MediaLimits.Tracks), _limits.Tracks);
            }

            _cancellation.ThrowIfCancellationRequested();
            _drafts.Add(TrackParser.Parse(reader, movieTimescale, fileLength, _limits, out Mp4FormatException? fault));
            _firstFault ??= fault;
            IsTruncated |= _drafts[^1].MissingSamples > 0 || fault?.Error == Mp4Error.SampleOutsideFile;
        }
    }

    internal FileLocation Place { get; }

    /// <summary>Whether the <c>moov</c> announces fragments (<c>mvex</c>).</summary>
    public bool IsFragmented { get; }

    /// <summary>
    /// Whether the file ends before all its samples: it was cut off, or is still being written. What is whole is in the movie. The
    /// reader of the file sets it where a fragment itself is cut off.
    /// </summary>
    public bool IsTruncated { get; set; }

    /// <summary>Whether the file says that nothing follows.</summary>
    public bool IsComplete { get; set; }

    /// <summary>Adds the next fragment, in the order of the file.</summary>
    /// <param name="moof">The whole box with its header.</param>
    /// <param name="moofOffset">Of the box in its file.</param>
    /// <exception cref="Mp4FormatException">The fragment is malformed, or there are more than the limits allow.</exception>
    public void AddFragment(ReadOnlySpan<byte> moof, long moofOffset)
    {
        BoxReader body = Open(moof, moofOffset, BoxType.Moof, _fragmentBytes, _limits.MovieBytes);
        _fragmentBytes += moof.Length;
        if (++_fragments > _limits.Fragments)
        {
            body.FailLimit($"there are {_fragments} fragments or more", nameof(MediaLimits.Fragments), _limits.Fragments);
        }

        BoxCensus.Check(body, _limits);

        if (_fragmented is null)
        {
            _fragmented = [];
            foreach (TrackDraft draft in _drafts)
            {
                if (draft.UnplayableReason is null)
                {
                    _fragmented.TryAdd(draft.Id, new FragmentedTrack(draft));
                }
            }
        }

        FragmentParser.Parse(body, moofOffset, _fragmented, _defaults, _fileLength, _limits);
        foreach (FragmentedTrack track in _fragmented.Values)
        {
            IsTruncated |= track.IsTruncated;
        }
    }

    /// <summary>The movie of all that was added.</summary>
    /// <exception cref="Mp4FormatException">An edit list takes more samples than the limits allow, or the only tracks to play are
    /// broken.</exception>
    public Movie ToMovie()
    {
        ImmutableArray<Track>.Builder tracks = ImmutableArray.CreateBuilder<Track>(_drafts.Count);
        FragmentedTrack? earliest = FindEarliest();
        foreach (TrackDraft draft in _drafts)
        {
            _cancellation.ThrowIfCancellationRequested();
            if (_fragmented is null || draft.UnplayableReason is not null)
            {
                tracks.Add(ToTrack(draft));
            }
            else if (_fragmented.TryGetValue(draft.Id, out FragmentedTrack? track) && track.Draft == draft)
            {
                tracks.Add(track.ToTrack(Origin(earliest, draft.Timescale), _fileLength));
            }
            else
            {
                tracks.Add(draft.ToListed("another track has the same number"));
            }
        }

        Movie movie = new(tracks.DrainToImmutable(), Place, IsFragmented, IsTruncated)
        {
            Damage = [.. _damage],
            IsComplete = IsComplete && !IsTruncated,
        };
        return _firstFault is not null && movie.Tracks.All(static track => track.Codec is null) ? throw _firstFault : movie;
    }

    /// <summary>Notes a fragment that is passed over with all that follows it.</summary>
    internal void AddDamage(FileLocation location, long length, string reason)
    {
        IsTruncated = true;
        _damage.Add(new FileDamage(location, length, reason));
    }

    /// <summary>Whether fragments have brought something to play.</summary>
    internal bool HasSamples => _fragmented?.Values.Any(static track => track.Count > 0) == true;

    private Track ToTrack(TrackDraft draft)
    {
        if (draft.UnplayableReason is not null)
        {
            return draft.ToListed(draft.UnplayableReason);
        }

        if (draft.Tables.Count == 0)
        {
            return draft.ToListed(
                IsFragmented && _fragments == 0 ? "it has no samples: this is an init part without fragments" : TrackDraft.NoSamples);
        }

        long? start = null;
        long end = draft.Tables.Duration;
        Segment[] segments = EditListResolver.All(draft.Tables);
        if (draft.Edits.Length > 0
            && !EditListResolver.TryResolve(draft.Tables, draft.Kind == TrackKind.Video, draft.Timescale, draft.Edits, _limits, out start,
            out end, out segments))
        {
            throw Mp4FormatException.TooMuch(
                "elst", draft.EditList?.Offset ?? draft.Place.Offset, "following the edit list takes more steps",
                nameof(MediaLimits.SamplesPerTrack),
                _limits.SamplesPerTrack);
        }

        return segments.Length == 0
            ? draft.ToListed("its edit list leaves no sample", draft.EditList)
            : draft.ToTrack(new SampleTable(draft.Tables, segments, draft.EditList), end, start);
    }

    /// <summary>A recording can begin hours into its time line, when it was cut out of a running one; that time is taken off.</summary>
    private FragmentedTrack? FindEarliest()
    {
        FragmentedTrack? earliest = null;
        foreach (FragmentedTrack track in _fragmented?.Values ?? Enumerable.Empty<FragmentedTrack>())
        {
            if (track.FirstDecodeTime is not { } time)
            {
                continue;
            }

            if (earliest is null
                || (Int128)time * earliest.Draft.Timescale < (Int128)earliest.FirstDecodeTime!.Value * track.Draft.Timescale)
            {
                earliest = track;
            }
        }

        return earliest;
    }

    private static long Origin(FragmentedTrack? earliest, uint timescale) =>
        earliest?.FirstDecodeTime is > 0 and { } time ? (long)((UInt128)time * timescale / earliest.Draft.Timescale) : 0;

    private static BoxReader Open(ReadOnlySpan<byte> box, long offset, uint type, long before, long limit)
    {
        string name = new FourCc(type).ToString();
        if (box.Length > limit - before)
        {
            throw Mp4FormatException.TooMuch(name, offset, $"the '{name}' boxes so far have {before + box.Length} bytes",
                nameof(MediaLimits.MovieBytes), limit);
        }

        if (!BoxHeader.TryParse(box, offset, offset + box.Length, out BoxHeader header))
        {
            throw new Mp4FormatException(Mp4Error.Truncated, name, offset, $"{box.Length} bytes are too few for a box");
        }

        if (header.Type.Value != type)
        {
            throw new Mp4FormatException(Mp4Error.MissingBox, header.Type.ToString(), offset, $"this is not a '{name}'");
        }

        return new BoxReader(box.Slice(header.HeaderLength, (int)header.BodyLength), header.BodyOffset, header.Type);
    }

    private static uint ReadTimescale(BoxReader box)
    {
        // version(8) | flags(24) | creation_time(32 or 64) | modification_time(32 or 64) | timescale(32) | duration(32 or 64) | ...
        byte version = box.ReadVersion(1, out _);
        box.Skip(version == 0 ? 8 : 16);
        return box.ReadUInt32();
    }
}
