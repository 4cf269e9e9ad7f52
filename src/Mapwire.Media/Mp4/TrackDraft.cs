using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>A track as its <c>trak</c> box describes it, before it is known whether more samples come in fragments.</summary>
internal sealed class TrackDraft
{
    internal uint Id { get; init; }

    internal bool IsEnabled { get; init; }

    internal FourCc Handler { get; init; }

    internal TrackKind Kind { get; init; }

    internal string? Language { get; init; }

    internal uint Timescale { get; init; }

    internal FourCc SampleEntry { get; init; }

    internal SampleDescription[] Descriptions { get; init; } = [];

    /// <summary>What the file says of a track that is not played.</summary>
    internal long DeclaredSamples { get; init; }

    /// <summary>Why it cannot be played, whatever samples it has; null when it can.</summary>
    internal string? UnplayableReason { get; init; }

    /// <summary>The samples of the <c>moov</c> itself.</summary>
    internal MediaTables Tables { get; init; } = MediaTables.Empty;

    internal Edit[] Edits { get; init; } = [];

    /// <summary>Where the file says why the track cannot be played, or else where it describes the track.</summary>
    internal FileLocation Place { get; init; }

    /// <summary>Where the edit list is; null when there is none.</summary>
    internal FileLocation? EditList { get; init; }

    /// <summary>The track of a file whose samples are all in its <c>moov</c>.</summary>
    /// <exception cref="Mp4FormatException">Its edit list takes more samples than the limits allow.</exception>
    internal Track ToTrack(MediaLimits limits)
    {
        if (UnplayableReason is not null)
        {
            return ToListed(UnplayableReason);
        }

        if (Tables.Count == 0)
        {
            return ToListed("it has no samples");
        }

        long end = Tables.Duration;
        Segment[] segments = EditListResolver.All(Tables);
        if (Edits.Length > 0 && !EditListResolver.TryResolve(Tables, Kind == TrackKind.Video, Timescale, Edits, limits, out end, out segments))
        {
            throw Mp4FormatException.TooMuch(
                "elst", EditList?.Offset ?? Place.Offset, "following the edit list takes more steps", nameof(MediaLimits.SamplesPerTrack), limits.SamplesPerTrack);
        }

        return segments.Length == 0 ? ToListed("its edit list leaves no sample", EditList) : ToTrack(new SampleTable(Tables, segments, EditList), end);
    }

    /// <summary>The track with samples that are settled.</summary>
    /// <param name="samples">At least one.</param>
    /// <param name="end">When the presentation ends, in ticks.</param>
    internal Track ToTrack(SampleTable samples, long end)
    {
        TimeSpan duration = Ticks.ToTimeSpan(Math.Max(0, end), Timescale);
        TrackRates rates = TrackRates.Measure(samples, Timescale, duration, out long bytes, out long earliest);
        SampleTable.Enumerator first = samples.GetEnumerator();
        first.MoveNext();
        SampleDescription description = Descriptions[first.Current.Description];
        SampleDescription? enhanced = Array.Find(Descriptions, entry => !entry.Codec!.HasPlainHeader);
        return new Track
        {
            Id = Id,
            Kind = Kind,
            Handler = Handler,
            SampleEntry = description.Type,
            Language = Language,
            IsEnabled = IsEnabled,
            Timescale = Timescale,
            Codecs = [.. Descriptions.Select(entry => entry.Codec!)],
            Codec = description.Codec,
            UnplayableReason = enhanced is null ? null : $"{enhanced.Codec!.Name} needs a client of Enhanced RTMP",
            Place = enhanced is null || enhanced.Offset == 0 ? Place : FileLocation.Box(enhanced.Type, enhanced.Offset),
            Samples = samples,
            SampleCount = samples.Count,
            Bytes = bytes,
            FirstDecodeTime = earliest,
            Rates = rates,
            Duration = duration,
            Width = description.Width,
            Height = description.Height,
            Color = description.Color,
            SampleRate = description.SampleRate,
            Channels = description.Channels,
        };
    }

    /// <summary>The track as one that is not played.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="place">Where the file says so; null for where it describes the track.</param>
    internal Track ToListed(string reason, FileLocation? place = null)
    {
        SampleDescription? first = Descriptions.Length > 0 ? Descriptions[0] : null;
        return new Track
        {
            Id = Id,
            Kind = Kind,
            Handler = Handler,
            SampleEntry = SampleEntry,
            Language = Language,
            IsEnabled = IsEnabled,
            Timescale = Timescale,
            UnplayableReason = reason,
            Place = place ?? Place,
            SampleCount = Math.Max(DeclaredSamples, Tables.Count),
            Width = first?.Width ?? 0,
            Height = first?.Height ?? 0,
            SampleRate = first?.SampleRate ?? 0,
            Channels = first?.Channels ?? 0,
        };
    }
}
