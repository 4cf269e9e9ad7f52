using System.Buffers;
using System.Numerics;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Handshakes;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Sessions;

/// <summary>The server's side of one connection: bytes in, calls to a handler, bytes out.</summary>
/// <remarks>
/// No socket, clock or task; not for two threads at once. Whole messages are written to the output, at once: between two calls
/// the caller may put messages of its own on the wire (audio and video, with <see cref="ServerMessages.OutgoingChunkSize"/>). Between
/// messages a session holds a few hundred bytes.
/// </remarks>
public sealed partial class ServerSession : ServerMessages
{
    private readonly ServerSessionOptions _options;
    private readonly IServerSessionHandler _handler;
    private readonly ChunkReader _reader;
    private ServerHandshake? _handshake;
    private long _acknowledgedAt;
    private uint _peerWindow;
    private uint _streams; // bit n: message stream n+1 exists
    private bool _failed;

    /// <summary>Creates the session of a connection that was just accepted.</summary>
    /// <param name="options">What all sessions share.</param>
    /// <param name="handler">Who decides.</param>
    /// <param name="output">Where the bytes to send go.</param>
    /// <exception cref="ArgumentException">An option is out of its range; its name is in the message.</exception>
    public ServerSession(ServerSessionOptions options, IServerSessionHandler handler, IBufferWriter<byte> output)
        : base(output)
    {
        options.Validate();
        _options = options;
        _handler = handler;
        _reader = new ChunkReader(options.ChunkLimits);
        _handshake = new ServerHandshake(options.HandshakeRandom);
    }

    /// <summary>Whether the client has sent connect. What it said is the handler's to keep: a session stays small.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>Whether the handshake is over.</summary>
    public bool IsOpen => _handshake is null;

    /// <summary>Whether the connection is to be closed once the output is sent: connect was refused. Input is passed over.</summary>
    public bool IsClosing { get; private set; }

    /// <summary>Bytes held now for messages of the client that are not complete.</summary>
    public int BufferedBytes => _reader.BufferedBytes;

    /// <summary>Bytes received, handshake included.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>Bytes that the client last acknowledged, modulo 2^32; 0 before.</summary>
    public uint BytesAcknowledged { get; private set; }

    /// <summary>The value of the last answer to <see cref="ServerMessages.SendPing"/>; null before the first.</summary>
    public uint? LastPong { get; private set; }

    /// <summary>Takes what arrived, cut anywhere.</summary>
    /// <param name="bytes">Bytes as they came.</param>
    /// <exception cref="RtmpProtocolException">The client broke the protocol: close the connection, without sending the output.</exception>
    /// <exception cref="InvalidOperationException">An earlier call threw.</exception>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        if (_failed)
        {
            throw new InvalidOperationException("The session has failed.");
        }

        BytesReceived += bytes.Length;
        if (IsClosing)
        {
            return;
        }

        bool failed = true;
        try
        {
            Read(bytes);
            failed = false;
        }
        finally
        {
            _failed = failed;
        }
    }

    private void Read(ReadOnlySpan<byte> bytes)
    {
        if (_handshake is not null)
        {
            if (!_handshake.TryRead(ref bytes, Output))
            {
                return;
            }

            _handshake = null;
        }

        while (!IsClosing && _reader.TryRead(ref bytes, out RtmpMessage message))
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

        if (AcknowledgementWindow is > 0 and uint window && BytesReceived - _acknowledgedAt >= window)
        {
            _acknowledgedAt = BytesReceived;
            SendControl(new ProtocolControl(MessageType.Acknowledgement, (uint)BytesReceived));
        }
    }

    private void Take(in RtmpMessage message)
    {
        switch (message.TypeId)
        {
            case MessageType.Acknowledgement:
                BytesAcknowledged = ProtocolControl.Parse(message.TypeId, message.Payload).Value;
                break;
            case MessageType.WindowAcknowledgementSize:
                _peerWindow = ProtocolControl.Parse(message.TypeId, message.Payload).Value;
                break;
            case MessageType.SetPeerBandwidth:
                // The client asks to be acknowledged by; what limits our own sending is the server's pacing.
                _ = ProtocolControl.Parse(message.TypeId, message.Payload);
                break;
            case MessageType.UserControl:
                TakeUserControl(UserControl.Parse(message.Payload));
                break;
            case MessageType.CommandAmf0 or MessageType.CommandAmf3:
                CommandReader command = new(message.TypeId, message.Payload, _options.AmfLimits);
                TakeCommand(message.StreamId, ref command);
                break;
            case MessageType.Audio or MessageType.Video or MessageType.DataAmf0 or MessageType.DataAmf3 or MessageType.Aggregate
                when IsPublishing(message.StreamId):
                TakePublished(in message);
                break;
            default:
                // Set Chunk Size and Abort were the reader's. Media and data without publish, and shared objects, mean nothing here.
                break;
        }
    }

    private void TakeUserControl(UserControl control)
    {
        switch (control.Event)
        {
            case UserControlEvent.SetBufferLength when Exists(control.Value):
                _handler.OnBufferLength(control.Value, control.BufferMilliseconds);
                break;
            case UserControlEvent.PingRequest:
                SendUserControl(new UserControl(UserControlEvent.PingResponse, control.Value));
                break;
            case UserControlEvent.PingResponse:
                LastPong = control.Value;
                break;
        }
    }

    private void TakeCommand(uint streamId, ref CommandReader command)
    {
        ReadOnlySpan<byte> name = command.Name;
        if (name.SequenceEqual("connect"u8))
        {
            TakeConnect(ConnectCommand.Parse(ref command));
        }
        else if (!IsConnected)
        {
            throw new RtmpProtocolException(RtmpError.OutOfOrder, "a command before connect", 0);
        }
        else if (!TakeStreamCommand(streamId, ref command))
        {
            TakeConnectionCommand(streamId, ref command);
        }
    }

    private void TakeConnect(ConnectCommand connect)
    {
        if (IsConnected)
        {
            throw new RtmpProtocolException(RtmpError.OutOfOrder, "a second connect", 0);
        }

        // Set before the handler hears of it, so that its answers have the right encoding.
        UsesAmf3 = connect.ObjectEncoding == 3;
        IsConnected = true;
        if (_handler.OnConnect(connect) is { } refusal)
        {
            StatusInfo status = new(StatusCodes.Error, StatusCodes.ConnectRejected, refusal);
            Answer(CommandNames.Error, connect.TransactionId, status);
            IsClosing = true;
            return;
        }

        AnswerConnect(connect, _options);
    }

    /// <summary>Commands that belong to a message stream. False when it is none of them.</summary>
    private bool TakeStreamCommand(uint streamId, ref CommandReader command)
    {
        ReadOnlySpan<byte> name = command.Name;
        if (name.SequenceEqual("play"u8))
        {
            Require(streamId);
            PlayCommand play = PlayCommand.Parse(ref command);
            if (MayPlay(streamId))
            {
                _handler.OnPlay(streamId, play);
            }
        }
        else if (name.SequenceEqual("play2"u8))
        {
            Require(streamId);
            Play2Command play2 = Play2Command.Parse(ref command);
            if (MayPlay(streamId))
            {
                _handler.OnPlay2(streamId, play2);
            }
        }
        else if (name.SequenceEqual("seek"u8))
        {
            Require(streamId);
            _handler.OnSeek(streamId, SeekCommand.Parse(ref command).Milliseconds);
        }
        else if (name.SequenceEqual("pause"u8) || name.SequenceEqual("pauseRaw"u8))
        {
            Require(streamId);
            PauseCommand pause = PauseCommand.Parse(ref command);
            _handler.OnPause(streamId, pause.Paused, pause.Milliseconds);
        }
        else if (name.SequenceEqual("receiveAudio"u8) || name.SequenceEqual("receiveVideo"u8))
        {
            Require(streamId);
            ReceiveCommand receive = ReceiveCommand.Parse(ref command);
            if (receive.IsVideo)
            {
                _handler.OnReceiveVideo(streamId, receive.Receive);
            }
            else
            {
                _handler.OnReceiveAudio(streamId, receive.Receive);
            }
        }
        else if (name.SequenceEqual("publish"u8))
        {
            Require(streamId);
            TakePublish(streamId, PublishCommand.Parse(ref command));
        }
        else
        {
            return false;
        }

        return true;
    }

    private void TakeConnectionCommand(uint streamId, ref CommandReader command)
    {
        ReadOnlySpan<byte> name = command.Name;
        double transaction = command.TransactionId;
        if (name.SequenceEqual("createStream"u8))
        {
            CreateStream(transaction);
        }
        else if (name.SequenceEqual("deleteStream"u8))
        {
            DeleteStream(ref command);
        }
        else if (name.SequenceEqual("closeStream"u8))
        {
            Close(streamId, delete: false);
        }
        else if (name.SequenceEqual("getStreamLength"u8))
        {
            _handler.OnGetStreamLength(transaction, StreamNameCommand.Parse(ref command).StreamName);
        }
        else if (name.SequenceEqual("_checkbw"u8) || name.SequenceEqual("releaseStream"u8) || name.StartsWith("FC"u8))
        {
            TakeCourtesy(ref command);
        }
        else if (transaction == 0 || name.SequenceEqual("_result"u8) || name.SequenceEqual("_error"u8))
        {
            // No answer is waited for.
        }
        else
        {
            SendError(transaction, StatusCodes.CallFailed, "There is no such command.");
        }
    }

    private void CreateStream(double transaction)
    {
        int free = BitOperations.TrailingZeroCount(~_streams);
        if (free >= _options.MaxMessageStreams)
        {
            SendError(transaction, StatusCodes.CallFailed, "Too many message streams.");
            return;
        }

        _streams |= 1u << free;
        SendResult(transaction, AmfValue.Number(free + 1));
    }

    private void Close(uint streamId, bool delete)
    {
        if (!Exists(streamId))
        {
            return; // clients delete streams twice, and streams that they never had
        }

        CloseStream(streamId);
        if (delete)
        {
            _streams &= ~Bit(streamId);
        }
    }

    private bool Exists(uint streamId) => (_streams & Bit(streamId)) != 0;

    /// <summary>The bit of a message stream in a set of them; 0 for an id that none can have.</summary>
    private static uint Bit(uint streamId) => streamId is >= 1 and <= 32 ? 1u << (int)(streamId - 1) : 0;

    private void Require(uint streamId)
    {
        if (!Exists(streamId))
        {
            throw new RtmpProtocolException(RtmpError.UnknownMessageStream, $"a command on message stream {streamId}");
        }
    }
}
