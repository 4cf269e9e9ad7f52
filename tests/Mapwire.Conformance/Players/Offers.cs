namespace Mapwire.Conformance.Players;

/// <summary>What players of Enhanced RTMP say at connect.</summary>
internal static class Offers
{
    private const int CanDecode = 1;
    private const int Multitrack = 2;
    private const int ModEx = 4;
    private const int TimestampNanoOffset = 8;

    /// <summary>Version 1: a list of codes.</summary>
    public static Dictionary<string, object?> List(params string[] codes) => new() { ["fourCcList"] = codes };

    /// <summary>Version 2: every codec of the specification.</summary>
    public static Dictionary<string, object?> All => new()
    {
        ["videoFourCcInfoMap"] = Map("avc1", "hvc1", "av01", "vp09", "vp08"),
        ["audioFourCcInfoMap"] = Map("mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3"),
        ["capsEx"] = 0.0,
    };

    /// <summary>Every codec, and several audio tracks.</summary>
    public static Dictionary<string, object?> ManyTracks => new(All) { ["capsEx"] = (double)Multitrack };

    /// <summary>Every codec, and times to the nanosecond.</summary>
    public static Dictionary<string, object?> Nanoseconds => new(All) { ["capsEx"] = (double)(ModEx | TimestampNanoOffset) };

    private static Dictionary<string, object?> Map(params string[] codes) =>
        codes.ToDictionary(static code => code, static _ => (object?)(double)CanDecode);
}
