using System.Buffers;
using System.Text;

namespace Mapwire.Memory.Arenas;

/// <summary>A text in UTF-8 for the time of a call: on the stack if it is short.</summary>
internal readonly ref struct Utf8Text : IDisposable
{
    /// <summary>Bytes that the caller has on the stack for it.</summary>
    public const int OnStack = 256;

    private readonly byte[]? _rented;

    public Utf8Text(ReadOnlySpan<char> text, Span<byte> stack)
    {
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> bytes = most <= stack.Length ? stack : _rented = ArrayPool<byte>.Shared.Rent(most);
        Bytes = bytes[..Encoding.UTF8.GetBytes(text, bytes)];
    }

    public ReadOnlySpan<byte> Bytes { get; }

    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }
}
