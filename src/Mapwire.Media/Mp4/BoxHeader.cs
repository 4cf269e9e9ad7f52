using System.Buffers.Binary;

namespace Mapwire.Media.Mp4;

/// <summary>The checked header of a box (ISO/IEC 14496-12, 4.2.2): its size resolved and inside its parent.</summary>
/// <param name="Type">The four-character type.</param>
/// <param name="Offset">Of the header's first byte, in the file.</param>
/// <param name="HeaderLength">8, 16 with a 64-bit size, and 16 more with a <c>uuid</c> type.</param>
/// <param name="Length">Of the whole box, header included.</param>
public readonly record struct BoxHeader(FourCc Type, long Offset, int HeaderLength, long Length)
{
    /// <summary>The fewest bytes that a box has.</summary>
    public const int MinLength = 8;

    /// <summary>As many bytes as any header has: what to read in order to parse one at once.</summary>
    public const int MaxLength = 32;

    /// <summary>Just past the box.</summary>
    public long End => Offset + Length;

    /// <summary>Of the first byte after the header.</summary>
    public long BodyOffset => Offset + HeaderLength;

    /// <summary>The bytes after the header.</summary>
    public long BodyLength => Length - HeaderLength;

    /// <summary>Parses and checks a header.</summary>
    /// <param name="bytes">From <paramref name="offset"/> on; give <see cref="MaxLength"/> bytes, or as many as the parent still
    /// has.</param>
    /// <param name="offset">Of the first of the bytes, in the file.</param>
    /// <param name="parentEnd">Just past the box, or file, that holds this one.</param>
    /// <param name="header">The header when the answer is true.</param>
    /// <returns>
    /// False when the bytes are too few for the header. If they are all that the parent has, then what is left is padding, such as the
    /// four zero bytes that close a QuickTime user data list, and there are no more boxes.
    /// </returns>
    /// <exception cref="Mp4FormatException">The size is smaller than the header, past 2^63, or past
    /// <paramref name="parentEnd"/>.</exception>
    public static bool TryParse(ReadOnlySpan<byte> bytes, long offset, long parentEnd, out BoxHeader header) =>
        TryParse(bytes, offset, parentEnd, allowCut: false, out header);

    /// <summary>
    /// As the shorter overload, but a box past the parent's end can be let pass: the last one of a file that was cut off.
    /// </summary>
    /// <param name="bytes">From <paramref name="offset"/> on.</param>
    /// <param name="offset">Of the first of the bytes, in the file.</param>
    /// <param name="parentEnd">Just past the box, or file, that holds this one.</param>
    /// <param name="allowCut">Whether <see cref="End"/> may lie past <paramref name="parentEnd"/>; the caller then looks at it.</param>
    /// <param name="header">The header when the answer is true.</param>
    /// <returns>False when the bytes are too few for the header.</returns>
    /// <exception cref="Mp4FormatException">The size is smaller than the header, past 2^63, or past the end where that is not
    /// allowed.</exception>
    public static bool TryParse(ReadOnlySpan<byte> bytes, long offset, long parentEnd, bool allowCut, out BoxHeader header)
    {
        // size(32) | type(32) | largesize(64) if size == 1 | usertype(8)[16] if type == 'uuid'
        header = default;
        if (bytes.Length < MinLength || parentEnd - offset < MinLength)
        {
            return false;
        }

        uint size = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        FourCc type = FourCc.Read(bytes[4..]);
        int headerLength = MinLength;
        ulong length = size;
        if (size == 1)
        {
            headerLength += 8;
            if (bytes.Length < headerLength)
            {
                return false;
            }

            length = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        }
        else if (size == 0)
        {
            // "to the end of the file" (or, where writers use it further in, of the parent)
            length = (ulong)(parentEnd - offset);
        }

        if (type.Value == BoxType.Uuid)
        {
            headerLength += 16;
        }

        if (length < (ulong)headerLength)
        {
            throw new Mp4FormatException(Mp4Error.BadBoxSize, type.ToString(), offset,
                $"a size of {length} is smaller than the header of {headerLength}");
        }

        if (length > (ulong)(parentEnd - offset) && (!allowCut || length > (ulong)(long.MaxValue - offset)))
        {
            Mp4Error error = length > long.MaxValue ? Mp4Error.BadBoxSize : Mp4Error.PastEnd;
            throw new Mp4FormatException(error, type.ToString(), offset, $"a size of {length} reaches past the end at {parentEnd}");
        }

        header = new BoxHeader(type, offset, headerLength, (long)length);
        return true;
    }
}
