using Mapwire.Media.Codecs;
using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4;

/// <summary>Reads <c>stsd</c> (ISO/IEC 14496-12, 8.5.2; QuickTime File Format, "Sample description atoms").</summary>
internal static class SampleDescriptionParser
{
    private const int VideoFields = 70;
    private const int AudioFields = 20;

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
        ReadOnlySpan<byte> fields = entry.Rest[..Math.Min(VideoFields, entry.Remaining)];
        entry.Skip(16);
        int width = entry.ReadUInt16();
        int height = entry.ReadUInt16();
        entry.Skip(50);
        CodecConfiguration? codec = SampleEntries.ParseVideo(type, entry, out string? reason);
        if (codec is { Codec.HasParameterSets: true })
        {
            (width, height) = PictureSize.Choose((width, height), codec.Picture);
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
            Source = SampleEntrySource.Read(fields, entry),
        };
    }

    private static SampleDescription ParseAudio(FourCc type, int reference, BoxReader entry, byte stsdVersion)
    {
        // version(16) | revision(16) | vendor(32) | channelcount(16) | samplesize(16) | compression id(16) | packet size(16)
        // | samplerate(16.16) | QuickTime's additions by version | boxes
        ReadOnlySpan<byte> fields = entry.Rest[..Math.Min(AudioFields, entry.Remaining)];
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

        CodecConfiguration? codec = SampleEntries.ParseAudio(type, entry, rate, channels, out string? reason);
        rate = codec is { SampleRate: > 0 } ? codec.SampleRate : rate;
        channels = codec is { Channels: > 0 } ? codec.Channels : channels;

        return new SampleDescription
        {
            Type = type,
            Codec = codec,
            UnplayableReason = reason,
            SampleRate = rate,
            Channels = channels,
            DataReference = reference,
            Source = SampleEntrySource.Read(fields, entry),
        };
    }
}
