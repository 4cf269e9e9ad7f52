using System.Buffers.Binary;
using System.Collections.Immutable;
using Mapwire.Media.Codecs;
using Mapwire.Media.Tables;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>Which entry and which configuration box a codec has.</summary>
internal static partial class SampleEntryWriter
{
    private const byte MpegAudioLayer3 = 0x6B;
    private const byte Mpeg4Audio = 0x40;

    private static ConfigurationBox Configure(Track track, CodecConfiguration codec, SampleDescription source) => codec switch
    {
        AvcConfiguration => new(AvcEntry(codec, source.Type), BoxType.AvcC, codec.Raw),
        // Players of Apple take hvc1 alone; where all sets are in the record, hev1 is the same with more allowed.
        HevcConfiguration => new(new FourCc(codec.IsIncomplete ? "hev1" : "hvc1"), BoxType.HvcC, codec.Raw),
        Av1Configuration => new(codec.FourCc, BoxType.Av1C, codec.Raw),
        VpConfiguration => new(codec.FourCc, BoxType.VpcC, [1, 0, 0, 0, .. codec.Raw.AsSpan()]),
        AacConfiguration => new(codec.FourCc, BoxType.Esds, Kept(source, BoxType.Esds) ?? CreateEsds(Mpeg4Audio, codec.Raw.AsSpan())),
        Mp3Configuration =>
            new(new FourCc("mp4a"), BoxType.Esds, Kept(source, BoxType.Esds) ?? CreateEsds(MpegAudioLayer3, default)),
        OpusConfiguration => new(codec.FourCc, BoxType.DOps, Kept(source, BoxType.DOps) ?? CreateDOps(codec.Raw.AsSpan())),
        FlacConfiguration => new(codec.FourCc, BoxType.DfLa, Kept(source, BoxType.DfLa) ?? [0, 0, 0, 0, .. codec.Raw.AsSpan()[4..]]),
        DolbyConfiguration { IsEnhanced: true } dolby => new(codec.FourCc, BoxType.Dec3, Kept(source, BoxType.Dec3) ?? dolby.Box),
        DolbyConfiguration dolby => new(codec.FourCc, BoxType.Dac3, Kept(source, BoxType.Dac3) ?? dolby.Box),
        _ => throw Mp4WritingException.OfTrack(
            Mp4WritingError.CodecNotInMp4, track, $"{codec.Name} has no place in MP4; it is a codec of FLV"),
    };

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

    /// <summary>Entries with sets in the samples become plain ones where the record has them all, as most players want it.</summary>
    private static FourCc AvcEntry(CodecConfiguration codec, FourCc source) => (source.ToString(), codec.IsIncomplete) switch
    {
        ("avc2" or "avc4", _) => source,
        (_, true) => new FourCc("avc3"),
        _ => codec.FourCc,
    };

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

    /// <summary>The body of <c>dOps</c>: the identification header without its name, in the other byte order.</summary>
    private static ImmutableArray<byte> CreateDOps(ReadOnlySpan<byte> header)
    {
        byte[] box = header[8..].ToArray();
        box[0] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(box.AsSpan(2), BinaryPrimitives.ReadUInt16LittleEndian(header[10..]));
        BinaryPrimitives.WriteUInt32BigEndian(box.AsSpan(4), BinaryPrimitives.ReadUInt32LittleEndian(header[12..]));
        BinaryPrimitives.WriteUInt16BigEndian(box.AsSpan(8), BinaryPrimitives.ReadUInt16LittleEndian(header[16..]));
        return [.. box];
    }
}
