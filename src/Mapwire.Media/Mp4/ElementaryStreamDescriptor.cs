namespace Mapwire.Media.Mp4;

/// <summary>What matters of the descriptors in <c>esds</c> (ISO/IEC 14496-1, 7.2.6.5 and 7.2.6.6).</summary>
/// <remarks>Borrows the caller's bytes and must not outlive them.</remarks>
internal readonly ref struct ElementaryStreamDescriptor
{
    private const byte StreamTag = 3;
    private const byte DecoderConfigurationTag = 4;
    private const byte SpecificInfoTag = 5;

    private ElementaryStreamDescriptor(byte objectType, uint averageBitRate, ReadOnlySpan<byte> specificInfo)
    {
        ObjectType = objectType;
        AverageBitRate = averageBitRate;
        SpecificInfo = specificInfo;
    }

    /// <summary><c>objectTypeIndication</c>: 0x40 MPEG-4 audio, 0x66-0x68 MPEG-2 AAC, 0x69 and 0x6B MP3.</summary>
    internal byte ObjectType { get; }

    /// <summary>Bits a second, 0 when not said.</summary>
    internal uint AverageBitRate { get; }

    /// <summary>The decoder specific information; empty when there is none.</summary>
    internal ReadOnlySpan<byte> SpecificInfo { get; }

    /// <exception cref="Mp4FormatException">The descriptors end early or there is no decoder configuration.</exception>
    internal static ElementaryStreamDescriptor Parse(BoxReader box)
    {
        // version(8)=0 | flags(24) | tag(8)=3 | length | ES_ID(16) | dependence(1) URL(1) OCR(1) priority(5) | ...
        // | tag(8)=4 | length | objectTypeIndication(8) | streamType(6) up(1) 1(1) | bufferSize(24) | maxBitrate(32) | avgBitrate(32)
        // | tag(8)=5 | length | decoder specific information
        box.ReadVersion(0, out _);
        byte tag = ReadTag(ref box, out _);
        if (tag == StreamTag)
        {
            box.Skip(2);
            byte flags = box.ReadByte();
            if ((flags & 0x80) != 0)
            {
                box.Skip(2);
            }

            if ((flags & 0x40) != 0)
            {
                box.Skip(box.ReadByte());
            }

            if ((flags & 0x20) != 0)
            {
                box.Skip(2);
            }

            tag = ReadTag(ref box, out _);
        }

        if (tag != DecoderConfigurationTag)
        {
            box.Fail(Mp4Error.BadCodecConfiguration, $"descriptor {tag} stands where the decoder configuration should");
        }

        byte objectType = box.ReadByte();
        box.Skip(1 + 3 + 4);
        uint averageBitRate = box.ReadUInt32();
        if (box.Remaining < 2)
        {
            return new ElementaryStreamDescriptor(objectType, averageBitRate, default);
        }

        tag = ReadTag(ref box, out int length);
        return new ElementaryStreamDescriptor(objectType, averageBitRate, tag == SpecificInfoTag ? box.ReadBytes(length) : default);
    }

    /// <summary>A tag and a length of up to four bytes, seven bits each (8.3.3).</summary>
    private static byte ReadTag(ref BoxReader box, out int length)
    {
        byte tag = box.ReadByte();
        length = 0;
        for (int i = 0; i < 4; i++)
        {
            byte part = box.ReadByte();
            length = length << 7 | (part & 0x7F);
            if ((part & 0x80) == 0)
            {
                break;
            }
        }

        return tag;
    }
}
