namespace Mapwire.Memory;

/// <summary>A region as a <see cref="Stream"/>: guarded copies at a position. From <see cref="MappedRegion.AsStream"/>.</summary>
internal sealed class RegionStream(MappedRegion region, bool canWrite) : Stream
{
    private RegionLease? _lease = region.Lease();
    private long _position;

    public override bool CanRead => _lease is not null;

    public override bool CanSeek => _lease is not null;

    public override bool CanWrite => canWrite && _lease is not null;

    public override long Length
    {
        get
        {
            RequireOpen();
            return region.Length;
        }
    }

    public override long Position
    {
        get
        {
            RequireOpen();
            return _position;
        }

        set
        {
            RequireOpen();
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        RequireOpen();
        int count = (int)Math.Min(buffer.Length, Math.Max(0, region.Length - _position));
        if (count > 0 && !region.TryRead(_position, buffer[..count]))
        {
            throw new IOException($"Cannot read {count} bytes at {_position}: the file was truncated or its device fails.");
        }

        _position += count;
        return count;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        RequireOpen();
        if (!canWrite)
        {
            throw new NotSupportedException("The region is not mapped for writing.");
        }

        if (buffer.Length > region.Length - _position)
        {
            throw new NotSupportedException(
                $"Cannot write {buffer.Length} bytes at {_position}: the region has {region.Length} bytes and a stream does not "
                + "lengthen it.");
        }

        if (!region.TryWrite(_position, buffer))
        {
            throw new IOException($"Cannot write {buffer.Length} bytes at {_position}: the file was truncated or its device fails.");
        }

        _position += buffer.Length;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 1 ? one[0] : -1;
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        RequireOpen();
        long from = origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => _position,
            SeekOrigin.End => region.Length,
            _ => throw Unknown.Value(nameof(origin), origin),
        };
        if (offset < -from || offset > long.MaxValue - from)
        {
            throw new IOException($"Cannot seek to {(Int128)from + offset}: it is before the start of the stream.");
        }

        return _position = from + offset;
    }

    /// <summary>Nothing is buffered; <see cref="MappedRegion.Flush(FlushMode)"/> brings stores to the device.</summary>
    public override void Flush() => RequireOpen();

    public override void SetLength(long value) =>
        throw new NotSupportedException("A stream does not resize its region; use MappedRegion.Resize.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Interlocked.Exchange(ref _lease, null)?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void RequireOpen() => ObjectDisposedException.ThrowIf(_lease is null, this);
}
