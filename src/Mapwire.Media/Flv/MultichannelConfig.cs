using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Mapwire.Media.Flv;

/// <summary>
/// The body of an audio message of type <see cref="AudioPacketType.MultichannelConfig"/> (Enhanced RTMP v2): which channel is which
/// speaker, for codecs that do not say it themselves.
/// </summary>
public sealed class MultichannelConfig
{
    private MultichannelConfig(AudioChannelOrder order, byte channels, uint speakers, ImmutableArray<byte> mapping) =>
        (Order, Channels, Speakers, Mapping) = (order, channels, speakers, mapping);

    /// <summary>How the speakers are given.</summary>
    public AudioChannelOrder Order { get; }

    /// <summary>How many channels there are.</summary>
    public byte Channels { get; }

    /// <summary>A mask of speakers, bit 0 front left, 1 front right, 2 centre, 3 low frequency; 0 unless the order is native.</summary>
    public uint Speakers { get; }

    /// <summary>The number of a speaker for each channel, 254 for unused, 255 for unknown; empty unless the order is custom.</summary>
    public ImmutableArray<byte> Mapping { get; }

    /// <summary>Bytes that <see cref="WriteTo"/> writes.</summary>
    public int Length => 2 + Mapping.Length + (Order == AudioChannelOrder.Native ? 4 : 0);

    // order(8) | channels(8) | speaker(8) * channels if custom | mask(32) if native

    /// <summary>Channels of which only the number is known.</summary>
    /// <param name="channels">How many.</param>
    public static MultichannelConfig Unspecified(byte channels) => new(AudioChannelOrder.Unspecified, channels, 0, []);

    /// <summary>Channels in the order of a mask of speakers.</summary>
    /// <param name="channels">How many.</param>
    /// <param name="speakers">The mask.</param>
    public static MultichannelConfig Native(byte channels, uint speakers) => new(AudioChannelOrder.Native, channels, speakers, []);

    /// <summary>Channels with a speaker each.</summary>
    /// <param name="mapping">The speakers' numbers; at most 255.</param>
    /// <exception cref="ArgumentException">They are more.</exception>
    public static MultichannelConfig Custom(params ReadOnlySpan<byte> mapping)
    {
        if (mapping.Length > byte.MaxValue)
        {
            throw new ArgumentException("There are at most 255 channels.", nameof(mapping));
        }

        return new MultichannelConfig(AudioChannelOrder.Custom, (byte)mapping.Length, 0, [.. mapping]);
    }

    /// <summary>Parses a body.</summary>
    /// <param name="body">What follows the message's header.</param>
    /// <param name="config">The configuration when the answer is true.</param>
    /// <returns>False when the bytes are too few.</returns>
    /// <exception cref="FlvFormatException">The order is not defined.</exception>
    public static bool TryParse(ReadOnlySpan<byte> body, out MultichannelConfig? config)
    {
        config = null;
        if (body.Length < 2)
        {
            return false;
        }

        byte channels = body[1];
        switch ((AudioChannelOrder)body[0])
        {
            case AudioChannelOrder.Unspecified:
                config = Unspecified(channels);
                return true;
            case AudioChannelOrder.Native when body.Length >= 6:
                config = Native(channels, BinaryPrimitives.ReadUInt32BigEndian(body[2..]));
                return true;
            case AudioChannelOrder.Custom when body.Length >= 2 + channels:
                config = Custom(body.Slice(2, channels));
                return true;
            case AudioChannelOrder.Native or AudioChannelOrder.Custom:
                return false;
            default:
                throw new FlvFormatException(FlvError.BadTagHeader, 0, $"channel order {body[0]} is not defined");
        }
    }

    /// <summary>Writes the body.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">They are too few.</exception>
    public int WriteTo(Span<byte> destination)
    {
        if (destination.Length < Length)
        {
            throw new ArgumentException($"The configuration takes {Length} bytes.", nameof(destination));
        }

        destination[0] = (byte)Order;
        destination[1] = Channels;
        Mapping.AsSpan().CopyTo(destination[2..]);
        if (Order == AudioChannelOrder.Native)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination[2..], Speakers);
        }

        return Length;
    }
}

/// <summary>
/// How a <see cref="MultichannelConfig"/> says which channel is which speaker (Enhanced RTMP v2, <c>AudioChannelOrder</c>).
/// </summary>
public enum AudioChannelOrder : byte
{
    /// <summary>It does not; only their number is known.</summary>
    Unspecified = 0,

    /// <summary>By a mask of speakers, in whose order the channels are.</summary>
    Native = 1,

    /// <summary>By the number of a speaker for each channel.</summary>
    Custom = 2,
}
