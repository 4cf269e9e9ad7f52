using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Messages;

/// <summary>What a client's connect says of Enhanced RTMP (v2, "Enhancing NetConnection connect Command").</summary>
/// <remarks>
/// fourCcList: strings, v1 and v2. videoFourCcInfoMap, audioFourCcInfoMap: FourCC to a mask of what the client can do with it.
/// capsEx: a mask. "*" stands for every FourCC. A client without any of them speaks plain RTMP: AVC, AAC, MP3.
/// </remarks>
public sealed record ClientCapabilities
{
    private const string Any = "*";

    private readonly Dictionary<string, FourCcAbilities> _video;
    private readonly Dictionary<string, FourCcAbilities> _audio;

    private ClientCapabilities(
        Dictionary<string, FourCcAbilities> video, Dictionary<string, FourCcAbilities> audio, EnhancedCapabilities extended)
    {
        _video = video;
        _audio = audio;
        Extended = extended;
    }

    /// <summary>A client of plain RTMP.</summary>
    public static ClientCapabilities None { get; } = new([], [], EnhancedCapabilities.None);

    /// <summary>capsEx.</summary>
    public EnhancedCapabilities Extended { get; }

    /// <summary>Whether the client speaks of Enhanced RTMP at all.</summary>
    public bool IsEnhanced => _video.Count > 0 || _audio.Count > 0 || Extended != EnhancedCapabilities.None;

    /// <summary>What the client can do with a video codec.</summary>
    /// <param name="fourCc">Such as hvc1, case-sensitive.</param>
    public FourCcAbilities VideoAbilities(string fourCc) => Of(_video, fourCc);

    /// <summary>What the client can do with an audio codec.</summary>
    /// <param name="fourCc">Such as Opus, case-sensitive.</param>
    public FourCcAbilities AudioAbilities(string fourCc) => Of(_audio, fourCc);

    /// <summary>Reads the properties of connect. What is not of the form that the specification gives is passed over.</summary>
    public static ClientCapabilities Parse(AmfValue properties)
    {
        AmfValue? list = properties["fourCcList"];
        AmfValue? video = properties["videoFourCcInfoMap"];
        AmfValue? audio = properties["audioFourCcInfoMap"];
        double extended = properties["capsEx"]?.AsNumber() ?? 0;
        if (list is null && video is null && audio is null && !(extended > 0))
        {
            return None;
        }

        Dictionary<string, FourCcAbilities> videoMap = [];
        Dictionary<string, FourCcAbilities> audioMap = [];
        foreach (AmfValue item in list?.Items ?? [])
        {
            // The list does not tell audio from video, and promises decoding only.
            if (item.AsString() is { } fourCc)
            {
                videoMap[fourCc] = audioMap[fourCc] = FourCcAbilities.Decode;
            }
        }

        Add(videoMap, video);
        Add(audioMap, audio);
        return new ClientCapabilities(videoMap, audioMap, (EnhancedCapabilities)Mask(extended));
    }

    /// <summary>Same content, same capabilities.</summary>
    public bool Equals(ClientCapabilities? other) =>
        other is not null && Extended == other.Extended && Same(_video, other._video) && Same(_audio, other._audio);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Extended, _video.Count, _audio.Count);

    private static bool Same(Dictionary<string, FourCcAbilities> one, Dictionary<string, FourCcAbilities> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out FourCcAbilities abilities) && abilities == pair.Value);

    private static void Add(Dictionary<string, FourCcAbilities> map, AmfValue? infoMap)
    {
        foreach (AmfProperty property in infoMap?.Properties ?? [])
        {
            map[property.Name] = (FourCcAbilities)Mask(property.Value.AsNumber() ?? 0);
        }
    }

    private static int Mask(double number) => number is > 0 and <= int.MaxValue ? (int)number : 0;

    private static FourCcAbilities Of(Dictionary<string, FourCcAbilities> map, string fourCc) =>
        map.GetValueOrDefault(fourCc) | map.GetValueOrDefault(Any);
}
