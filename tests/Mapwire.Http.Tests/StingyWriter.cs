using System.Buffers;

namespace Mapwire.Http.Tests;

/// <summary>Gives exactly as much place as is asked for, as a buffer that is nearly full does; one byte where nothing is said.</summary>
internal sealed class StingyWriter : IBufferWriter<byte>
{
    private readonly List<byte> _written = [];
    private byte[] _given = [];

    public byte[] Written => [.. _written];

    public void Advance(int count)
    {
        Assert.InRange(count, 0, _given.Length);
        _written.AddRange(_given.AsSpan(0, count));
        _given = [];
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _given = new byte[Math.Max(1, sizeHint)];

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
