using System.Buffers;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Handshakes;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Sessions;

/// <summary>
/// The client's side of one connection: commands out, media in or out. No socket, clock or task; not for two threads at once.
/// </summary>
public sealed partial class ClientSession
{
    private const int Scratch = 512;
    private const int CommandChunkStream = 3;
    private const int StreamChunkStream = 8;

    private readonly ClientSessionOptions _options;
    private readonly IClientSessionHandler _handler;
    private readonly ChunkReader _reader;
    private readonly ChunkWriter _writer;
    private ClientHandshake? _handshake;
    private ConnectCommand? _connect;
    private double _connectTransaction;
    private double _createTransaction; // of the last createStream; 0 before
    private double _lastTransaction = 1;
    private long _acknowledgedAt;
    private uint _window;
    private bool _usesAmf3;
    private bool _isAnswered; // connect was
    private TimestampUnwrapper _time;

    /// <summary>Creates the session of a connection that was just opened, and writes the handshake's first packets.</summary>
    /// <param name="options">What all sessions share.</param>
    /// <param name="connect">Sent once the handshake is over; see <see cref="ClientSessionOptions.DefaultConnect"/>.</param>
    /// <param name="handler">Who hears the server.</param>
    /// <param name="output">Where the bytes to send go.</param>
    public ClientSession(ClientSessionOptions options, ConnectCommand connect, IClientSessionHandler handler, IBufferWriter<byte> output)
    {
        _options = options;
        _handler = handler;
        _connect = connect;
        _reader = new ChunkReader(options.ChunkLimits, options.StreamMedia);
        _writer = new ChunkWriter(output);
        _handshake = new ClientHandshake(options.HandshakeRandom, options.Handshake);
        _handshake.Start(output);
    }

    /// <summary>Bytes received, handshake included.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>The server's chunk size.</summary>
    public int IncomingChunkSize => _reader.ChunkSize;

    /// <summary>Takes what arrived, cut anywhere.</summary>
    /// <param name="bytes">Bytes as they came.</param>
    /// <exception cref="RtmpProtocolException">The server broke the protocol: close the connection.</exception>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        BytesReceived += bytes.Length;
        if (_handshake is not null)
        {
            if (!_handshake.TryRead(ref bytes, _writer.Output))
            {
                return;
            }

            _handshake = null;
            SendConnect();
        }

        while (_reader.TryRead(ref bytes, out RtmpMessage message))
        {
            try
            {
                Take(in message);
            }
            catch (RtmpProtocolException e) when (e.MessageType is null)
            {
                throw e.InMessage(message.TypeId);
            }
        }

        if (_window > 0 && BytesReceived - _acknowledgedAt >= _window)
        {
            _acknowledgedAt = BytesReceived;
            SendControl(new ProtocolControl(MessageType.Acknowledgement, (uint)BytesReceived));
        }
    }

    /// <summary>Sends createStream; the result's value is the message stream's id.</summary>
    /// <returns>The transaction id.</returns>
    public double CreateStream()
    {
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        _createTransaction = ++_lastTransaction;
        new CreateStreamCommand(_createTransaction).WriteTo(ref writer);
        End(ref writer, 0);
        return _createTransaction;
    }

    /// <summary>Sends play.</summary>
    public void Play(uint streamId, PlayCommand play)
    {
        _time.Reset();
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        play.WriteTo(ref writer);
        End(ref writer, streamId);
    }

    /// <summary>Sends play2.</summary>
    public void Play2(uint streamId, Play2Command play2)
    {
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        play2.WriteTo(ref writer);
        End(ref writer, streamId);
    }

    /// <summary>Sends seek. Times that follow are unwrapped near to where it goes.</summary>
    public void Seek(uint streamId, double milliseconds)
    {
        _time.Reset((long)milliseconds);
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        new SeekCommand(0, milliseconds).WriteTo(ref writer);
        End(ref writer, streamId);
    }

    /// <summary>Sends pause: stops or goes on.</summary>
    public void Pause(uint streamId, bool paused, double milliseconds)
    {
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        new PauseCommand(0, paused, milliseconds).WriteTo(ref writer);
        End(ref writer, streamId);
    }

    /// <summary>Sends receiveAudio or receiveVideo.</summary>
    public void ReceiveMedia(uint streamId, bool isVideo, bool receive)
    {
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        new ReceiveCommand(0, isVideo, receive).WriteTo(ref writer);
        End(ref writer, streamId);
    }

    /// <summary>Sends closeStream.</summary>
    public void CloseStream(uint streamId)
    {
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        new CloseStreamCommand(0).WriteTo(ref writer);
        End(ref writer, streamId);
    }

    /// <summary>Sends deleteStream.</summary>
    public void DeleteStream(uint streamId)
    {
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        new DeleteStreamCommand(0, streamId).WriteTo(ref writer);
        End(ref writer, 0);
    }

    /// <summary>Sends a command whose argument is a stream's name, such as getStreamLength or FCSubscribe.</summary>
    /// <param name="command">The command's name.</param>
    /// <param name="streamName">The stream's name.</param>
    /// <returns>The transaction id; the result's value is the answer.</returns>
    public double Call(string command, string streamName)
    {
        Amf0Writer writer = Begin(stackalloc byte[Scratch]);
        new StreamNameCommand(command, ++_lastTransaction, streamName).WriteTo(ref writer);
        End(ref writer, 0);
        return _lastTransaction;
    }

    /// <summary>Sends Set Buffer Length.</summary>
    public void SetBufferLength(uint streamId, uint milliseconds) =>
        SendUserControl(new UserControl(UserControlEvent.SetBufferLength, streamId, milliseconds));

    /// <summary>Sends Set Chunk Size and uses it from then on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    public void SetChunkSize(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        SendControl(new ProtocolControl(MessageType.SetChunkSize, (uint)size));
        _writer.ChunkSize = size;
    }

    private void Take(in RtmpMessage message)
    {
        switch (message.TypeId)
        {
            case MessageType.Audio or MessageType.Video:
                _handler.OnMedia(in message, _time.Unwrap(message.Timestamp));
                break;
            case MessageType.Aggregate:
                AggregateReader parts = new(in message);
                while (parts.TryRead(out RtmpMessage part))
                {
                    Take(in part);
                }

                break;
            case MessageType.WindowAcknowledgementSize:
                _window = ProtocolControl.Parse(message.TypeId, message.Payload).Value;
                break;
            case MessageType.SetPeerBandwidth:
                uint bandwidth = ProtocolControl.Parse(message.TypeId, message.Payload).Value;
                SendControl(new ProtocolControl(MessageType.WindowAcknowledgementSize, bandwidth));
                break;
            case MessageType.Acknowledgement:
                _ = ProtocolControl.Parse(message.TypeId, message.Payload);
                break;
            case MessageType.UserControl:
                TakeUserControl(UserControl.Parse(message.Payload));
                break;
            case MessageType.DataAmf0 or MessageType.DataAmf3:
                TakeData(in message);
                break;
            case MessageType.CommandAmf0 or MessageType.CommandAmf3:
                TakeCommand(in message);
                break;
        }
    }

    private void TakeUserControl(UserControl control)
    {
        if (control.Event == UserControlEvent.PingRequest)
        {
            SendUserControl(new UserControl(UserControlEvent.PingResponse, control.Value));
        }
        else
        {
            _handler.OnUserControl(control);
        }
    }

    private void TakeData(in RtmpMessage message)
    {
        Amf0Reader reader = CommandReader.Open(message.TypeId, message.Payload, _options.AmfLimits);
        string name = reader.ReadString();
        List<AmfValue> values = [];
        while (!reader.IsAtEnd)
        {
            values.Add(reader.ReadValue());
        }

        long timestamp = _time.Unwrap(message.Timestamp);
        _handler.OnData(message.StreamId, timestamp, name, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(values));
    }

    private void TakeCommand(in RtmpMessage message)
    {
        CommandReader command = new(message.TypeId, message.Payload, _options.AmfLimits);
        bool succeeded = command.Name.SequenceEqual("_result"u8);
        if (succeeded || command.Name.SequenceEqual("_error"u8))
        {
            command.SkipObject();
            AmfValue value = command.IsAtEnd ? AmfValue.Undefined : command.ReadValue();
            double transaction = command.TransactionId == 0 ? AnsweredBy(value) : command.TransactionId;
            if (transaction == _connectTransaction)
            {
                _isAnswered = true;
                _handler.OnConnected(succeeded, StatusInfo.Parse(value));
            }
            else
            {
                _handler.OnResult(transaction, succeeded, value);
            }
        }
        else if (command.Name.SequenceEqual("onStatus"u8))
        {
            command.SkipObject();
            _handler.OnStatus(message.StreamId, StatusInfo.Parse(command.IsAtEnd ? AmfValue.Undefined : command.ReadValue()));
        }
    }

    /// <summary>
    /// Which command an answer is to that says 0, as some servers have it in all of them: to connect, or, with a number, to createStream.
    /// </summary>
    private double AnsweredBy(AmfValue value) =>
        !_isAnswered ? _connectTransaction : value.Kind == AmfKind.Number ? _createTransaction : 0;

    private void SendConnect()
    {
        ConnectCommand connect = _connect!;
        _connect = null;
        _connectTransaction = connect.TransactionId;
        _lastTransaction = Math.Max(_lastTransaction, connect.TransactionId);
        Amf0Writer writer = Begin(stackalloc byte[Scratch]); // connect itself is AMF0 always
        connect.WriteTo(ref writer);
        End(ref writer, 0);
        _usesAmf3 = connect.ObjectEncoding == 3;
    }

    private Amf0Writer Begin(Span<byte> scratch)
    {
        Amf0Writer writer = new(scratch);
        if (_usesAmf3)
        {
            writer.WriteFormat();
        }

        return writer;
    }

    private void End(ref Amf0Writer writer, uint streamId)
    {
        byte type = _usesAmf3 ? MessageType.CommandAmf3 : MessageType.CommandAmf0;
        _writer.Write(streamId == 0 ? CommandChunkStream : StreamChunkStream, 0, type, streamId, writer.Written);
        writer.Dispose();
    }

    private void SendControl(ProtocolControl control)
    {
        Span<byte> body = stackalloc byte[ProtocolControl.MaxLength];
        int length = control.WriteTo(body);
        _writer.Write(ChunkStreamIds.Control, 0, control.Type, 0, body[..length]);
    }

    private void SendUserControl(UserControl control)
    {
        Span<byte> body = stackalloc byte[UserControl.MaxLength];
        int length = control.WriteTo(body);
        _writer.Write(ChunkStreamIds.Control, 0, MessageType.UserControl, 0, body[..length]);
    }
}
