namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// What the samples of a track in one fragment have in common, and so which fields its <c>traf</c> has and how long it is, before any of
/// it is written.
/// </summary>
internal struct FragmentShape
{
    /// <summary>The sample can be decoded without others (ISO/IEC 14496-12, 8.8.3.1).</summary>
    internal const uint SyncFlags = 0x0200_0000;

    /// <summary>It needs others, and decoding cannot start here.</summary>
    internal const uint OtherFlags = 0x0101_0000;

    private const int TrafAndTfdt = 8 + 20;
    private const int TfhdLength = 16;
    private const int TrunLength = 20;

    private readonly TimelineTrack _track;
    private readonly bool _isChunked;
    private long _nextOffset;
    private bool _differInDuration;
    private bool _differInSize;
    private bool _hasOtherSync; // among the samples after the first
    private bool _hasOtherDependent;
    private bool _isLastTooLong;

    /// <param name="track">For refusals.</param>
    /// <param name="isChunked">Whether samples that are apart in the file are apart in the fragment, too.</param>
    internal FragmentShape(TimelineTrack track, bool isChunked) => (_track, _isChunked) = (track, isChunked);

    internal int Count { get; private set; }

    /// <summary>How many <c>trun</c> boxes there are.</summary>
    internal int Runs { get; private set; }

    /// <summary>The sizes of all samples together.</summary>
    internal long Bytes { get; private set; }

    internal uint Duration { get; private set; }

    internal uint Size { get; private set; }

    internal bool IsFirstSync { get; private set; }

    internal bool HasComposition { get; private set; }

    internal readonly bool HasDurations => _differInDuration;

    internal readonly bool HasSizes => _differInSize;

    /// <summary>Whether each sample has flags of its own: sync samples among others, not only in front.</summary>
    internal readonly bool HasFlags => _hasOtherSync && (_hasOtherDependent || !IsFirstSync);

    /// <summary>Whether the first sample differs from all others, which are alike.</summary>
    internal readonly bool HasFirstFlags => Count > 1 && !HasFlags && IsFirstSync && _hasOtherDependent;

    /// <summary>The flags of samples that have none of their own.</summary>
    internal readonly uint DefaultFlags => IsFirstSync && !_hasOtherDependent ? SyncFlags : OtherFlags;

    /// <summary>Bytes of a sample in its <c>trun</c>.</summary>
    internal readonly int EntryLength =>
        (HasDurations ? 4 : 0) + (HasSizes ? 4 : 0) + (HasFlags ? 4 : 0) + (HasComposition ? 4 : 0);

    /// <summary>The length of the <c>traf</c>, in bytes.</summary>
    /// <param name="hasDescription">Whether it names its sample description.</param>
    internal readonly long GetLength(bool hasDescription) =>
        TrafAndTfdt + TfhdLength + (hasDescription ? 4 : 0) + (HasDurations ? 0 : 4) + (HasSizes ? 0 : 4) + (HasFlags ? 0 : 4)
        + ((long)Runs * TrunLength) + (HasFirstFlags ? 4 : 0) + ((long)Count * EntryLength);

    /// <summary>Whether a sample begins a run.</summary>
    internal readonly bool BeginsRun(in TimedSample sample) => Runs == 0 || (_isChunked && sample.Offset != _nextOffset);

    /// <summary>The duration in the field that there is for it; one that is longer can only be the last of a fragment.</summary>
    internal static uint ToField(long duration) => (uint)Math.Min(duration, uint.MaxValue);

    /// <summary>Adds the next sample.</summary>
    /// <exception cref="Mp4WritingException">A time does not fit.</exception>
    internal void Add(in TimedSample sample)
    {
        if (_isLastTooLong)
        {
            throw _track.Refuse(Mp4WritingError.TimeOutOfRange,
                $"the sample before {sample.DecodeTime} ticks lasts longer than 2^32 ticks inside a segment");
        }

        uint duration = ToField(sample.Duration);
        _isLastTooLong = duration != sample.Duration;

        if (sample.CompositionOffset > int.MaxValue)
        {
            throw _track.Refuse(Mp4WritingError.TimeOutOfRange,
                $"a picture is presented {sample.CompositionOffset} ticks after it is decoded, more than 2^31");
        }

        if (BeginsRun(sample))
        {
            Runs++;
        }

        if (Count == 0)
        {
            (Duration, Size, IsFirstSync) = (duration, sample.Size, sample.IsSync);
        }
        else
        {
            _differInDuration |= duration != Duration;
            _differInSize |= sample.Size != Size;
            _hasOtherSync |= sample.IsSync;
            _hasOtherDependent |= !sample.IsSync;
        }

        HasComposition |= sample.CompositionOffset != 0;
        Bytes += sample.Size;
        Count++;
        _nextOffset = sample.Offset + sample.Size;
    }
}
