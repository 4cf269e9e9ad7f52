namespace Mapwire.Server.Strips;

/// <summary>One message of a strip in 16 bytes: where its payload lies in the file and when it is due.</summary>
/// <remarks>
/// Packed, since an index of a long film is all the memory a title costs:
/// <c>low  = size(24) | offset(40, low part)</c>,
/// <c>high = lane(5) | sync(1) | change(1) | offset(4, high part) | composition(20, signed) | time(33)</c>.
/// </remarks>
internal readonly record struct StripEntry
{
    /// <summary>The lane of video, of the first such track where a live stream has several.</summary>
    public const int VideoLane = 0;

    /// <summary>The lane of the audio track that every player is sent.</summary>
    public const int AudioLane = 1;

    /// <summary>The most video tracks, of which only live streams have several; of audio it is one less.</summary>
    public const int MaxTracks = 16;

    /// <summary>The most lanes: a video track, fifteen audio tracks, and fifteen more video tracks.</summary>
    public const int MaxLanes = 2 * MaxTracks;

    /// <summary>The largest file offset: 16 TiB, what ext4 allows a file.</summary>
    public const long MaxOffset = (1L << 44) - 1;

    /// <summary>The largest sample: an RTMP message length has 24 bits, of which some bytes go to the codec header.</summary>
    public const long MaxSize = (1 << 24) - 1 - SampleHeader.MaxLength;

    /// <summary>The latest time, 99 days, in milliseconds.</summary>
    public const long MaxTime = (1L << 33) - 1;

    /// <summary>The largest distance of composition and decode time, 8.7 minutes, in milliseconds.</summary>
    public const int MaxComposition = (1 << 19) - 1;

    private readonly ulong _low;
    private readonly ulong _high;

    /// <summary>Packs a sample whose values are within the bounds above.</summary>
    public StripEntry(TitleTime time, int composition, long offset, int size, int lane, bool isSync, bool isChange = false)
    {
        _low = ((ulong)size << 40) | ((ulong)offset & ((1UL << 40) - 1));
        _high = ((ulong)lane << 59)
            | (isSync ? 1UL << 58 : 0)
            | (isChange ? 1UL << 57 : 0)
            | ((ulong)offset >> 40 << 53)
            | (((ulong)composition & ((1UL << 20) - 1)) << 33)
            | (ulong)time.Milliseconds;
    }

    private StripEntry(ulong low, ulong high) => (_low, _high) = (low, high);

    /// <summary>The same at another time.</summary>
    public StripEntry At(TitleTime time) => new(_low, (_high & ~(ulong)MaxTime) | (ulong)time.Milliseconds);

    /// <summary>The decode time.</summary>
    public TitleTime Time => new((long)(_high & MaxTime));

    /// <summary>Composition time minus decode time, in milliseconds.</summary>
    public int Composition => (int)((long)(_high << 11) >> 44);

    /// <summary>Where the payload starts, in bytes: in the file, or of a change in <see cref="TitleCodecs.Changes"/>.</summary>
    public long Offset => (long)(((_high >> 53) & 0xF) << 40 | (_low & ((1UL << 40) - 1)));

    /// <summary>The payload's length in bytes.</summary>
    public int Size => (int)(_low >> 40);

    /// <summary>The track among those of the title that are played.</summary>
    public int Lane => (int)(_high >> 59);

    /// <summary>Video, else audio.</summary>
    public bool IsVideo => (_high >> 59) - AudioLane >= MaxTracks - 1; // lane 0 is the largest number then

    /// <summary>Whether decoding can start here.</summary>
    public bool IsSync => (_high & (1UL << 58)) != 0;

    /// <summary>
    /// 1 for video, 0 for audio. Sound and pictures alternate so that no processor foresees which is next: what is laid by thousands a
    /// millisecond calculates with this instead of asking.
    /// </summary>
    public int VideoBit => (_high >> 59) - AudioLane >= MaxTracks - 1 ? 1 : 0;

    /// <summary>1 where decoding can start, else 0.</summary>
    public int SyncBit => (int)(_high >> 58) & 1;

    /// <summary>Not a sample but a whole message: its lane's new configuration, which the next samples need, or a command.</summary>
    public bool IsChange => (_high & (1UL << 57)) != 0;

    /// <summary>A whole message that tells where a run-up begins or ends.</summary>
    public bool IsCommand => IsChange && (_high & (1UL << 58)) != 0;

    /// <summary>Whether a lane is one of video.</summary>
    public static bool IsVideoLane(int lane) => lane is VideoLane or >= MaxTracks;

    /// <summary>The lane of a track.</summary>
    /// <param name="isVideo">Its kind.</param>
    /// <param name="number">Among those of its kind, from 0.</param>
    /// <returns>Negative where there is none for that number.</returns>
    public static int LaneOf(bool isVideo, int number) =>
        isVideo ? (number >= MaxTracks ? -1 : number == 0 ? VideoLane : MaxTracks - 1 + number)
        : number >= MaxTracks - 1 ? -1 : AudioLane + number;

    /// <summary>The number of a lane's track among those of its kind, from 0.</summary>
    public static int NumberOf(int lane) => lane >= MaxTracks ? lane - MaxTracks + 1 : Math.Max(0, lane - AudioLane);
}
