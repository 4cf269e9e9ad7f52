namespace Mapwire.Server.Strips;

/// <summary>One message of a strip in 16 bytes: where its payload lies in the file and when it is due.</summary>
/// <remarks>
/// Packed, since an index of a long film is all the memory a title costs:
/// <c>low  = size(24) | offset(40, low part)</c>,
/// <c>high = lane(4) | sync(1) | change(1) | offset(4, high part) | composition(20, signed) | time(34)</c>.
/// </remarks>
internal readonly record struct StripEntry
{
    /// <summary>The lane of video; the others are audio.</summary>
    public const int VideoLane = 0;

    /// <summary>The lane of the audio track that every player is sent.</summary>
    public const int AudioLane = 1;

    /// <summary>The most lanes: a video track and fifteen audio tracks.</summary>
    public const int MaxLanes = 16;

    /// <summary>The largest file offset: 16 TiB, what ext4 allows a file.</summary>
    public const long MaxOffset = (1L << 44) - 1;

    /// <summary>The largest sample: an RTMP message length has 24 bits, of which some bytes go to the codec header.</summary>
    public const long MaxSize = (1 << 24) - 1 - SampleHeader.MaxLength;

    /// <summary>The latest time, 198 days, in milliseconds.</summary>
    public const long MaxTime = (1L << 34) - 1;

    /// <summary>The largest distance of composition and decode time, 8.7 minutes, in milliseconds.</summary>
    public const int MaxComposition = (1 << 19) - 1;

    private readonly ulong _low;
    private readonly ulong _high;

    /// <summary>Packs a sample whose values are within the bounds above.</summary>
    public StripEntry(TitleTime time, int composition, long offset, int size, int lane, bool isSync, bool isChange = false)
    {
        _low = ((ulong)size << 40) | ((ulong)offset & ((1UL << 40) - 1));
        _high = ((ulong)lane << 60)
            | (isSync ? 1UL << 59 : 0)
            | (isChange ? 1UL << 58 : 0)
            | ((ulong)offset >> 40 << 54)
            | (((ulong)composition & ((1UL << 20) - 1)) << 34)
            | (ulong)time.Milliseconds;
    }

    private StripEntry(ulong low, ulong high) => (_low, _high) = (low, high);

    /// <summary>The same at another time.</summary>
    public StripEntry At(TitleTime time) => new(_low, (_high & ~(ulong)MaxTime) | (ulong)time.Milliseconds);

    /// <summary>The decode time.</summary>
    public TitleTime Time => new((long)(_high & MaxTime));

    /// <summary>Composition time minus decode time, in milliseconds.</summary>
    public int Composition => (int)((long)(_high << 10) >> 44);

    /// <summary>Where the payload starts, in bytes: in the file, or of a change in <see cref="TitleCodecs.Changes"/>.</summary>
    public long Offset => (long)(((_high >> 54) & 0xF) << 40 | (_low & ((1UL << 40) - 1)));

    /// <summary>The payload's length in bytes.</summary>
    public int Size => (int)(_low >> 40);

    /// <summary>The track among those of the title that are played.</summary>
    public int Lane => (int)(_high >> 60);

    /// <summary>Video, else audio.</summary>
    public bool IsVideo => _high < 1UL << 60;

    /// <summary>Whether decoding can start here.</summary>
    public bool IsSync => (_high & (1UL << 59)) != 0;

    /// <summary>
    /// 1 for video, 0 for audio. Sound and pictures alternate so that no processor foresees which is next: what is laid by thousands a
    /// millisecond calculates with this instead of asking.
    /// </summary>
    public int VideoBit => _high < 1UL << 60 ? 1 : 0;

    /// <summary>1 where decoding can start, else 0.</summary>
    public int SyncBit => (int)(_high >> 59) & 1;

    /// <summary>Not a sample but a whole message: its lane's new configuration, which the next samples need, or a command.</summary>
    public bool IsChange => (_high & (1UL << 58)) != 0;

    /// <summary>A whole message that tells where a run-up begins or ends.</summary>
    public bool IsCommand => IsChange && (_high & (1UL << 59)) != 0;
}
