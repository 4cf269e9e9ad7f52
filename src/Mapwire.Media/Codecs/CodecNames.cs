namespace Mapwire.Media.Codecs;

/// <summary>The names of codecs that are met in files and cannot be played, for the reason that is told.</summary>
internal static class CodecNames
{
    private static readonly Dictionary<uint, string> Names = new Dictionary<string, string>
    {
        ["alac"] = "Apple Lossless",
        ["lpcm"] = "uncompressed PCM",
        ["sowt"] = "uncompressed PCM",
        ["twos"] = "uncompressed PCM",
        ["in24"] = "uncompressed PCM",
        ["in32"] = "uncompressed PCM",
        ["fl32"] = "uncompressed PCM",
        ["fl64"] = "uncompressed PCM",
        ["raw "] = "uncompressed",
        ["ipcm"] = "uncompressed PCM",
        ["fpcm"] = "uncompressed PCM",
        ["NONE"] = "uncompressed",
        ["samr"] = "AMR-NB",
        ["sawb"] = "AMR-WB",
        ["sevc"] = "EVRC",
        ["sqcp"] = "QCELP",
        ["ima4"] = "IMA ADPCM",
        ["ulaw"] = "G.711 mu-law",
        ["alaw"] = "G.711 A-law",
        ["QDM2"] = "QDesign Music 2",
        ["MAC3"] = "MACE 3:1",
        ["MAC6"] = "MACE 6:1",
        ["dtsc"] = "DTS",
        ["dtsh"] = "DTS-HD",
        ["dtsl"] = "DTS-HD Lossless",
        ["dtse"] = "DTS Express",
        ["ac-4"] = "AC-4",
        ["mha1"] = "MPEG-H 3D Audio",
        ["mhm1"] = "MPEG-H 3D Audio",
        ["mp4v"] = "MPEG-4 Visual",
        ["s263"] = "H.263",
        ["h263"] = "H.263",
        ["SVQ1"] = "Sorenson Video 1",
        ["SVQ3"] = "Sorenson Video 3",
        ["cvid"] = "Cinepak",
        ["rle "] = "QuickTime Animation",
        ["jpeg"] = "JPEG",
        ["mjpa"] = "Motion JPEG",
        ["mjpb"] = "Motion JPEG",
        ["mjp2"] = "Motion JPEG 2000",
        ["png "] = "PNG",
        ["dvc "] = "DV",
        ["dvcp"] = "DV",
        ["vvc1"] = "VVC",
        ["vvi1"] = "VVC",
        ["evc1"] = "EVC",
        ["apcn"] = "ProRes 422",
        ["apch"] = "ProRes 422 HQ",
        ["apcs"] = "ProRes 422 LT",
        ["apco"] = "ProRes 422 Proxy",
        ["ap4h"] = "ProRes 4444",
        ["ap4x"] = "ProRes 4444 XQ",
        ["AVdn"] = "DNxHD",
        ["AVdh"] = "DNxHR",
        ["CFHD"] = "CineForm",
        ["vc-1"] = "VC-1",
    }.ToDictionary(static name => new FourCc(name.Key).Value, static name => name.Value);

    private static readonly Dictionary<byte, string> ObjectTypes = new()
    {
        [0xA5] = "AC-3 in an 'mp4a' sample description",
        [0xA6] = "E-AC-3 in an 'mp4a' sample description",
        [0xA9] = "audio codec DTS",
        [0xAA] = "audio codec DTS",
        [0xAB] = "audio codec DTS",
        [0xAC] = "audio codec DTS",
        [0xDD] = "audio codec Vorbis",
        [0xE1] = "audio codec QCELP",
    };

    /// <summary>The number in the descriptors of <c>esds</c> with its name where it is known.</summary>
    internal static string Describe(byte objectType) =>
        ObjectTypes.GetValueOrDefault(objectType) ?? $"MPEG-4 object type 0x{objectType:X2}";

    /// <summary>The code with its name where it is known: <c>'alac' (Apple Lossless)</c>.</summary>
    internal static string Describe(FourCc codec) =>
        Names.TryGetValue(codec.Value, out string? name) ? $"'{codec}' ({name})" : $"'{codec}'";
}
