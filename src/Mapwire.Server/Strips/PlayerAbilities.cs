using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Server.Strips;

/// <summary>
/// What of a player's words at connect makes a difference to what it is sent. None is a player of plain RTMP, who takes AVC, AAC and MP3;
/// so does everyone else.
/// </summary>
[Flags]
internal enum PlayerAbilities
{
    /// <summary>Plain RTMP.</summary>
    None = 0,

    /// <summary>AVC by its four-character code; kept only where its header has to be extended.</summary>
    Avc = 1,

    /// <summary>HEVC by its four-character code.</summary>
    Hevc = 1 << 1,

    /// <summary>AV1.</summary>
    Av1 = 1 << 2,

    /// <summary>VP9.</summary>
    Vp9 = 1 << 3,

    /// <summary>VP8.</summary>
    Vp8 = 1 << 4,

    /// <summary>AAC by its four-character code; kept only where its header has to be extended.</summary>
    Aac = 1 << 5,

    /// <summary>MP3 by its four-character code; kept only where its header has to be extended.</summary>
    Mp3 = 1 << 6,

    /// <summary>Opus.</summary>
    Opus = 1 << 7,

    /// <summary>FLAC.</summary>
    Flac = 1 << 8,

    /// <summary>AC-3.</summary>
    Ac3 = 1 << 9,

    /// <summary>E-AC-3.</summary>
    Eac3 = 1 << 10,

    /// <summary>
    /// HEVC with the number 12 that players agreed on before Enhanced RTMP; the server's option, for players that offer nothing.
    /// </summary>
    PlainHevc = 1 << 16,

    /// <summary>Several audio tracks at once.</summary>
    ManyTracks = 1 << 17,

    /// <summary>Times to the nanosecond.</summary>
    Nanoseconds = 1 << 18,
}

/// <summary>What a player's words at connect come to, and which codecs they let it have.</summary>
internal static class PlayerCodecs
{
    private static readonly Code[] Video =
    [
        new("avc1", PlayerAbilities.Avc), new("hvc1", PlayerAbilities.Hevc), new("av01", PlayerAbilities.Av1),
        new("vp09", PlayerAbilities.Vp9),
        new("vp08", PlayerAbilities.Vp8),
    ];

    private static readonly Code[] Audio =
    [
        new("mp4a", PlayerAbilities.Aac), new(".mp3", PlayerAbilities.Mp3), new("Opus", PlayerAbilities.Opus),
        new("fLaC", PlayerAbilities.Flac),
        new("ac-3", PlayerAbilities.Ac3), new("ec-3", PlayerAbilities.Eac3),
    ];

    private static readonly Dictionary<uint, PlayerAbilities> ByCode =
        Video.Concat(Audio).ToDictionary(static code => new FourCc(code.FourCc).Value, static code => code.Ability);

    /// <summary>What a player can offer that offers every codec.</summary>
    public static PlayerAbilities All =>
        Video.Concat(Audio)
            .Aggregate(PlayerAbilities.None,
            static (all, code) => all | code.Ability) & ~(PlayerAbilities.Avc | PlayerAbilities.Aac | PlayerAbilities.Mp3);

    /// <summary>The video codecs that this server sends, by their codes.</summary>
    public static IEnumerable<string> VideoCodes => Video.Select(static code => code.FourCc);

    /// <summary>The audio codecs that this server sends, by their codes.</summary>
    public static IEnumerable<string> AudioCodes => Audio.Select(static code => code.FourCc);

    /// <summary>
    /// Reads a player's words. What makes no difference is left out, so that players who are sent the same share one index.
    /// </summary>
    /// <param name="client">From connect.</param>
    /// <param name="plainHevc">Whether players that offer nothing may have HEVC with its unofficial number.</param>
    public static PlayerAbilities Of(ClientCapabilities client, bool plainHevc)
    {
        if (!client.IsEnhanced)
        {
            return plainHevc ? PlayerAbilities.PlainHevc : PlayerAbilities.None;
        }

        PlayerAbilities abilities = PlayerAbilities.None;
        foreach (Code code in Video)
        {
            abilities |= IsTaken(client.VideoAbilities(code.FourCc)) ? code.Ability : 0;
        }

        foreach (Code code in Audio)
        {
            abilities |= IsTaken(client.AudioAbilities(code.FourCc)) ? code.Ability : 0;
        }

        const EnhancedCapabilities Nanoseconds = EnhancedCapabilities.ModEx | EnhancedCapabilities.TimestampNanoOffset;
        bool takesNanoseconds = (client.Extended & Nanoseconds) == Nanoseconds;
        bool takesManyTracks = (client.Extended & EnhancedCapabilities.Multitrack) != 0;
        abilities |= takesNanoseconds ? PlayerAbilities.Nanoseconds : 0;
        abilities |= takesManyTracks ? PlayerAbilities.ManyTracks : 0;
        abilities &= takesNanoseconds ? ~PlayerAbilities.None : ~PlayerAbilities.Avc;
        return abilities & (takesNanoseconds || takesManyTracks ? ~PlayerAbilities.None : ~(PlayerAbilities.Aac | PlayerAbilities.Mp3));
    }

    /// <summary>Whether all of these are among the abilities.</summary>
    public static bool Has(this PlayerAbilities abilities, PlayerAbilities wanted) => (abilities & wanted) == wanted;

    /// <summary>Whether a codec can be sent with its four-character code.</summary>
    public static bool TakesExtended(this PlayerAbilities abilities, CodecConfiguration codec) =>
        Of(codec) is var wanted and not PlayerAbilities.None && abilities.Has(wanted);

    /// <summary>Whether a codec can be sent in one way or another.</summary>
    public static bool Takes(this PlayerAbilities abilities, CodecConfiguration codec) =>
        codec.HasPlainHeader || abilities.TakesExtended(codec) || (codec is HevcConfiguration && abilities.Has(PlayerAbilities.PlainHevc));

    /// <summary>The ability that a codec needs; none for codecs that only plain headers name.</summary>
    private static PlayerAbilities Of(CodecConfiguration codec) =>
        ByCode.GetValueOrDefault(codec.FourCc.Value);

    /// <summary>Who passes a codec on takes it as well as who decodes it.</summary>
    private static bool IsTaken(FourCcAbilities abilities) => (abilities & (FourCcAbilities.Decode | FourCcAbilities.Forward)) != 0;

    private sealed record Code(string FourCc, PlayerAbilities Ability);
}
