using System.Globalization;
using System.Text;

namespace Mapwire.Load.Reading;

/// <summary>Takes what reading a response brings.</summary>
internal interface IResponseSink
{
    /// <summary>The head is there; its fields are the reader's properties.</summary>
    void OnHead();

    /// <summary>Bytes of the body, without the frames of chunks.</summary>
    void OnBody(ReadOnlySpan<byte> bytes);
}

/// <summary>Reads one response of HTTP/1.1 after another from a connection (RFC 9112), whatever pieces it comes in.</summary>
/// <param name="sink">Told what is read.</param>
internal sealed class ResponseReader(IResponseSink sink)
{
    /// <summary>The longest head that is taken: twice what servers send at most.</summary>
    private const int MaxHead = 16 * 1024;

    /// <summary>The longest line between chunks.</summary>
    private const int MaxChunkLine = 256;

    private readonly IResponseSink _sink = sink;
    private byte[]? _kept; // a head, or a line between chunks, that came in pieces
    private Stage _stage = Stage.Done;
    private long _rest; // of the body, or of the chunk

    private enum Stage
    {
        Head,
        Counted,
        UntilClosed,
        ChunkSize,
        Chunk,
        ChunkEnd,
        Trailer,
        Done,
    }

    /// <summary>The status of the head that was read last.</summary>
    public int Status { get; private set; }

    /// <summary>The length that the head announced; null where it announced none.</summary>
    public long? ContentLength { get; private set; }

    /// <summary>Where the head led; null where it did not.</summary>
    public string? Location { get; private set; }

    /// <summary>Whether the connection can carry another response.</summary>
    public bool KeepsAlive { get; private set; }

    /// <summary>Whether the response is whole.</summary>
    public bool IsComplete => _stage == Stage.Done;

    /// <summary>Whether anything of the response was read.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>How many of the next bytes are certain to be body: they can be left in the kernel where nobody looks at them.</summary>
    public long CertainBody => _stage is Stage.Counted or Stage.Chunk ? _rest : 0;

    /// <summary>Waits for the answer to a GET.</summary>
    public void Begin()
    {
        _stage = Stage.Head;
        _kept = null;
        HasBegun = false;
    }

    /// <summary>Reads bytes up to the end of the response.</summary>
    /// <returns>How many of them belong to it.</returns>
    /// <exception cref="ContentException">They are no response.</exception>
    public int Receive(ReadOnlySpan<byte> bytes)
    {
        int taken = 0;
        while (taken < bytes.Length && _stage != Stage.Done)
        {
            HasBegun = true;
            taken += Step(bytes[taken..]);
        }

        return taken;
    }

    /// <summary>Counts bytes of a body that were received and not looked at.</summary>
    /// <param name="count">At most <see cref="CertainBody"/>.</param>
    public void Pass(long count)
    {
        _rest -= count;
        if (_rest == 0)
        {
            _stage = _stage == Stage.Counted ? Stage.Done : Stage.ChunkEnd;
        }
    }

    /// <summary>The connection is closed.</summary>
    /// <exception cref="ContentException">The response is not whole.</exception>
    public void OnClosed()
    {
        if (_stage == Stage.UntilClosed)
        {
            _stage = Stage.Done;
        }
        else if (_stage != Stage.Done)
        {
            throw new ContentException(_stage == Stage.Head ? "response: closed in its head" : "response: closed before its end");
        }
    }

    private int Step(ReadOnlySpan<byte> bytes)
    {
        switch (_stage)
        {
            case Stage.Head:
                return TakeUntil(bytes, "\r\n\r\n"u8, MaxHead, ReadHead);
            case Stage.ChunkSize:
                return TakeUntil(bytes, "\r\n"u8, MaxChunkLine, ReadChunkSize);
            case Stage.Trailer:
                return TakeUntil(bytes, "\r\n"u8, MaxHead, line => _stage = line.Length == 2 ? Stage.Done : Stage.Trailer);
            case Stage.ChunkEnd:
                return TakeUntil(bytes, "\r\n"u8, 2, ReadChunkEnd);
            case Stage.UntilClosed:
                _sink.OnBody(bytes);
                return bytes.Length;
            default:
                int count = (int)Math.Min(bytes.Length, _rest);
                _sink.OnBody(bytes[..count]);
                Pass(count);
                return count;
        }
    }

    /// <summary>Gathers bytes up to an end mark, and gives them on with it once it is there.</summary>
    private int TakeUntil(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> mark, int most, Action<ReadOnlySpan<byte>> read)
    {
        int before = _kept?.Length ?? 0;
        ReadOnlySpan<byte> all = bytes;
        if (_kept is not null)
        {
            all = (byte[])[.. _kept, .. bytes[..Math.Min(bytes.Length, most - before + 1)]];
        }

        int end = all.IndexOf(mark);
        if (end < 0)
        {
            if (all.Length >= most)
            {
                throw new ContentException(_stage == Stage.Head ? "response: its head is too long" : "response: bad chunks");
            }

            _kept = all.ToArray();
            return bytes.Length;
        }

        _kept = null;
        read(all[..(end + mark.Length)]);
        return end + mark.Length - before;
    }

    private void ReadHead(ReadOnlySpan<byte> head)
    {
        string[] lines = Encoding.Latin1.GetString(head[..^4]).Split("\r\n");
        string[] first = lines[0].Split(' ', 3);
        if (first.Length < 2 || first[0] is not ("HTTP/1.1" or "HTTP/1.0")
            || !int.TryParse(first[1], NumberStyles.None, CultureInfo.InvariantCulture, out int status) || status is < 100 or > 599)
        {
            throw new ContentException("response: no status line");
        }

        Status = status;
        ContentLength = null;
        Location = null;
        KeepsAlive = first[0] == "HTTP/1.1";
        bool isChunked = false;
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':');
            if (colon <= 0)
            {
                throw new ContentException("response: a field without a name");
            }

            ReadField(line[..colon], line[(colon + 1)..].Trim(' ', '\t'), ref isChunked);
        }

        if (status < 200)
        {
            return; // an interim answer: the real one follows
        }

        bool hasBody = status is not (204 or 304);
        _rest = ContentLength ?? 0;
        _stage = !hasBody ? Stage.Done
            : isChunked ? Stage.ChunkSize
            : ContentLength is null ? Stage.UntilClosed
            : Stage.Counted;
        KeepsAlive &= _stage != Stage.UntilClosed;
        _sink.OnHead();
        if (_stage == Stage.Counted && _rest == 0)
        {
            _stage = Stage.Done;
        }
    }

    private void ReadField(string name, string value, ref bool isChunked)
    {
        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
        {
            if (ContentLength is not null || !long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            {
                throw new ContentException("response: bad Content-Length");
            }

            ContentLength = length;
        }
        else if (name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
        {
            isChunked = value.Equals("chunked", StringComparison.OrdinalIgnoreCase)
                ? true
                : throw new ContentException("response: a transfer coding that was not asked for");
        }
        else if (name.Equals("Location", StringComparison.OrdinalIgnoreCase))
        {
            Location = value;
        }
        else if (name.Equals("Connection", StringComparison.OrdinalIgnoreCase))
        {
            KeepsAlive &= !value.Equals("close", StringComparison.OrdinalIgnoreCase);
        }
        else if (name.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase)
            && !value.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new ContentException("response: a content coding that was not asked for");
        }
    }

    private void ReadChunkEnd(ReadOnlySpan<byte> line)
    {
        if (line.Length != 2)
        {
            throw new ContentException("response: bad chunks");
        }

        _stage = Stage.ChunkSize;
    }

    private void ReadChunkSize(ReadOnlySpan<byte> line)
    {
        string text = Encoding.Latin1.GetString(line[..^2]).Split(';')[0].TrimEnd(' ', '\t');
        if (text.Length is 0 or > 15 || !long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _rest))
        {
            throw new ContentException("response: bad chunks");
        }

        _stage = _rest == 0 ? Stage.Trailer : Stage.Chunk;
    }
}
