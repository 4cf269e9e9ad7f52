using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Rtmp.Amf;

namespace Mapwire.Server.Strips;

/// <summary>How a title's samples are announced and headed.</summary>
internal sealed class TitleCodecs
{
    private readonly SampleHeader[] _headers; // by lane, beside each other: looked at for every message
    private readonly byte[] _changes; // pinned: the system reads them as it reads the file

    /// <param name="lanes">The lanes in order; null at 0 when there is no video.</param>
    /// <param name="changes">The messages that tell configurations which change in the middle, one behind the other.</param>
    public TitleCodecs(ImmutableArray<TitleLane?> lanes, ReadOnlySpan<byte> changes)
    {
        Lanes = lanes;
        HasOneLane = lanes.Count(static lane => lane is not null) == 1;
        _headers = [.. lanes.Select(static lane => lane?.Header ?? default)];
        _changes = GC.AllocateUninitializedArray<byte>(changes.Length, pinned: true);
        changes.CopyTo(_changes);
    }

    /// <summary>The lanes in order; null at 0 when there is no video.</summary>
    public ImmutableArray<TitleLane?> Lanes { get; }

    /// <summary>Whether one track is sent and no other.</summary>
    public bool HasOneLane { get; }

    /// <summary>The messages that tell configurations which change in the middle; entries of the strip point into it.</summary>
    public ReadOnlySpan<byte> Changes => _changes;

    /// <summary>The body of a change.</summary>
    public ReadOnlyMemory<byte> ChangeOf(StripEntry change) => _changes.AsMemory((int)change.Offset, change.Size);

    /// <summary>Where the changes lie, for as long as this object is held.</summary>
    public nint ChangesAddress => _changes.Length == 0 ? 0 : Marshal.UnsafeAddrOfPinnedArrayElement(_changes, 0);

    /// <summary>Bytes of the codec header before an entry's payload; a change has none.</summary>
    public int TagHeaderLength(StripEntry entry) => entry.IsChange ? 0 : HeaderOf(entry).Length;

    /// <summary>The codec header of an entry that is no change.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly SampleHeader HeaderOf(StripEntry entry) => ref _headers[entry.Lane];
}

/// <summary>How one track of a title is announced and headed: the codec headers that RTMP messages carry.</summary>
/// <param name="Header">Of every sample.</param>
/// <param name="SequenceHeader">The body of the message before the first sample; null when the codec needs none.</param>
/// <param name="ColorInfo">The body of the message that says what colours mean (Enhanced RTMP, "Metadata Frame"); null when the file does
/// not say.</param>
/// <param name="SequenceEnd">The body of the message behind the last sample; null with plain headers, which have none that a player
/// needs.</param>
internal sealed record TitleLane(SampleHeader Header, byte[]? SequenceHeader, byte[]? ColorInfo, byte[]? SequenceEnd)
{
    /// <summary>Whether the header is one of Enhanced RTMP.</summary>
    public bool IsExtended => SequenceEnd is not null;

    /// <summary>
    /// The body of the message that takes colour information back (Enhanced RTMP: the name with the value Undefined); null for sound and
    /// with plain headers.
    /// </summary>
    public byte[]? ColorReset { get; private init; }

    /// <summary>
    /// What metadata call the codec: its plain number, or the value of its four-character code (Enhanced RTMP, "Enhancing onMetaData").
    /// </summary>
    public double CodecId(CodecConfiguration codec) => IsExtended ? codec.FourCc.Value : codec.PlainNumber ?? 0;

    /// <summary>The lane of a video track.</summary>
    public static TitleLane Video(Track track, PlayerAbilities abilities) => Video(track.Codec!, track.Color, abilities);

    /// <summary>The lane of pictures.</summary>
    /// <param name="codec">What is known of them.</param>
    /// <param name="color">What their colours mean; null where nothing says it.</param>
    /// <param name="abilities">The player's.</param>
    /// <param name="number">Among the video tracks that are played; from 1 on the header tells it.</param>
    public static TitleLane Video(CodecConfiguration codec, VideoColor? color, PlayerAbilities abilities, int number = 0)
    {
        if (number == 0 && !GoesExtended(codec, abilities))
        {
            SampleHeader header = SampleHeader.PlainVideo((VideoCodecId)codec.PlainNumber!);
            return new TitleLane(header, Configuration(codec, abilities, 0), null, null);
        }

        return new TitleLane(
            SampleHeader.ExtendedVideo(codec.FourCc, abilities.Has(PlayerAbilities.Nanoseconds), number),
            Configuration(codec, abilities, number),
            color is null ? null : [.. ColorHeader(codec, number), .. ColorValues(codec, color)],
            Body(new ExVideoTagHeader(VideoFrameType.Key, VideoPacketType.SequenceEnd, codec.FourCc) { Track = PlaceOf(number) }))
        {
            ColorReset = [.. ColorHeader(codec, number), 2, 0, 9, .. "colorInfo"u8, 6],
        };
    }

    /// <summary>The lane of an audio track.</summary>
    /// <param name="codec">What is known of the sound.</param>
    /// <param name="abilities">The player's.</param>
    /// <param name="number">Among the audio tracks that are played; from 1 on the header tells it.</param>
    public static TitleLane Audio(CodecConfiguration codec, PlayerAbilities abilities, int number)
    {
        if (number == 0 && !GoesExtended(codec, abilities))
        {
            AudioTagHeader header = AudioTagHeader.ForSound(codec)!.Value;
            return new TitleLane(SampleHeader.PlainAudio(header), Configuration(codec, abilities, number), null, null);
        }

        return new TitleLane(
            SampleHeader.ExtendedAudio(codec.FourCc, number, abilities.Has(PlayerAbilities.Nanoseconds)),
            Configuration(codec, abilities, number),
            null,
            Body(new ExAudioTagHeader(AudioPacketType.SequenceEnd, codec.FourCc) { Track = PlaceOf(number) }));
    }

    /// <summary>The body of the message that tells a codec's configuration; null when the codec has none.</summary>
    public static byte[]? Configuration(CodecConfiguration codec, PlayerAbilities abilities, int number) =>
        number > 0 || GoesExtended(codec, abilities)
            ? Media.Flv.SequenceHeader.CreateExtended(codec, PlaceOf(number))
            : Media.Flv.SequenceHeader.Create(codec);

    /// <summary>Plain headers are understood by everyone; extended ones go where there is no other, or where they can say more.</summary>
    public static bool GoesExtended(CodecConfiguration codec, PlayerAbilities abilities) =>
        abilities.TakesExtended(codec) && (!codec.HasPlainHeader || abilities.Has(PlayerAbilities.Nanoseconds));

    private static ExtendedTrack? PlaceOf(int number) => number > 0 ? new ExtendedTrack(MultitrackType.OneTrack, (byte)number, 0) : null;

    private static byte[] Body(ExVideoTagHeader header)
    {
        Span<byte> bytes = stackalloc byte[ExVideoTagHeader.MaxLength];
        return bytes[..header.WriteTo(bytes)].ToArray();
    }

    private static byte[] Body(ExAudioTagHeader header)
    {
        Span<byte> bytes = stackalloc byte[ExAudioTagHeader.MaxLength];
        return bytes[..header.WriteTo(bytes)].ToArray();
    }

    private static byte[] ColorHeader(CodecConfiguration codec, int number) =>
        Body(new ExVideoTagHeader(VideoFrameType.Key, VideoPacketType.Metadata, codec.FourCc) { Track = PlaceOf(number) });

    /// <summary>The name colorInfo and its object, as AMF0.</summary>
    private static byte[] ColorValues(CodecConfiguration codec, VideoColor color)
    {
        Amf0Writer writer = new(stackalloc byte[512]);
        try
        {
            writer.WriteString("colorInfo");
            writer.WriteObject();
            writer.WriteName("colorConfig");
            writer.WriteObject();
            if (codec.BitDepth > 0)
            {
                writer.WriteProperty("bitDepth", codec.BitDepth);
            }

            writer.WriteProperty("colorPrimaries", color.Primaries);
            writer.WriteProperty("transferCharacteristics", color.Transfer);
            writer.WriteProperty("matrixCoefficients", color.Matrix);
            writer.WriteEnd();
            if (color.MaxContentLight > 0 || color.MaxPictureLight > 0)
            {
                writer.WriteName("hdrCll");
                writer.WriteObject();
                writer.WriteProperty("maxFall", color.MaxPictureLight);
                writer.WriteProperty("maxCLL", color.MaxContentLight);
                writer.WriteEnd();
            }

            if (color.Mastering is { } display)
            {
                WriteMastering(ref writer, display);
            }

            writer.WriteEnd();
            return writer.Written.ToArray();
        }
        finally
        {
            writer.Dispose();
        }
    }

    private static void WriteMastering(ref Amf0Writer writer, MasteringDisplay display)
    {
        writer.WriteName("hdrMdcv");
        writer.WriteObject();
        writer.WriteProperty("redX", display.RedX);
        writer.WriteProperty("redY", display.RedY);
        writer.WriteProperty("greenX", display.GreenX);
        writer.WriteProperty("greenY", display.GreenY);
        writer.WriteProperty("blueX", display.BlueX);
        writer.WriteProperty("blueY", display.BlueY);
        writer.WriteProperty("whitePointX", display.WhiteX);
        writer.WriteProperty("whitePointY", display.WhiteY);
        writer.WriteProperty("maxLuminance", display.MaxLuminance);
        writer.WriteProperty("minLuminance", display.MinLuminance);
        writer.WriteEnd();
    }
}
