using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Server.Strips;

/// <summary>
/// What of a player's words at connect makes a difference to what it is sent. None is a player of plain RTMP, who takes AVC, AAC and MP3;
/// so does everyone else.
/// </summary>
/// <remarks>The low bits are the codecs that it takes by their four-character codes (<see cref="PlayerCodecs.AbilityOf"/>).</remarks>
[Flags]
internal enum PlayerAbilities : ulong
{
    /// <summary>Plain RTMP.</summary>
    None = 0,

    /// <summary>
    /// Codecs with the numbers that players agreed on before Enhanced RTMP; the server's option, for players that offer nothing.
    /// </summary>
    UnofficialNumbers = 1UL << 61,

    /// <summary>Several audio tracks at once, and of live streams several video tracks.</summary>
    ManyTracks = 1UL << 62,

    /// <summary>Times to the nanosecond.</summary>
    Nanoseconds = 1UL << 63,
}

/// <summary>What a player's words at connect come to, and which codecs they let it have.</summary>
internal static class PlayerCodecs
{
    private static readonly Dictionary<Codec, PlayerAbilities> Abilities = CodecList.All
        .Where(static codec => codec.IsEnhanced)
        .Select(static (codec, index) => (Codec: codec, Ability: (PlayerAbilities)(1UL << index)))
        .ToDictionary(static pair => pair.Codec, static pair => pair.Ability);

    /// <summary>Codecs that have a plain header: their codes are kept only where the header has to be extended.</summary>
    private static readonly PlayerAbilities Plain = Sum(static codec => codec.HasPlainHeader);

    private static readonly PlayerAbilities PlainVideo = Sum(static codec => codec is { HasPlainHeader: true, Kind: TrackKind.Video });

    /// <summary>What a player can offer that offers every codec.</summary>
    public static PlayerAbilities All { get; } = Sum(static codec => !codec.HasPlainHeader);

    /// <summary>The video codecs that this server sends, by their codes.</summary>
    public static IEnumerable<string> VideoCodes => CodecList.Enhanced(TrackKind.Video).Select(static codec => codec.FourCc.ToString());

    /// <summary>The audio codecs that this server sends, by their codes.</summary>
    public static IEnumerable<string> AudioCodes => CodecList.Enhanced(TrackKind.Audio).Select(static codec => codec.FourCc.ToString());

    /// <summary>
    /// Reads a player's words. What makes no difference is left out, so that players who are sent the same share one index.
    /// </summary>
    /// <param name="client">From connect.</param>
    /// <param name="unofficialNumbers">Whether players that offer nothing may have codecs with their unofficial numbers.</param>
    public static PlayerAbilities Of(ClientCapabilities client, bool unofficialNumbers)
    {
        if (!client.IsEnhanced)
        {
            return unofficialNumbers ? PlayerAbilities.UnofficialNumbers : PlayerAbilities.None;
        }

        PlayerAbilities abilities = PlayerAbilities.None;
        foreach ((Codec codec, PlayerAbilities ability) in Abilities)
        {
            string code = codec.FourCc.ToString();
            abilities |= IsTaken(codec.Kind == TrackKind.Video ? client.VideoAbilities(code) : client.AudioAbilities(code)) ? ability : 0;
        }

        const EnhancedCapabilities Nanoseconds = EnhancedCapabilities.ModEx | EnhancedCapabilities.TimestampNanoOffset;
        bool takesNanoseconds = (client.Extended & Nanoseconds) == Nanoseconds;
        bool takesManyTracks = (client.Extended & EnhancedCapabilities.Multitrack) != 0;
        abilities |= takesNanoseconds ? PlayerAbilities.Nanoseconds : 0;
        abilities |= takesManyTracks ? PlayerAbilities.ManyTracks : 0;
        return abilities & ~(takesNanoseconds || takesManyTracks ? PlayerAbilities.None : Plain);
    }

    /// <summary>
    /// What of the abilities makes a difference to a film, which has one picture at a time: its header is plain where it can be, unless it
    /// tells nanoseconds.
    /// </summary>
    public static PlayerAbilities ForFilm(this PlayerAbilities abilities) =>
        abilities.Has(PlayerAbilities.Nanoseconds) ? abilities : abilities & ~PlainVideo;

    /// <summary>Whether all of these are among the abilities.</summary>
    public static bool Has(this PlayerAbilities abilities, PlayerAbilities wanted) => (abilities & wanted) == wanted;

    /// <summary>Whether a codec can be sent with its four-character code.</summary>
    public static bool TakesExtended(this PlayerAbilities abilities, CodecConfiguration codec) =>
        AbilityOf(codec.Codec) is var wanted and not PlayerAbilities.None && abilities.Has(wanted);

    /// <summary>Whether a codec can be sent in one way or another.</summary>
    public static bool Takes(this PlayerAbilities abilities, CodecConfiguration codec) =>
        codec.HasPlainHeader || abilities.TakesExtended(codec)
        || (codec.PlainNumber is not null && abilities.Has(PlayerAbilities.UnofficialNumbers));

    /// <summary>The ability that a codec needs; none for codecs that only plain headers name.</summary>
    public static PlayerAbilities AbilityOf(Codec codec) => Abilities.GetValueOrDefault(codec);

    private static PlayerAbilities Sum(Func<Codec, bool> which) => Abilities
        .Where(pair => which(pair.Key))
        .Aggregate(PlayerAbilities.None, static (sum, pair) => sum | pair.Value);

    /// <summary>Who passes a codec on takes it as well as who decodes it.</summary>
    private static bool IsTaken(FourCcAbilities abilities) => (abilities & (FourCcAbilities.Decode | FourCcAbilities.Forward)) != 0;
}
