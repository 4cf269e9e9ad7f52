using System.Collections.Immutable;

namespace Mapwire.Media.Codecs;

/// <summary>The codecs that are played, and who of them is meant by a code or a number.</summary>
public static class CodecList
{
    /// <summary>Every codec, once. Those of Enhanced RTMP are offered in this order.</summary>
    public static ImmutableArray<Codec> All { get; } =
    [
        AvcCodec.Instance,
        HevcCodec.Instance,
        Av1Codec.Instance,
        Vp9Codec.Instance,
        Vp8Codec.Instance,
        AacCodec.Instance,
        Mp3Codec.Instance,
        OpusCodec.Instance,
        FlacCodec.Instance,
        Ac3Codec.Instance,
        Eac3Codec.Instance,
        .. FlvCodec.All,
    ];

    private static readonly Dictionary<uint, Codec> ByFourCc =
        All.Where(static codec => codec.IsEnhanced).ToDictionary(static codec => codec.FourCc.Value);

    private static readonly Dictionary<uint, Codec> ByEntry = All
        .SelectMany(static codec => codec.SampleEntries.Select(entry => (Entry: new FourCc(entry).Value, Codec: codec)))
        .ToDictionary(static pair => pair.Entry, static pair => pair.Codec);

    private static readonly Codec?[] PlainVideo = ByNumber(TrackKind.Video);
    private static readonly Codec?[] PlainAudio = ByNumber(TrackKind.Audio);

    /// <summary>The codecs of a kind that clients of Enhanced RTMP offer by their codes.</summary>
    public static IEnumerable<Codec> Enhanced(TrackKind kind) => All.Where(codec => codec.IsEnhanced && codec.Kind == kind);

    /// <summary>The codec of a code of Enhanced RTMP; null when it is not known.</summary>
    public static Codec? Find(FourCc code) => ByFourCc.GetValueOrDefault(code.Value);

    /// <summary>The codec of a number in a plain header of FLV and RTMP; null when it is not known.</summary>
    /// <param name="kind">Picture or sound.</param>
    /// <param name="number">Of four bits.</param>
    public static Codec? Find(TrackKind kind, int number) => (kind == TrackKind.Video ? PlainVideo : PlainAudio)[number & 15];

    /// <summary>The codec of a sample entry of MP4; null when it is not known.</summary>
    internal static Codec? FindEntry(FourCc entry) => ByEntry.GetValueOrDefault(entry.Value);

    /// <summary>The codec of a number in the descriptors of <c>esds</c>; null when it is not known.</summary>
    internal static Codec? FindObjectType(byte number)
    {
        foreach (Codec codec in All)
        {
            if (codec.ObjectTypes.Contains(number))
            {
                return codec;
            }
        }

        return null;
    }

    /// <summary>
    /// Whether Enhanced RTMP has a place for a composition time with pictures of a code: VVC, which is not played, has it, too.
    /// </summary>
    internal static bool HasCompositionTime(FourCc code) => Find(code)?.HasCompositionTime ?? code == new FourCc("vvc1");

    private static Codec?[] ByNumber(TrackKind kind)
    {
        Codec?[] codecs = new Codec?[16];
        foreach (Codec codec in All.Where(codec => codec.Kind == kind))
        {
            foreach (byte number in codec.PlainNumbers)
            {
                codecs[number] = codec;
            }
        }

        return codecs;
    }
}
