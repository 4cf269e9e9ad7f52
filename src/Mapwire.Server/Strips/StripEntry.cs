namespace Mapwire.Server.Strips;

/// <summary>One sample of a strip in 16 bytes: where its payload lies in the file and when it is due.</summary>
/// <remarks>
/// Packed, since an index of a long film is all the memory a title costs:
/// <c>low  = size(24) | offset(40, low part)</c>,
/// <c>high = kind(1) | sync(1) | offset(4, high part) | composition(20, signed) | time(38)</c>.
/// </remarks>
internal readonly record struct StripEntry
{
    /// <summary>The largest file offset: 16 TiB, what ext4 allows a file.</summary>
    public const long MaxOffset = (1L << 44) - 1;

    /// <summary>The largest sample: an RTMP message length has 24 bits, of which up to 5 bytes go to the codec header.</summary>
    public const long MaxSize = (1 << 24) - 1 - 5;

    /// <summary>The latest time, 8.7 years, in milliseconds.</summary>
    public const long MaxTime = (1L << 38) - 1;

    /// <summary>The largest distance of composition and decode time, 8.7 minutes, in milliseconds.</summary>
    public const int MaxComposition = (1 << 19) - 1;

    private readonly ulong _low;
    private readonly ulong _high;

    /// <summary>Packs a sample whose values are within the bounds above.</summary>
    public StripEntry(long time, int composition, long offset, int size, bool isVideo, bool isSync)
    {
        _low = ((ulong)size << 40) | ((ulong)offset & ((1UL << 40) - 1));
        _high = (isVideo ? 1UL << 63 : 0)
            | (isSync ? 1UL << 62 : 0)
            | ((ulong)offset >> 40 << 58)
            | (((ulong)composition & ((1UL << 20) - 1)) << 38)
            | (ulong)time;
    }

    /// <summary>The decode time in milliseconds from the start of the title.</summary>
    public long Time => (long)(_high & MaxTime);

    /// <summary>Composition time minus decode time, in milliseconds.</summary>
    public int Composition => (int)((long)(_high << 6) >> 44);

    /// <summary>Where the payload starts in the file, in bytes.</summary>
    public long Offset => (long)(((_high >> 58) & 0xF) << 40 | (_low & ((1UL << 40) - 1)));

    /// <summary>The payload's length in bytes.</summary>
    public int Size => (int)(_low >> 40);

    /// <summary>Video, else audio.</summary>
    public bool IsVideo => (_high & (1UL << 63)) != 0;

    /// <summary>Whether decoding can start here.</summary>
    public bool IsSync => (_high & (1UL << 62)) != 0;
}
