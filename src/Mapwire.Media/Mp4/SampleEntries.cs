using Mapwire.Media.Codecs;

namespace Mapwire.Media.Mp4;

/// <summary>
/// The sample entries that are played, each with what reads its configuration: a new codec is a line here and a class in Codecs.
/// </summary>
internal static class SampleEntries
{
    private static readonly Dictionary<uint, VideoParser> Video = new()
    {
        [Code("avc1")] = ParseAvc,
        [Code("avc2")] = ParseAvc,
        [Code("avc3")] = ParseAvc,
        [Code("avc4")] = ParseAvc,
        [Code("dva1")] = ParseAvc,
        [Code("dvav")] = ParseAvc,
        [Code("hvc1")] = ParseHevc,
        [Code("hev1")] = ParseHevc,
        [Code("dvh1")] = ParseHevc,
        [Code("dvhe")] = ParseHevc,
        [Code("av01")] = ParseAv1,
        [Code("dav1")] = ParseAv1,
        [Code("vp08")] = static entry => ParseVp(entry, isVp9: false),
        [Code("vp09")] = static entry => ParseVp(entry, isVp9: true),
    };

    private static readonly Dictionary<uint, AudioParser> Audio = new()
    {
        [Code("mp4a")] = ParseMpeg4,
        [Code(".mp3")] = ParseMp3,
        [Code("ms\0\u0055")] = ParseMp3,
        [Code("Opus")] = ParseOpus,
        [Code("fLaC")] = ParseFlac,
        [Code("ac-3")] = ParseAc3,
        [Code("ec-3")] = ParseEac3,
    };

    /// <summary>Entries whose codec is hidden by encryption, with the scheme where the entry itself names it.</summary>
    private static readonly Dictionary<uint, string> Encrypted = new()
    {
        [Code("encv")] = "it is encrypted",
        [Code("enca")] = "it is encrypted",
        [Code("drms")] = "it is encrypted (FairPlay)",
        [Code("drmi")] = "it is encrypted (FairPlay)",
    };

    private delegate CodecConfiguration VideoParser(BoxReader entry);

    private delegate CodecConfiguration? AudioParser(BoxReader entry, int rate, int channels, out string? reason);

    /// <summary>Reads the configuration of a picture.</summary>
    /// <param name="type">The entry's.</param>
    /// <param name="entry">Its boxes.</param>
    /// <param name="reason">Why it cannot be played, when the answer is null.</param>
    /// <exception cref="Mp4FormatException">A box is missing or malformed.</exception>
    /// <exception cref="CodecFormatException">The configuration is malformed.</exception>
    internal static CodecConfiguration? ParseVideo(FourCc type, BoxReader entry, out string? reason)
    {
        reason = null;
        if (!Video.TryGetValue(type.Value, out VideoParser? parse))
        {
            reason = Encrypted.GetValueOrDefault(type.Value) ?? $"video codec {CodecNames.Describe(type)} is not supported";
            return null;
        }

        reason = ReadDolbyVision(type, entry);
        return reason is null ? parse(entry) : null;
    }

    /// <summary>Reads the configuration of sound.</summary>
    /// <param name="type">The entry's.</param>
    /// <param name="entry">Its boxes.</param>
    /// <param name="rate">As the entry says it, in Hz.</param>
    /// <param name="channels">As the entry says it.</param>
    /// <param name="reason">Why it cannot be played, when the answer is null.</param>
    /// <exception cref="Mp4FormatException">A box is missing or malformed.</exception>
    /// <exception cref="CodecFormatException">The configuration is malformed.</exception>
    internal static CodecConfiguration? ParseAudio(FourCc type, BoxReader entry, int rate, int channels, out string? reason)
    {
        if (Audio.TryGetValue(type.Value, out AudioParser? parse))
        {
            return parse(entry, rate, channels, out reason);
        }

        reason = Encrypted.GetValueOrDefault(type.Value) ?? $"audio codec {CodecNames.Describe(type)} is not supported";
        return null;
    }

    private static uint Code(string text) => new FourCc(text).Value;

    private static AvcConfiguration ParseAvc(BoxReader entry) =>
        AvcConfiguration.Parse(BoxSearch.Find(entry, BoxType.AvcC).ReadRemaining());

    private static HevcConfiguration ParseHevc(BoxReader entry) =>
        HevcConfiguration.Parse(BoxSearch.Find(entry, BoxType.HvcC).ReadRemaining());

    private static Av1Configuration ParseAv1(BoxReader entry) =>
        Av1Configuration.Parse(BoxSearch.Find(entry, BoxType.Av1C).ReadRemaining());

    private static VpConfiguration ParseVp(BoxReader entry, bool isVp9)
    {
        BoxReader vpcc = BoxSearch.Find(entry, BoxType.VpcC);
        if (vpcc.ReadVersion(1, out _) == 0)
        {
            vpcc.Fail(Mp4Error.UnsupportedVersion, "version 0 was a draft");
        }

        return VpConfiguration.Parse(vpcc.ReadRemaining(), isVp9);
    }

    /// <summary>
    /// Whether an entry of Dolby Vision has a picture that other decoders show rightly (Dolby Vision Streams within the ISO Base Media File
    /// Format, 3.2): without a compatible base layer its colours would be green and purple.
    /// </summary>
    /// <returns>Why it cannot be played; null when it can.</returns>
    private static string? ReadDolbyVision(FourCc type, BoxReader entry)
    {
        if (type.ToString() is not ("dvh1" or "dvhe" or "dav1" or "dva1" or "dvav"))
        {
            return null;
        }

        if (!BoxSearch.TryFind(entry, BoxType.DvvC, out BoxReader box) && !BoxSearch.TryFind(entry, BoxType.DvcC, out box))
        {
            return null;
        }

        // major version(8) | minor version(8) | profile(7) level(6) rpu(1) el(1) bl(1) | bl_signal_compatibility_id(4) | reserved
        box.Skip(2);
        int profile = box.ReadUInt16() >> 9;
        return box.ReadByte() >> 4 == 0 ? $"Dolby Vision profile {profile} has no base layer that other decoders can show" : null;
    }

    private static CodecConfiguration? ParseMpeg4(BoxReader entry, int rate, int channels, out string? reason)
    {
        if (!TryFindConfiguration(entry, BoxType.Esds, out BoxReader esds))
        {
            reason = "its 'mp4a' sample description has no 'esds'";
            return null;
        }

        ElementaryStreamDescriptor descriptor = ElementaryStreamDescriptor.Parse(esds);
        reason = null;
        switch (descriptor.ObjectType)
        {
            case 0x69 or 0x6B:
                return new Mp3Configuration(rate, channels);
            case 0x40 or 0x66 or 0x67 or 0x68:
                if (descriptor.SpecificInfo.IsEmpty)
                {
                    reason = "its AAC has no AudioSpecificConfig";
                    return null;
                }

                AacConfiguration aac = AacConfiguration.Parse(descriptor.SpecificInfo);
                if (aac.ObjectType is (>= 1 and <= 4) or 17 or 20 or 22 or 23 or 39 or 42)
                {
                    return aac;
                }

                reason = $"audio codec {aac.Name} is not supported";
                return null;
            default:
                reason = descriptor.ObjectType switch
                {
                    0xA5 => "AC-3 in an 'mp4a' sample description is not supported",
                    0xA6 => "E-AC-3 in an 'mp4a' sample description is not supported",
                    0xA9 or 0xAA or 0xAB or 0xAC => "audio codec DTS is not supported",
                    0xDD => "audio codec Vorbis is not supported",
                    0xE1 => "audio codec QCELP is not supported",
                    _ => $"MPEG-4 object type 0x{descriptor.ObjectType:X2} is not supported",
                };
                return null;
        }
    }

    private static Mp3Configuration ParseMp3(BoxReader entry, int rate, int channels, out string? reason)
    {
        reason = null;
        return new Mp3Configuration(rate, channels);
    }

    private static OpusConfiguration ParseOpus(BoxReader entry, int rate, int channels, out string? reason)
    {
        reason = null;
        return OpusConfiguration.ParseBox(BoxSearch.Find(entry, BoxType.DOps).ReadRemaining());
    }

    private static FlacConfiguration ParseFlac(BoxReader entry, int rate, int channels, out string? reason)
    {
        reason = null;
        BoxReader dfla = BoxSearch.Find(entry, BoxType.DfLa);
        dfla.ReadVersion(0, out _);
        return FlacConfiguration.ParseBox(dfla.ReadRemaining());
    }

    private static DolbyConfiguration ParseAc3(BoxReader entry, int rate, int channels, out string? reason)
    {
        reason = null;
        return DolbyConfiguration.ParseAc3(FindConfiguration(entry, BoxType.Dac3).ReadRemaining());
    }

    private static DolbyConfiguration ParseEac3(BoxReader entry, int rate, int channels, out string? reason)
    {
        reason = null;
        return DolbyConfiguration.ParseEac3(FindConfiguration(entry, BoxType.Dec3).ReadRemaining());
    }

    /// <summary>In QuickTime files a sound's configuration is inside <c>wave</c>, beside other things.</summary>
    private static bool TryFindConfiguration(BoxReader entry, uint type, out BoxReader configuration) =>
        BoxSearch.TryFind(entry, type, out configuration)
        || (BoxSearch.TryFind(entry, BoxType.Wave, out BoxReader wave) && BoxSearch.TryFind(wave, type, out configuration));

    private static BoxReader FindConfiguration(BoxReader entry, uint type) =>
        TryFindConfiguration(entry, type, out BoxReader configuration) ? configuration : BoxSearch.Find(entry, type);
}
