using Mapwire.Media.Codecs;

namespace Mapwire.Media.Mp4;

/// <summary>
/// Reads the configurations in sample entries: which box has them and how it begins. What is in it the <see cref="Codec"/> reads.
/// </summary>
internal static class SampleEntries
{
    /// <summary>Entries whose codec is hidden by encryption, with the scheme where the entry itself names it.</summary>
    private static readonly Dictionary<uint, string> Encrypted = new()
    {
        [Code("encv")] = "it is encrypted",
        [Code("enca")] = "it is encrypted",
        [Code("drms")] = "it is encrypted (FairPlay)",
        [Code("drmi")] = "it is encrypted (FairPlay)",
    };

    /// <summary>Reads the configuration of a picture.</summary>
    /// <param name="type">The entry's.</param>
    /// <param name="entry">Its boxes.</param>
    /// <param name="reason">Why it cannot be played, when the answer is null.</param>
    /// <exception cref="Mp4FormatException">A box is missing or malformed.</exception>
    /// <exception cref="CodecFormatException">The configuration is malformed.</exception>
    internal static CodecConfiguration? ParseVideo(FourCc type, BoxReader entry, out string? reason)
    {
        if (CodecList.FindEntry(type) is not { Kind: TrackKind.Video } codec)
        {
            reason = Encrypted.GetValueOrDefault(type.Value) ?? $"video codec {CodecNames.Describe(type)} is not supported";
            return null;
        }

        reason = codec.DolbyVisionEntries.Contains(type.ToString()) ? ReadDolbyVision(entry) : null;
        return reason is null ? codec.ReadBox(FindBox(codec, entry), 0, 0, out reason) : null;
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
        if (CodecList.FindEntry(type) is not { Kind: TrackKind.Audio } codec)
        {
            reason = Encrypted.GetValueOrDefault(type.Value) ?? $"audio codec {CodecNames.Describe(type)} is not supported";
            return null;
        }

        return codec.ConfigurationBox is { Value: BoxType.Esds }
            ? ParseDescriptor(type, entry, rate, channels, out reason)
            : codec.ReadBox(FindBox(codec, entry), rate, channels, out reason);
    }

    private static uint Code(string text) => new FourCc(text).Value;

    /// <summary>The body of the box with the configuration, behind version and flags; empty for a codec without.</summary>
    private static ReadOnlySpan<byte> FindBox(Codec codec, BoxReader entry)
    {
        if (codec.ConfigurationBox is not { } type)
        {
            return default;
        }

        if (codec.Kind == TrackKind.Video || !TryFindSound(entry, type.Value, out BoxReader box))
        {
            box = BoxSearch.Find(entry, type.Value);
        }

        if (codec.BoxVersion is { } version && box.ReadVersion(version, out _) is byte older && older < version)
        {
            box.Fail(Mp4Error.UnsupportedVersion, $"version {older} was a draft");
        }

        return box.ReadRemaining();
    }

    /// <summary>
    /// Whether an entry of Dolby Vision has a picture that other decoders show rightly (Dolby Vision Streams within the ISO Base Media File
    /// Format, 3.2): without a compatible base layer its colours would be green and purple.
    /// </summary>
    /// <returns>Why it cannot be played; null when it can.</returns>
    private static string? ReadDolbyVision(BoxReader entry)
    {
        if (!BoxSearch.TryFind(entry, BoxType.DvvC, out BoxReader box) && !BoxSearch.TryFind(entry, BoxType.DvcC, out box))
        {
            return null;
        }

        // major version(8) | minor version(8) | profile(7) level(6) rpu(1) el(1) bl(1) | bl_signal_compatibility_id(4) | reserved
        box.Skip(2);
        int profile = box.ReadUInt16() >> 9;
        return box.ReadByte() >> 4 == 0 ? $"Dolby Vision profile {profile} has no base layer that other decoders can show" : null;
    }

    /// <summary>An entry whose codec is named by the descriptors in it.</summary>
    private static CodecConfiguration? ParseDescriptor(FourCc type, BoxReader entry, int rate, int channels, out string? reason)
    {
        if (!TryFindSound(entry, BoxType.Esds, out BoxReader esds))
        {
            reason = $"its '{type}' sample description has no 'esds'";
            return null;
        }

        ElementaryStreamDescriptor descriptor = ElementaryStreamDescriptor.Parse(esds);
        if (CodecList.FindObjectType(descriptor.ObjectType) is { } codec)
        {
            return codec.ReadBox(descriptor.SpecificInfo, rate, channels, out reason);
        }

        reason = $"{CodecNames.Describe(descriptor.ObjectType)} is not supported";
        return null;
    }

    /// <summary>In QuickTime files a sound's configuration is inside <c>wave</c>, beside other things.</summary>
    private static bool TryFindSound(BoxReader entry, uint type, out BoxReader configuration) =>
        BoxSearch.TryFind(entry, type, out configuration)
        || (BoxSearch.TryFind(entry, BoxType.Wave, out BoxReader wave) && BoxSearch.TryFind(wave, type, out configuration));
}
