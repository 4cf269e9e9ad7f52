using System.Buffers;
using System.Buffers.Binary;

namespace Mapwire.Server.Files;

/// <summary>
/// The bytes of a file that say what it holds (its <c>moov</c>, each <c>moof</c>, tag headers), in the order in which a reader asks for
/// them: a copy, so that the file need not be read again.
/// </summary>
/// <remarks>One record a read: <c>offset(64) | length(32) | bytes</c>, little endian.</remarks>
internal sealed class FileStructure
{
    private const int RecordHeaderLength = sizeof(long) + sizeof(int);

    private readonly ReadOnlyMemory<byte> _known;
    private readonly ArrayBufferWriter<byte>? _output;
    private int _next;
    private bool _hasLeft;

    /// <param name="known">What an earlier reader was brought; empty when there was none.</param>
    /// <param name="records">Whether what is brought now is kept in <see cref="Written"/>.</param>
    public FileStructure(ReadOnlyMemory<byte> known, bool records)
    {
        _known = known;
        _output = records ? new ArrayBufferWriter<byte>() : null;
        _hasLeft = known.IsEmpty;
    }

    /// <summary>Whether everything that was asked for was known.</summary>
    public bool IsComplete => !_hasLeft && _next == _known.Length;

    /// <summary>All that was brought, for the next reader.</summary>
    public ReadOnlyMemory<byte> Written => _output?.WrittenMemory ?? default;

    /// <summary>Brings bytes that an earlier reader asked for at the same point.</summary>
    /// <returns>False when it asked for others: from there on the file has to be read.</returns>
    public bool TryRead(long offset, Span<byte> destination)
    {
        ReadOnlySpan<byte> rest = _known.Span[_next..];
        _hasLeft = _hasLeft
            || rest.Length < RecordHeaderLength + destination.Length
            || BinaryPrimitives.ReadInt64LittleEndian(rest) != offset
            || BinaryPrimitives.ReadInt32LittleEndian(rest[sizeof(long)..]) != destination.Length;
        if (_hasLeft)
        {
            return false;
        }

        rest.Slice(RecordHeaderLength, destination.Length).CopyTo(destination);
        _next += RecordHeaderLength + destination.Length;
        return true;
    }

    /// <summary>Keeps what was brought.</summary>
    public void Add(long offset, ReadOnlySpan<byte> bytes)
    {
        if (_output is null)
        {
            return;
        }

        Span<byte> header = _output.GetSpan(RecordHeaderLength);
        BinaryPrimitives.WriteInt64LittleEndian(header, offset);
        BinaryPrimitives.WriteInt32LittleEndian(header[sizeof(long)..], bytes.Length);
        _output.Advance(RecordHeaderLength);
        _output.Write(bytes);
    }
}
