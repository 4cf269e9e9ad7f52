using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Mapwire.Server.Statistics;

/// <summary>Texts in records: UTF-8 with a length beside it, cut between characters where the room ends.</summary>
internal static class RecordText
{
    /// <summary>Writes what fits.</summary>
    /// <returns>Bytes written; negative, with one more taken off, when something was cut: <c>~length</c>.</returns>
    public static int Write(string text, Span<byte> room)
    {
        bool whole = Utf8.FromUtf16(text, room, out _, out int length) == OperationStatus.Done;
        return whole ? length : ~length;
    }

    /// <summary>Reads what <see cref="Write"/> wrote; a length that cannot be is taken for the nearest that can.</summary>
    /// <param name="room">The bytes.</param>
    /// <param name="length">The length as written.</param>
    /// <param name="isWhole">False: it was cut.</param>
    public static string Read(ReadOnlySpan<byte> room, int length, out bool isWhole)
    {
        isWhole = length >= 0 && length <= room.Length;
        return Encoding.UTF8.GetString(room[..Math.Clamp(length < 0 ? ~length : length, 0, room.Length)]);
    }
}

/// <summary>Room for a short text, UTF-8, in a record.</summary>
[InlineArray(Length)]
internal struct Text64
{
    public const int Length = 64;
    private byte _first;
}

/// <summary>Room for the addresses of a server, UTF-8, in a record.</summary>
[InlineArray(Length)]
internal struct Text1024
{
    public const int Length = 1024;
    private byte _first;
}

/// <summary>Room for a title's name, UTF-8, in a record.</summary>
[InlineArray(Length)]
internal struct Text512
{
    public const int Length = 512;
    private byte _first;
}

/// <summary>Room for a path, UTF-8, in a record.</summary>
[InlineArray(Length)]
internal struct Text2048
{
    public const int Length = 2048;
    private byte _first;
}
