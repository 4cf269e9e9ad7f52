using System.Globalization;

namespace Mapwire.PlaylistRules;

/// <summary>What was wrong with an answer, and when.</summary>
/// <param name="At">Since the checker began.</param>
/// <param name="Address">What was asked for.</param>
/// <param name="Violation">The rule and what broke it.</param>
public sealed record LiveViolation(TimeSpan At, string Address, Violation Violation)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At.TotalSeconds:0.000} s, {Address}: {Violation}");
}

/// <summary>
/// Follows a media playlist that grows, as a player of low latency does: by blocking reloads of what comes next, each second one as a delta
/// update. Each answer is checked, alone and against the one before; each update also against the whole playlist, which is asked for behind
/// it.
/// </summary>
/// <remarks>
/// It does not know how an address is fetched. <see cref="RecordArrival"/> may be called on any thread; all else is for one.
/// </remarks>
/// <param name="address">The playlist's address.</param>
/// <param name="fetch">Fetches an address. What it throws is an answer that did not come.</param>
/// <param name="clock">Tells the time; null for the system's.</param>
public sealed class LivePlaylistChecker(string address, Func<string, Task<byte[]>> fetch, TimeProvider? clock = null)
{
    /// <summary>So many violations are kept: one that stands in each answer of two hours would fill memory.</summary>
    private const int MaxViolations = 1_000;

    private const decimal SegmentLateness = 1.5m;

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly long _start = (clock ?? TimeProvider.System).GetTimestamp();
    private readonly List<LiveViolation> _violations = [];
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TimeSpan> _announced = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _arrived = new(StringComparer.Ordinal);
    private (long Number, int Part)? _next; // behind what was seen
    private TimeSpan _partAt;
    private TimeSpan _segmentAt;

    /// <summary>
    /// How much later than they have to parts and segments may come: what the way to the server and its load take. Null (the default)
    /// for any: then only <see cref="LongestPartInterval"/> and <see cref="LongestSegmentInterval"/> tell.
    /// </summary>
    public TimeSpan? Tolerance { get; init; }

    /// <summary>Since the checker was made.</summary>
    public TimeSpan Elapsed => _clock.GetElapsedTime(_start);

    /// <summary>What was wrong; the first 1,000.</summary>
    public IReadOnlyList<LiveViolation> Violations => _violations;

    /// <summary>How many answers came, with <see cref="Updates"/> and the whole playlists that updates were compared with.</summary>
    public int Reloads { get; private set; }

    /// <summary>How many answers were delta updates.</summary>
    public int Updates { get; private set; }

    /// <summary>How many updates could be compared with the whole playlist of the same moment.</summary>
    public int ComparedUpdates { get; private set; }

    /// <summary>How many whole segments were seen.</summary>
    public int Segments { get; private set; }

    /// <summary>How many parts were seen.</summary>
    public int Parts { get; private set; }

    /// <summary>Whether the last answer had EXT-X-ENDLIST.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The longest time from answers with a new part to the next ones.</summary>
    public TimeSpan LongestPartInterval { get; private set; }

    /// <summary>The longest time from answers with a new segment to the next ones.</summary>
    public TimeSpan LongestSegmentInterval { get; private set; }

    /// <summary>
    /// The longest time from the playlist that listed a part first to the part's arrival; null where no time was recorded. A hinted part
    /// may arrive before it is listed, which counts as 0.
    /// </summary>
    public TimeSpan? LongestDelay
    {
        get
        {
            lock (_gate)
            {
                TimeSpan[] delays =
                [
                    .. _arrived.Where(pair => _announced.ContainsKey(pair.Key)).Select(pair => pair.Value - _announced[pair.Key]),
                ];
                return delays.Length == 0 ? null : TimeSpan.FromTicks(Math.Max(0, delays.Max().Ticks));
            }
        }
    }

    /// <summary>Tells when a part was there.</summary>
    /// <param name="uri">The part, as the playlist names it.</param>
    /// <param name="at">When, as <see cref="Elapsed"/> says.</param>
    public void RecordArrival(string uri, TimeSpan at)
    {
        lock (_gate)
        {
            _arrived.TryAdd(uri, at);
        }
    }

    /// <summary>Follows the playlist until it ends, an answer does not come or it is told to stop.</summary>
    /// <param name="cancellation">Tells it to stop, which is no error.</param>
    public async Task FollowAsync(CancellationToken cancellation)
    {
        try
        {
            byte[]? last = await FetchAsync(address, cancellation).ConfigureAwait(false);
            if (last is not null)
            {
                Check(address, PlaylistValidator.Validate(last));
                Note(address, Read(last));
            }

            for (int turn = 1; last is not null && !IsEnded; turn++)
            {
                last = await ReloadAsync(last, isUpdate: turn % 2 == 0, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // It was told to stop.
        }
    }

    private async Task<byte[]?> ReloadAsync(byte[] last, bool isUpdate, CancellationToken cancellation)
    {
        MediaListing known = Read(last);
        if (!known.CanBlock)
        {
            await DelayAsync(known.PartTarget ?? known.Target / 2m, cancellation).ConfigureAwait(false);
        }

        string whole = AddressOf(known, isUpdate: false);
        string asked = isUpdate && known.CanSkipUntil is not null ? AddressOf(known, isUpdate: true) : whole;
        if (await FetchAsync(asked, cancellation).ConfigureAwait(false) is not { } answer)
        {
            return null;
        }

        Check(asked, PlaylistValidator.Validate(answer));
        IReadOnlyList<Violation> ofUpdate = PlaylistValidator.ValidateUpdate(last, answer);
        Check(asked, ofUpdate);
        byte[]? merged = PlaylistValidator.MergeUpdate(last, answer);
        MediaListing? now = merged is null ? null : Read(merged);
        if (now is not null)
        {
            // What a wrong update makes is not counted: the whole playlist that is fetched behind it is.
            if (asked == whole || ofUpdate.Count == 0)
            {
                Note(asked, now);
            }

            if (known.CanBlock && !HasReached(now, known))
            {
                Add(asked, "bis 6.2.5.2 defer", $"the next is {now.Next}");
                await DelayAsync((known.PartTarget ?? known.Target) / 2, cancellation).ConfigureAwait(false);
            }
        }

        if (asked == whole || IsEnded)
        {
            return merged;
        }

        Updates++;
        List<Violation> violations = [];
        PlaylistLines lines = PlaylistLines.Read(answer, []);
        if (lines.Find("EXT-X-SKIP") is null) // else it was looked at with the answer
        {
            lines = PlaylistLines.Read(answer, violations);
            LowLatencyRules.CheckSkipsAll(lines, MediaListing.Read(lines));
            Check(asked, violations);
        }

        return await CompareAsync(whole, merged, cancellation).ConfigureAwait(false);
    }

    /// <summary>Fetches the whole playlist behind an update.</summary>
    private async Task<byte[]?> CompareAsync(string whole, byte[]? merged, CancellationToken cancellation)
    {
        if (await FetchAsync(whole, cancellation).ConfigureAwait(false) is not { } answer)
        {
            return null;
        }

        Check(whole, PlaylistValidator.Validate(answer));
        MediaListing now = Read(answer);
        if (merged is not null)
        {
            Check(whole, PlaylistValidator.ValidateMerged(merged, answer));
            ComparedUpdates += Read(merged).Next == now.Next ? 1 : 0;
        }

        Note(whole, now);
        return answer;
    }

    /// <summary>
    /// Whether an answer has what was asked for. A part behind the last one of a segment is the first one of the next.
    /// </summary>
    private static bool HasReached(MediaListing now, MediaListing known)
    {
        (long number, int part) = known.Next;
        if (now.IsEnded)
        {
            return true;
        }

        if (known.PartTarget is null)
        {
            return now.Next.Number > number;
        }

        bool isBehindLast = now.Segments.Any(
            segment => segment.Number == number && segment.Uri is not null && segment.Parts.Count > 0 && segment.Parts.Count <= part);
        return now.Next.CompareTo(isBehindLast ? (number + 1, 0) : (number, part)) > 0;
    }

    private async Task<byte[]?> FetchAsync(string asked, CancellationToken cancellation)
    {
        try
        {
            byte[] answer = await fetch(asked).WaitAsync(cancellation).ConfigureAwait(false);
            Reloads++;
            return answer;
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested)
        {
            Add(asked, "own 6.2.5.2 answer", exception.Message);
            return null;
        }
    }

    private Task DelayAsync(decimal seconds, CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromSeconds((double)Math.Max(0.01m, seconds)), _clock, cancellation);

    /// <summary>The address of what comes next; directives stand in the order of their bytes (section 6.3.2).</summary>
    private string AddressOf(MediaListing known, bool isUpdate)
    {
        (long number, int part) = known.Next;
        List<string> directives = [];
        if (known.CanBlock)
        {
            directives.Add(string.Create(CultureInfo.InvariantCulture, $"_HLS_msn={number}"));
            directives.AddRange(known.PartTarget is null ? [] : [string.Create(CultureInfo.InvariantCulture, $"_HLS_part={part}")]);
        }

        if (isUpdate)
        {
            directives.Add("_HLS_skip=YES");
        }

        int mark = address.IndexOf('?', StringComparison.Ordinal);
        string path = mark < 0 ? address : address[..mark];
        string[] query = mark < 0 ? [] : address[(mark + 1)..].Split('&');
        return directives.Count == 0 ? address : $"{path}?{string.Join('&', query.Concat(directives).Order(StringComparer.Ordinal))}";
    }

    /// <summary>Counts what is new.</summary>
    private void Note(string asked, MediaListing now)
    {
        TimeSpan at = Elapsed;
        bool isFirst = _next is null;
        (long number, int part) = _next ?? (long.MinValue, 0);
        int parts = 0;
        int segments = 0;
        foreach (ListedSegment segment in now.Segments.Where(segment => segment.Number >= number))
        {
            segments += segment.Uri is not null ? 1 : 0;
            int known = segment.Number == number ? part : 0;
            parts += Math.Max(0, segment.Parts.Count - known);
            lock (_gate)
            {
                foreach (ListedPart one in segment.Parts.Skip(known).Where(static one => one.Uri is not null))
                {
                    _announced.TryAdd(one.Uri!, at);
                }
            }
        }

        (Parts, Segments, IsEnded) = (Parts + parts, Segments + segments, now.IsEnded);
        if (_next is null || now.Next.CompareTo(_next.Value) > 0)
        {
            _next = now.Next;
        }

        if (parts > 0)
        {
            LongestPartInterval = NoteInterval(
                asked, isFirst, at - _partAt, LongestPartInterval, now.PartTarget, "bis 6.2.1 part late");
            _partAt = at;
        }

        if (segments > 0)
        {
            LongestSegmentInterval = NoteInterval(
                asked, isFirst, at - _segmentAt, LongestSegmentInterval, SegmentLateness * now.Target, "bis 6.2.1 segment late");
            _segmentAt = at;
        }
    }

    /// <returns>The longest interval from now on.</returns>
    private TimeSpan NoteInterval(string asked, bool isFirst, TimeSpan interval, TimeSpan longest, decimal? most, string rule)
    {
        if (isFirst)
        {
            return longest;
        }

        if (Tolerance is { } tolerance && (decimal)(interval - tolerance).TotalSeconds > most)
        {
            Add(asked, rule, string.Create(CultureInfo.InvariantCulture, $"{interval.TotalSeconds:0.000} s after the one before"));
        }

        return interval > longest ? interval : longest;
    }

    private static MediaListing Read(byte[] playlist) => MediaListing.Read(PlaylistLines.Read(playlist, []));

    private void Check(string asked, IEnumerable<Violation> violations)
    {
        foreach (Violation violation in violations)
        {
            Add(asked, violation);
        }
    }

    private void Add(string asked, string rule, string detail) => Add(asked, new Violation(PlaylistRule.Get(rule), 0, detail));

    private void Add(string asked, Violation violation)
    {
        if (_violations.Count < MaxViolations)
        {
            _violations.Add(new LiveViolation(Elapsed, asked, violation));
        }
    }
}
