using System.Net.Sockets;

namespace Mapwire.Conformance.Players;

/// <summary>A socket's stream whose reads are buffered and whose writes are not.</summary>
internal sealed class ReadAhead(NetworkStream network) : Stream
{
    private readonly byte[] _buffer = new byte[65536];
    private int _start;
    private int _end;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0)
        {
            return 0;
        }

        if (_start == _end)
        {
            _start = 0;
            _end = 0; // a read that fails leaves nothing behind
            _end = await network.ReadAsync(_buffer, cancellationToken);
        }

        int count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        network.WriteAsync(buffer, cancellationToken);

    public override void Flush() => network.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => network.Write(buffer, offset, count);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
