using System.Buffers;

namespace Mapwire.Server.Sending;

/// <summary>
/// What a session has written and the socket has not taken yet. Holds memory only while there is something in it, so that ten
/// thousand quiet players hold none.
/// </summary>
internal sealed class ControlBuffer : IBufferWriter<byte>
{
    private const int InitialLength = 1024;

    private byte[] _bytes = [];
    private int _start;
    private int _end;

    /// <summary>The bytes to send.</summary>
    public ReadOnlySpan<byte> Pending => _bytes.AsSpan(_start, _end - _start);

    /// <summary>How many bytes wait.</summary>
    public int Length => _end - _start;

    /// <summary>Adds as many of the bytes to a list as it takes. They stay here until they are consumed.</summary>
    /// <param name="list">Takes them.</param>
    /// <param name="room">Bytes of the list's scratch memory that are left for what follows, such as the header of a message.</param>
    /// <returns>How many were added.</returns>
    public int AddTo(GatherList list, int room = 0)
    {
        if (Length == 0 || !list.TryReserve(room + 1, out Span<byte> scratch))
        {
            return 0;
        }

        int length = Math.Min(Length, scratch.Length - room);
        Pending[..length].CopyTo(scratch);
        return list.TryAddReserved(length) ? length : 0;
    }

    /// <summary>Forgets the first bytes, which were sent.</summary>
    public void Consume(int count)
    {
        _start += count;
        if (_start == _end && count > 0)
        {
            Release();
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Release()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        _bytes = [];
        _start = 0;
        _end = 0;
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_bytes.Length - _end));
        _end += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_end);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(_end);
    }

    private void Reserve(int sizeHint)
    {
        int wanted = Math.Max(sizeHint, 1);
        if (_bytes.Length - _end >= wanted)
        {
            return;
        }

        int length = Length;
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(InitialLength, checked((length * 2) + wanted)));
        Pending.CopyTo(larger);
        Release();
        _bytes = larger;
        _end = length;
    }
}
