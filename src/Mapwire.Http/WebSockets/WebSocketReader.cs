using System.Buffers.Binary;
using System.Text.Unicode;

namespace Mapwire.Http.WebSockets;

/// <summary>Reads what a client sends over a WebSocket, in pieces as they come (RFC 6455, section 5).</summary>
/// <remarks>
/// One a connection, on one thread. It holds what has arrived of a message, up to a limit, and 125 bytes of a control frame; nothing is
/// allocated from an announced length. After a close frame everything is passed over; after an exception it must not be used again.
/// <code>
/// while (reader.TryRead(ref rest, out WebSocketMessage message)) { ... }
/// </code>
/// </remarks>
public sealed class WebSocketReader
{
    /// <summary>
    /// The longest message in bytes unless the constructor says otherwise: those who watch have little to say, and who sends more is no
    /// player.
    /// </summary>
    public const int DefaultMaxMessageLength = 4096;

    /// <summary>The longest payload of a control frame (RFC 6455, section 5.5).</summary>
    public const int MaxControlLength = 125;

    /// <summary>2 bytes, 8 of a long length, 4 of the mask.</summary>
    private const int MaxHeaderLength = 14;

    private readonly int _maxMessageLength;
    private readonly byte[] _header = new byte[MaxHeaderLength];
    private byte[] _message = [];
    private byte[]? _control;
    private int _headerCount;
    private int _messageCount;
    private int _controlCount;
    private int _left;
    private int _masked;
    private bool _inPayload;
    private WebSocketOpcode? _started;
    private long _position;
    private long _frame;

    /// <summary>Creates a reader for what follows the handshake.</summary>
    /// <param name="maxMessageLength">The longest message in bytes, of all its pieces together.</param>
    public WebSocketReader(int maxMessageLength = DefaultMaxMessageLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxMessageLength);
        _maxMessageLength = maxMessageLength;
    }

    /// <summary>How many bytes are held of what has no end yet.</summary>
    public int BufferedBytes => _message.Length + (_control?.Length ?? 0);

    /// <summary>Whether a close frame came: what follows it is passed over (RFC 6455, section 1.4).</summary>
    public bool IsClosed { get; private set; }

    private bool IsControl => (_header[0] & 0x8) != 0;

    private bool IsFinal => (_header[0] & 0x80) != 0;

    /// <summary>Reads the next message or control frame.</summary>
    /// <param name="rest">What arrived; what was read is taken off its front.</param>
    /// <param name="message">The message; it must be done with before the next call.</param>
    /// <returns>False when more bytes are wanted: <paramref name="rest"/> is empty then.</returns>
    /// <exception cref="WebSocketProtocolException">The client broke the protocol.</exception>
    public bool TryRead(ref ReadOnlySpan<byte> rest, out WebSocketMessage message)
    {
        message = default;
        while (!IsClosed)
        {
            if (!_inPayload && !TryReadHeader(ref rest))
            {
                return false;
            }

            ReadPayload(ref rest);
            if (_left > 0)
            {
                return false;
            }

            _inPayload = false;
            _headerCount = 0;
            if (IsControl || IsFinal)
            {
                message = Complete();
                return true;
            }
        }

        _position += rest.Length;
        rest = default;
        return false;
    }

    private bool TryReadHeader(ref ReadOnlySpan<byte> rest)
    {
        // FIN RSV RSV RSV opcode(4) | MASK length(7) | length(16 or 64) | masking key(32)
        int wanted = 2;
        while (_headerCount < wanted || (wanted = HeaderLength()) > _headerCount)
        {
            if (rest.IsEmpty)
            {
                return false;
            }

            if (_headerCount == 0)
            {
                _frame = _position;
            }

            _header[_headerCount++] = rest[0];
            rest = rest[1..];
            _position++;
            if (_headerCount == 2)
            {
                CheckStart(); // at once: a client that is wrong is not waited for
            }
        }

        BeginPayload(ReadLength());
        return true;
    }

    private int HeaderLength() => 6 + (_header[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 };

    private void CheckStart()
    {
        if ((_header[0] & 0x70) != 0)
        {
            throw Broken("a reserved bit is set, and no extension was agreed on");
        }

        WebSocketOpcode opcode = (WebSocketOpcode)(_header[0] & 0xF);
        if (opcode is not (WebSocketOpcode.Continuation or WebSocketOpcode.Text or WebSocketOpcode.Binary or WebSocketOpcode.Close
            or WebSocketOpcode.Ping or WebSocketOpcode.Pong))
        {
            throw Broken($"opcode {(int)opcode} is not known");
        }

        if ((_header[1] & 0x80) == 0)
        {
            throw Broken("a client's frame must be masked");
        }

        if (IsControl && !IsFinal)
        {
            throw Broken("a control frame must not be fragmented");
        }

        if (IsControl && (_header[1] & 0x7F) > MaxControlLength)
        {
            throw Broken($"a control frame must have at most {MaxControlLength} bytes");
        }

        if (!IsControl && opcode == WebSocketOpcode.Continuation != _started.HasValue)
        {
            throw Broken(_started.HasValue ? "a message begins inside another" : "a continuation has no message to continue");
        }
    }

    private ulong ReadLength()
    {
        ulong length = (_header[1] & 0x7F) switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(2)),
            127 => BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(2)),
            int few => (ulong)few,
        };
        if (length > long.MaxValue)
        {
            throw Broken("the top bit of a 64-bit length must be 0");
        }

        if ((_header[1] & 0x7F) switch { 126 => length < 126, 127 => length <= ushort.MaxValue, _ => false })
        {
            throw Broken($"a length of {length} must be written in fewer bytes");
        }

        if (!IsControl && length > (ulong)(_maxMessageLength - _messageCount))
        {
            throw new WebSocketProtocolException(WebSocketCloseCode.MessageTooBig,
                $"a message of {(ulong)_messageCount + length} bytes or more is longer than the limit of {_maxMessageLength}", _frame);
        }

        return length;
    }

    private void BeginPayload(ulong length)
    {
        _left = (int)length;
        _masked = 0;
        _inPayload = true;
        if (IsControl)
        {
            _controlCount = 0;
        }
        else
        {
            _started ??= (WebSocketOpcode)(_header[0] & 0xF);
        }
    }

    private void ReadPayload(ref ReadOnlySpan<byte> rest)
    {
        int count = Math.Min(_left, rest.Length);
        Span<byte> place = IsControl ? ControlPlace(count) : MessagePlace(count);
        ReadOnlySpan<byte> key = _header.AsSpan(HeaderLength() - 4, 4);
        for (int i = 0; i < count; i++)
        {
            place[i] = (byte)(rest[i] ^ key[(_masked + i) & 3]);
        }

        _masked = (_masked + count) & 3;
        _left -= count;
        _position += count;
        rest = rest[count..];
    }

    private Span<byte> ControlPlace(int count)
    {
        _control ??= new byte[MaxControlLength];
        _controlCount += count;
        return _control.AsSpan(_controlCount - count, count);
    }

    /// <summary>Grows by what has arrived, to twice of it at most.</summary>
    private Span<byte> MessagePlace(int count)
    {
        int wanted = _messageCount + count;
        if (wanted > _message.Length)
        {
            Array.Resize(ref _message, Math.Min(_maxMessageLength, Math.Max(wanted, 2 * _message.Length)));
        }

        _messageCount = wanted;
        return _message.AsSpan(wanted - count, count);
    }

    private WebSocketMessage Complete()
    {
        if (IsControl)
        {
            WebSocketMessage control = new((WebSocketOpcode)(_header[0] & 0xF), _control.AsSpan(0, _controlCount));
            IsClosed = control.Opcode == WebSocketOpcode.Close;
            if (IsClosed)
            {
                CheckClose(control);
            }

            return control;
        }

        WebSocketMessage message = new(_started!.Value, _message.AsSpan(0, _messageCount));
        _started = null;
        _messageCount = 0;
        if (message.Opcode == WebSocketOpcode.Text && !Utf8.IsValid(message.Payload))
        {
            throw new WebSocketProtocolException(WebSocketCloseCode.InvalidPayload, "a text message must be UTF-8", _frame);
        }

        return message;
    }

    private void CheckClose(in WebSocketMessage close)
    {
        // 1004 to 1006 and 1015 are never sent, 1016 to 2999 have no meaning yet (RFC 6455, section 7.4 and the IANA registry)
        int code = (int)close.CloseCode;
        bool isKnown = code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
        if (close.Payload.Length == 1 || (close.Payload.Length > 1 && !isKnown))
        {
            throw Broken(close.Payload.Length == 1 ? "a close code must have two bytes" : $"close code {code} must not be sent");
        }

        if (close.Payload.Length > 2 && !Utf8.IsValid(close.Payload[2..]))
        {
            throw new WebSocketProtocolException(WebSocketCloseCode.InvalidPayload, "a close reason must be UTF-8", _frame);
        }
    }

    private WebSocketProtocolException Broken(string message) => new(WebSocketCloseCode.ProtocolError, message, _frame);
}
