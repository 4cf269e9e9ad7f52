using System.Buffers;

namespace Mapwire.Rtmp.Amf;

/// <summary>Bytes that grow: first in the caller's memory, then in the shared pool's.</summary>
internal ref struct AmfBuffer(Span<byte> initial)
{
    private Span<byte> _bytes = initial;
    private byte[]? _rented;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _bytes[..Length];

    public Span<byte> Append(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Grow(count);
        }

        Span<byte> appended = _bytes.Slice(Length, count);
        Length += count;
        return appended;
    }

    public void Dispose()
    {
        byte[]? rented = _rented;
        this = default;
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private void Grow(int count)
    {
        byte[] grown = ArrayPool<byte>.Shared.Rent(Math.Max(Length + count, 2 * _bytes.Length));
        _bytes[..Length].CopyTo(grown);
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }

        _bytes = _rented = grown;
    }
}
