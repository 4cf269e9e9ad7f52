using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Tests.Strips;

/// <summary>What players can that offer a codec by its four-character code.</summary>
internal static class Offer
{
    public static PlayerAbilities Avc => Of("avc1");

    public static PlayerAbilities Hevc => Of("hvc1");

    public static PlayerAbilities Av1 => Of("av01");

    public static PlayerAbilities Vp9 => Of("vp09");

    public static PlayerAbilities Vp8 => Of("vp08");

    public static PlayerAbilities Aac => Of("mp4a");

    public static PlayerAbilities Mp3 => Of(".mp3");

    public static PlayerAbilities Opus => Of("Opus");

    public static PlayerAbilities Flac => Of("fLaC");

    public static PlayerAbilities Ac3 => Of("ac-3");

    public static PlayerAbilities Eac3 => Of("ec-3");

    private static PlayerAbilities Of(string code) => PlayerCodecs.AbilityOf(CodecList.Find(new FourCc(code))!);
}
