namespace Mapwire.Media.Tables;

/// <summary>A track as its <c>trak</c> box describes it, before it is known whether more samples come in fragments.</summary>
internal sealed class TrackDraft
{
    /// <summary>Why a track without samples cannot be played.</summary>
    internal const string NoSamples = "it has no samples";

    internal uint Id { get; init; }

    internal bool IsEnabled { get; init; }

    internal FourCc Handler { get; init; }

    internal TrackKind Kind { get; init; }

    internal string? Language { get; init; }

    internal uint Timescale { get; init; }

    internal FourCc SampleEntry { get; init; }

    internal SampleDescription[] Descriptions { get; init; } = [];

    /// <summary>How many samples the file announces, be it of a track that is not played.</summary>
    internal long DeclaredSamples { get; init; }

    /// <summary>How many of them the file ends before.</summary>
    internal long MissingSamples { get; init; }

    /// <summary>Why it cannot be played, whatever samples it has; null when it can.</summary>
    internal string? UnplayableReason { get; init; }

    /// <summary>The samples of the <c>moov</c> itself.</summary>
    internal MediaTables Tables { get; init; } = MediaTables.Empty;

    internal Edit[] Edits { get; init; } = [];

    /// <summary>Where the file says why the track cannot be played, or else where it describes the track.</summary>
    internal FileLocation Place { get; init; }

    /// <summary>Where the edit list is; null when there is none.</summary>
    internal FileLocation? EditList { get; init; }

    /// <summary>How it is put on the screen; null where the file does not say.</summary>
    internal TrackDisplay? Display { get; init; }

    /// <summary>The track with samples that are settled.</summary>
    /// <param name="samples">At least one.</param>
    /// <param name="end">When the presentation ends, in ticks.</param>
    /// <param name="start">When the first sample that an edit list presents is, in ticks; null for the earliest of all.</param>
    internal Track ToTrack(SampleTable samples, long end, long? start = null)
    {
        TimeSpan duration = Ticks.ToTimeSpan(Math.Max(0, end), Timescale);
        TrackRates rates = TrackRates.Measure(samples, Timescale, duration, out long bytes, out long earliest, out long firstPresented);
        if (bytes == 0)
        {
            return ToListed(NoSamples);
        }

        if (rates.SyncSamples == 0)
        {
            // Nothing says where decoding can start; players start with the first sample, whatever it is.
            samples = samples.WithFirstSync();
            TimeSpan all = Ticks.ToTimeSpan(Math.Max(0, samples.LastDecodeTime - earliest), Timescale);
            rates = rates with { SyncSamples = 1, SyncInterval = all, LongestSyncInterval = all };
        }

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
            Descriptions = [.. Descriptions],
            Display = Display,
            UnplayableReason = enhanced is null ? null : $"{enhanced.Codec!.Name} needs a client of Enhanced RTMP",
            Place = enhanced is null || enhanced.Offset == 0 ? Place : FileLocation.Box(enhanced.Type, enhanced.Offset),
            Samples = samples,
            DeclaredSamples = DeclaredSamples,
            MissingSamples = MissingSamples,
            SampleCount = samples.Count,
            Bytes = bytes,
            FirstDecodeTime = earliest,
            PresentationStart = start ?? firstPresented,
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
            DeclaredSamples = DeclaredSamples,
            MissingSamples = MissingSamples,
            SampleCount = Math.Max(DeclaredSamples, Tables.Count),
            Width = first?.Width ?? 0,
            Height = first?.Height ?? 0,
            SampleRate = first?.SampleRate ?? 0,
            Channels = first?.Channels ?? 0,
        };
    }
}
