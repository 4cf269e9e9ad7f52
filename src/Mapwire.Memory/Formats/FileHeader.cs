using System.Buffers.Binary;

namespace Mapwire.Memory.Formats;

/// <summary>What the first bytes of a file say before anything in it is believed.</summary>
internal enum HeaderVerdict
{
    /// <summary>It is a file of this format and version, and the fields are as they were written.</summary>
    Intact,

    /// <summary>It is too short, or the mark is another one.</summary>
    NotThisFormat,

    /// <summary>It has the mark, and a version that this library does not read.</summary>
    OtherVersion,

    /// <summary>The checksum does not match the fields.</summary>
    Damaged,
}

/// <summary>How the headers of this library's files begin and are checked, in this order: a mark (8), in some formats a version (4), and
/// fields that a CRC-32C at their end covers. Numbers are little-endian.</summary>
/// <param name="mark">The mark.</param>
/// <param name="start">The offset of the first byte that the checksum covers: 0, or behind a mark that changes.</param>
/// <param name="checksumAt">The offset of the checksum; it covers all before it from <paramref name="start"/> on.</param>
internal sealed class FileHeader(ulong mark, int start, int checksumAt)
{
    private const int VersionAt = 8;
    private const int MaxBytes = 256;

    /// <summary>Bytes that are needed to judge a header.</summary>
    public int Bytes => checksumAt + 4;

    /// <summary>The oldest version that is read; 0 for a format without a version.</summary>
    public uint MinVersion { get; init; }

    /// <summary>The version that is written, and the newest that is read.</summary>
    public uint Version { get; init; }

    /// <summary>Fields that change while the file is in use: to the checksum they are zero.</summary>
    public (int Offset, int Length)[] Changing { get; init; } = [];

    public static uint VersionOf(ReadOnlySpan<byte> header) => BinaryPrimitives.ReadUInt32LittleEndian(header[VersionAt..]);

    /// <summary>Whether it begins with the mark.</summary>
    public bool HasMark(ReadOnlySpan<byte> header) => header.Length >= Bytes && BinaryPrimitives.ReadUInt64LittleEndian(header) == mark;

    /// <summary>Checks mark, version and checksum.</summary>
    public HeaderVerdict Judge(ReadOnlySpan<byte> header)
    {
        if (!HasMark(header))
        {
            return HeaderVerdict.NotThisFormat;
        }

        if (Version != 0 && (VersionOf(header) < MinVersion || VersionOf(header) > Version))
        {
            return HeaderVerdict.OtherVersion;
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(header[checksumAt..]) == Compute(header)
            ? HeaderVerdict.Intact
            : HeaderVerdict.Damaged;
    }

    /// <summary>Writes the checksum of the fields.</summary>
    public void Seal(Span<byte> header) => BinaryPrimitives.WriteUInt32LittleEndian(header[checksumAt..], Compute(header));

    private uint Compute(ReadOnlySpan<byte> header)
    {
        Span<byte> fields = stackalloc byte[MaxBytes];
        fields = fields[..checksumAt];
        header[..checksumAt].CopyTo(fields);
        foreach ((int offset, int length) in Changing)
        {
            fields.Slice(offset, length).Clear();
        }

        return Crc32C.Compute(fields[start..]);
    }
}
