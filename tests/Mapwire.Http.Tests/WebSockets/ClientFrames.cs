using System.Buffers.Binary;
using System.Text;

namespace Mapwire.Http.Tests.WebSockets;

/// <summary>Writes frames as a client does, right and wrong (RFC 6455, section 5.2).</summary>
internal static class ClientFrames
{
    /// <summary>The mask of the examples in RFC 6455, section 5.7.</summary>
    private static readonly byte[] Mask = [0x37, 0xFA, 0x21, 0x3D];

    /// <summary>A frame.</summary>
    /// <param name="first">FIN, the reserved bits and the opcode.</param>
    /// <param name="payload">The payload before it is masked.</param>
    /// <param name="form">7, 16 or 64 bits of length; 0 for the fewest.</param>
    /// <param name="isMasked">Whether it is masked.</param>
    /// <param name="announced">The length that is said, where it is not the payload's.</param>
    public static byte[] Write(int first, ReadOnlySpan<byte> payload, int form = 0, bool isMasked = true, ulong? announced = null)
    {
        ulong length = announced ?? (ulong)payload.Length;
        form = form != 0 ? form : length < 126 ? 7 : length <= ushort.MaxValue ? 16 : 64;
        List<byte> frame = [(byte)first];
        byte mask = (byte)(isMasked ? 0x80 : 0);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(number, length);
        switch (form)
        {
            case 7:
                frame.Add((byte)(mask | (byte)length));
                break;
            case 16:
                frame.Add((byte)(mask | 126));
                frame.AddRange(number[6..]);
                break;
            default:
                frame.Add((byte)(mask | 127));
                frame.AddRange(number);
                break;
        }

        if (isMasked)
        {
            frame.AddRange(Mask);
        }

        for (int i = 0; i < payload.Length; i++)
        {
            frame.Add((byte)(payload[i] ^ (isMasked ? Mask[i % 4] : 0)));
        }

        return [.. frame];
    }

    public static byte[] Write(int first, string payload) => Write(first, Encoding.UTF8.GetBytes(payload));

    public static byte[] Close(int code, ReadOnlySpan<byte> reason) => Write(0x88, [(byte)(code >> 8), (byte)code, .. reason]);
}
