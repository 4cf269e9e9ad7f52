using Mapwire.Media.Codecs;

namespace Mapwire.Media.Mp4;

/// <summary>Reads <c>stsd</c> (ISO/IEC 14496-12, 8.5.2; QuickTime File Format, "Sample description atoms").</summary>
internal static class SampleDescriptionParser
{
    private const uint Avc1 = 'a' << 24 | 'v' << 16 | 'c' << 8 | '1';
    private const uint Avc2 = 'a' << 24 | 'v' << 16 | 'c' << 8 | '2';
    private const uint Avc3 = 'a' << 24 | 'v' << 16 | 'c' << 8 | '3';
    private const uint Avc4 = 'a' << 24 | 'v' << 16 | 'c' << 8 | '4';
    private const uint Mp4a = 'm' << 24 | 'p' << 16 | '4' << 8 | 'a';
    private const uint DotMp3 = '.' << 24 | 'm' << 16 | 'p' << 8 | '3';
    private const uint MsMp3 = 'm' << 24 | 's' << 16 | 0x55;
    private const uint Hvc1 = 'h' << 24 | 'v' << 16 | 'c' << 8 | '1';
    private const uint Hev1 = 'h' << 24 | 'e' << 16 | 'v' << 8 | '1';
    private const uint Av01 = 'a' << 24 | 'v' << 16 | '0' << 8 | '1';
    private const uint Vp08 = 'v' << 24 | 'p' << 16 | '0' << 8 | '8';
    private const uint Vp09 = 'v' << 24 | 'p' << 16 | '0' << 8 | '9';
    private const uint Opus = 'O' << 24 | 'p' << 16 | 'u' << 8 | 's';
    private const uint Flac = 'f' << 24 | 'L' << 16 | 'a' << 8 | 'C';
    private const uint Ac3 = 'a' << 24 | 'c' << 16 | '-' << 8 | '3';
    private const uint Eac3 = 'e' << 24 | 'c' << 16 | '-' << 8 | '3';
    private const uint Encv = 'e' << 24 | 'n' << 16 | 'c' << 8 | 'v';
    private const uint Enca = 'e' << 24 | 'n' << 16 | 'c' << 8 | 'a';

    /// <param name="box">The body of <c>stsd</c>.</param>
    /// <param name="kind">What the track's handler says it is.</param>
    /// <param name="limits">How many entries there may be.</param>
    /// <exception cref="Mp4FormatException">An entry is malformed, or what a codec we play needs is.</exception>
    internal static SampleDescription[] Parse(BoxReader box, TrackKind kind, MediaLimits limits)
    {
        // version(8) | flags(24) | entry_count(32) | { size(32) | type(32) | reserved[6] | data_reference_index(16) | ... } * entry_count
        byte version = box.ReadVersion(1, out _);
        int count = box.ReadCount(16);
        if (count > limits.SampleDescriptions)
        {
            box.FailLimit($"there are {count} sample descriptions", nameof(MediaLimits.SampleDescriptions), limits.SampleDescriptions);
        }

        SampleDescription[] entries = new SampleDescription[count];
        for (int i = 0; i < count; i++)
        {
            if (!box.TryReadBox(out BoxHeader header, out BoxReader entry))
            {
                box.Fail(Mp4Error.BadTable, $"sample description {i + 1} of {count} is not there");
            }

            try
            {
                entry.Skip(6);
                int reference = entry.ReadUInt16();
                entries[i] = kind switch
                {
                    TrackKind.Video => ParseVideo(header.Type, reference, entry),
                    TrackKind.Audio => ParseAudio(header.Type, reference, entry, version),
                    _ => new SampleDescription { Type = header.Type, UnplayableReason = "it is neither picture nor sound" },
                };
                entries[i].Offset = header.Offset;
            }
            catch (CodecFormatException e)
            {
                throw new Mp4FormatException(Mp4Error.BadCodecConfiguration, header.Type.ToString(), header.Offset, e.Message);
            }
        }

        return entries;
    }

    private static SampleDescription ParseVideo(FourCc type, int reference, BoxReader entry)
    {
        // pre_defined(16) | reserved(16) | pre_defined(32)[3] | width(16) | height(16) | horizresolution(32) | vertresolution(32)
        // | reserved(32) | frame_count(16) | compressorname[32] | depth(16) | pre_defined(16) | boxes
        entry.Skip(16);
        int width = entry.ReadUInt16();
        int height = entry.ReadUInt16();
        entry.Skip(50);
        CodecConfiguration? codec = null;
        string? reason = null;
        switch (type.Value)
        {
            case Avc1 or Avc2 or Avc3 or Avc4:
                AvcConfiguration avc = AvcConfiguration.Parse(BoxSearch.Find(entry, BoxType.AvcC).ReadRemaining());
                codec = avc;
                if (avc.Sequence is not null)
                {
                    (width, height) = (avc.Sequence.Width, avc.Sequence.Height);
                }

                break;
            case Hvc1 or Hev1:
                HevcConfiguration hevc = HevcConfiguration.Parse(BoxSearch.Find(entry, BoxType.HvcC).ReadRemaining());
                codec = hevc;
                if (hevc.Picture is { } picture)
                {
                    (width, height) = picture;
                }

                break;
            case Av01:
                codec = Av1Configuration.Parse(BoxSearch.Find(entry, BoxType.Av1C).ReadRemaining());
                break;
            case Vp08 or Vp09:
                BoxReader vpcc = BoxSearch.Find(entry, BoxType.VpcC);
                if (vpcc.ReadVersion(1, out _) == 0)
                {
                    vpcc.Fail(Mp4Error.UnsupportedVersion, "version 0 was a draft");
                }

                codec = VpConfiguration.Parse(vpcc.ReadRemaining(), type.Value == Vp09);
                break;
            case Encv:
                reason = "it is encrypted";
                break;
            default:
                reason = $"video codec '{type}' is not supported";
                break;
        }

        return new SampleDescription
        {
            Type = type,
            Codec = codec,
            UnplayableReason = reason,
            Width = width,
            Height = height,
            Color = ColorBoxes.Read(entry),
            DataReference = reference,
        };
    }

    private static SampleDescription ParseAudio(FourCc type, int reference, BoxReader entry, byte stsdVersion)
    {
        // version(16) | revision(16) | vendor(32) | channelcount(16) | samplesize(16) | compression id(16) | packet size(16)
        // | samplerate(16.16) | QuickTime's additions by version | boxes
        int version = entry.ReadUInt16();
        entry.Skip(6);
        int channels = entry.ReadUInt16();
        entry.Skip(6);
        int rate = (int)(entry.ReadUInt32() >> 16);

        // Version 1 in a stsd of version 1 is ISO's own, without additions; QuickTime's versions come in a stsd of version 0.
        if (version == 1 && stsdVersion == 0)
        {
            entry.Skip(16); // samples per packet, bytes per packet, bytes per frame, bytes per sample
        }
        else if (version == 2 && stsdVersion == 0)
        {
            // size of this structure(32) | sample rate(64-bit float) | channels(32) | 0x7F000000(32) | bits(32) | flags(32)
            // | bytes per packet(32) | frames per packet(32)
            entry.Skip(4);
            double exactRate = BitConverter.UInt64BitsToDouble(entry.ReadUInt64());
            uint manyChannels = entry.ReadUInt32();
            entry.Skip(20);
            rate = exactRate is > 0 and < int.MaxValue ? (int)Math.Round(exactRate) : 0;
            channels = (int)Math.Min(manyChannels, ushort.MaxValue);
        }
        else if (version > 2 || (version == 2 && stsdVersion != 0))
        {
            entry.Fail(Mp4Error.UnsupportedVersion, $"sound description version {version} is not known");
        }

        CodecConfiguration? codec = null;
        string? reason = null;
        switch (type.Value)
        {
            case Mp4a:
                codec = ParseMpeg4(entry, rate, channels, out reason);
                break;
            case DotMp3 or MsMp3:
                codec = new Mp3Configuration(rate, channels);
                break;
            case Opus:
                codec = OpusConfiguration.ParseBox(BoxSearch.Find(entry, BoxType.DOps).ReadRemaining());
                break;
            case Flac:
                BoxReader dfla = BoxSearch.Find(entry, BoxType.DfLa);
                dfla.ReadVersion(0, out _);
                codec = FlacConfiguration.ParseBox(dfla.ReadRemaining());
                break;
            case Ac3:
                codec = DolbyConfiguration.ParseAc3(FindConfiguration(entry, BoxType.Dac3).ReadRemaining());
                break;
            case Eac3:
                codec = DolbyConfiguration.ParseEac3(FindConfiguration(entry, BoxType.Dec3).ReadRemaining());
                break;
            case Enca:
                reason = "it is encrypted";
                break;
            default:
                reason = $"audio codec '{type}' is not supported";
                break;
        }

        (rate, channels) = codec switch
        {
            AacConfiguration aac => (aac.SampleRate, aac.Channels == 0 ? channels : aac.Channels),
            OpusConfiguration opus => (OpusConfiguration.SampleRate, opus.Channels),
            FlacConfiguration flac => (flac.SampleRate, flac.Channels),
            DolbyConfiguration dolby => (dolby.SampleRate == 0 ? rate : dolby.SampleRate, dolby.Channels),
            _ => (rate, channels),
        };

        return new SampleDescription
        {
            Type = type,
            Codec = codec,
            UnplayableReason = reason,
            SampleRate = rate,
            Channels = channels,
            DataReference = reference,
        };
    }

    /// <summary>In QuickTime files a sound's configuration is inside <c>wave</c>, beside other things.</summary>
    private static bool TryFindConfiguration(BoxReader entry, uint type, out BoxReader configuration) =>
        BoxSearch.TryFind(entry, type, out configuration)
        || (BoxSearch.TryFind(entry, BoxType.Wave, out BoxReader wave) && BoxSearch.TryFind(wave, type, out configuration));

    private static BoxReader FindConfiguration(BoxReader entry, uint type) =>
        TryFindConfiguration(entry, type, out BoxReader configuration) ? configuration : BoxSearch.Find(entry, type);

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

                reason = $"{aac.Name} is not supported";
                return null;
            default:
                reason = $"MPEG-4 object type 0x{descriptor.ObjectType:X2} is not supported";
                return null;
        }
    }
}
