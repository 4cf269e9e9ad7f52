using System.Collections.Immutable;
using Mapwire.Media.Codecs;
using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>Which entry and which configuration box a codec has.</summary>
internal static partial class SampleEntryWriter
{
    private static ConfigurationBox Configure(Track track, CodecConfiguration configuration, SampleDescription source)
    {
        Codec codec = configuration.Codec;
        uint? type = codec.ObjectTypes.IsEmpty ? codec.ConfigurationBox?.Value : BoxType.Esds;
        if (type is not { } box)
        {
            throw Mp4WritingException.OfTrack(
                Mp4WritingError.CodecNotInMp4, track, $"{configuration.Name} has no place in MP4; it is a codec of FLV");
        }

        // Of sound the file's own box counts: it may say more than what was read of it.
        ImmutableArray<byte>? kept = codec.Kind == TrackKind.Audio ? Kept(source, box) : null;
        return new ConfigurationBox(configuration.GetSampleEntry(source.Type), box, kept ?? CreateBody(configuration));
    }

    private static ImmutableArray<byte> CreateBody(CodecConfiguration configuration)
    {
        ImmutableArray<byte> box = configuration.CreateBox();
        return configuration.Codec switch
        {
            { ObjectTypes: [byte objectType, ..] } => CreateEsds(objectType, box.AsSpan()),
            { BoxVersion: { } version } => [version, 0, 0, 0, .. box],
            _ => box,
        };
    }

    /// <summary>The body of a box of the file's own entry; null when it is not there.</summary>
    private static ImmutableArray<byte>? Kept(SampleDescription source, uint type)
    {
        foreach ((FourCc kept, ImmutableArray<byte> body) in source.Source?.Boxes ?? [])
        {
            if (kept.Value == type)
            {
                return body;
            }
        }

        return null;
    }

    /// <summary>The body of <c>esds</c> (ISO/IEC 14496-14, 6.7.2; ISO/IEC 14496-1, 7.2.6.5) for one stream of sound.</summary>
    private static ImmutableArray<byte> CreateEsds(byte objectType, ReadOnlySpan<byte> specificInfo)
    {
        // version(8)=0 | flags(24) | tag(8)=3 | length | ES_ID(16) | flags(8) | tag(8)=4 | length | objectTypeIndication(8)
        // | streamType(6)=5 upStream(1) reserved(1)=1 | bufferSizeDB(24) | maxBitrate(32) | avgBitrate(32) | tag(8)=5 | length | info
        // | tag(8)=6 | length=1 | predefined(8)=2
        ReadOnlySpan<byte> info = specificInfo.IsEmpty ? default : [5, .. LengthOf(specificInfo.Length), .. specificInfo];
        ReadOnlySpan<byte> decoder = [4, .. LengthOf(13 + info.Length), objectType, 0x15, .. new byte[11], .. info];
        return [0, 0, 0, 0, 3, .. LengthOf(3 + decoder.Length + 6), 0, 0, 0, .. decoder, 6, .. LengthOf(1), 2];
    }

    /// <summary>A length in four bytes of seven bits (ISO/IEC 14496-1, 8.3.3), as most writers have it.</summary>
    private static byte[] LengthOf(int length) =>
        [(byte)(0x80 | length >> 21), (byte)(0x80 | length >> 14), (byte)(0x80 | length >> 7), (byte)(length & 0x7F)];
}
