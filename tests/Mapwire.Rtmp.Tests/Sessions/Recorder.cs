using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>A server's handler that writes down what it hears, and plays nothing.</summary>
internal sealed class ServerRecorder : IServerSessionHandler
{
    public List<string> Calls { get; } = [];

    public ConnectCommand? Connect { get; private set; }

    public string? Refusal { get; init; }

    public ServerSession? Session { get; set; }

    /// <summary>What to send when a play comes.</summary>
    public Action<ServerSession, uint>? Playing { get; init; }

    /// <summary>What to do when a publish comes; null refuses it.</summary>
    public Action<ServerSession, uint>? Publishing { get; init; }

    /// <summary>What to do when a stream is closed.</summary>
    public Action<ServerSession, uint>? Closing { get; init; }

    public string? OnConnect(ConnectCommand connect)
    {
        Connect = connect;
        Calls.Add($"connect {connect.App}");
        return Refusal;
    }

    public void OnPlay(uint streamId, PlayCommand play)
    {
        Add($"play {streamId} {play.Name} {play.StartMilliseconds} {play.DurationMilliseconds} {play.Reset}");
        Playing?.Invoke(Session!, streamId);
    }

    public void OnPlay2(uint streamId, Play2Command play2) => Add($"play2 {streamId} {play2.StreamName} {play2.Transition}");

    public void OnSeek(uint streamId, double milliseconds) => Add($"seek {streamId} {milliseconds}");

    public void OnPause(uint streamId, bool paused, double milliseconds) => Add($"pause {streamId} {paused} {milliseconds}");

    public void OnReceiveAudio(uint streamId, bool receive) => Add($"receiveAudio {streamId} {receive}");

    public void OnReceiveVideo(uint streamId, bool receive) => Add($"receiveVideo {streamId} {receive}");

    public void OnBufferLength(uint streamId, uint milliseconds) => Add($"buffer {streamId} {milliseconds}");

    public void OnStreamClosed(uint streamId)
    {
        Add($"closed {streamId}");
        Closing?.Invoke(Session!, streamId);
    }

    public void OnPublish(uint streamId, PublishCommand publish)
    {
        Add($"publish {streamId} {publish.Name} {publish.Type}");
        if (Publishing is { } publishing)
        {
            publishing(Session!, streamId);
        }
        else
        {
            Assert.True(Session!.RefusePublish(streamId, StatusCodes.PublishBadName, "Publishing is not offered here."));
        }
    }

    public void OnUnpublish(string name) => Add($"unpublish {name}");

    public void OnMedia(uint streamId, in RtmpMessage message)
    {
        Assert.True(message.IsFirst && message.IsLast && message.StreamId == streamId);
        Add($"media {message.TypeId} {streamId} {message.Timestamp} {Show(message.Payload)}");
    }

    public void OnData(uint streamId, uint timestamp, ReadOnlySpan<byte> amf0) => Add($"data {streamId} {timestamp} {Show(amf0)}");

    private static string Show(ReadOnlySpan<byte> bytes) => bytes.Length <= 64
        ? Convert.ToHexString(bytes)
        : $"{bytes.Length} bytes {Convert.ToHexString(SHA256.HashData(bytes))}";

    public void OnGetStreamLength(double transactionId, string name)
    {
        Add($"length {name}");
        Session!.SendStreamLength(transactionId, 12.5);
    }

    private void Add(FormattableString call) => Calls.Add(call.ToString(CultureInfo.InvariantCulture));
}

/// <summary>A player's handler that writes down what it hears.</summary>
internal sealed class ClientRecorder : IClientSessionHandler
{
    public List<string> Calls { get; } = [];

    public MediaTally Media;

    public void OnConnected(bool accepted, StatusInfo status) => Calls.Add($"connected {accepted} {status.Code}");

    public void OnResult(double transactionId, bool succeeded, AmfValue value) => Calls.Add(
        string.Create(CultureInfo.InvariantCulture,
        $"result {transactionId} {succeeded} {(succeeded ? value : StatusInfo.Parse(value).Code)}"));

    public void OnStatus(uint streamId, StatusInfo status) => Calls.Add($"status {streamId} {status.Level} {status.Code} {status.Details}");

    public void OnUserControl(UserControl control) => Calls.Add($"{control.Event} {control.Value}");

    public void OnData(uint streamId, long timestamp, string name, ReadOnlySpan<AmfValue> values) =>
        Calls.Add($"data {streamId} {timestamp} {name} {string.Join(' ', values.ToArray().Select(v => v.ToString()))}");

    public void OnMedia(in RtmpMessage message, long timestamp)
    {
        if (message.IsFirst)
        {
            Calls.Add($"media {message.TypeId} {message.StreamId} {timestamp} {message.Length}");
        }

        Media.Add(in message, timestamp);
    }
}

/// <summary>A player and a server with wires between them that are byte arrays.</summary>
internal sealed class Pair
{
    private readonly ArrayBufferWriter<byte> _toServer = new();
    private readonly ArrayBufferWriter<byte> _toClient = new();
    private readonly int _cut;

    public Pair(ServerRecorder server, ClientSessionOptions? client = null, ConnectCommand? connect = null,
        ServerSessionOptions? options = null, int cut = int.MaxValue)
    {
        _cut = cut;
        ServerHandler = server;
        Server = new ServerSession(options ?? new ServerSessionOptions(), server, _toClient);
        server.Session = Server;
        Client = new ClientSession(client ?? new ClientSessionOptions(),
            connect ?? ClientSessionOptions.DefaultConnect("vod", "rtmp://h/vod"), ClientHandler, _toServer);
    }

    public ServerRecorder ServerHandler { get; }

    public ClientRecorder ClientHandler { get; } = new();

    public ServerSession Server { get; }

    public ClientSession Client { get; }

    public IBufferWriter<byte> ToClient => _toClient;

    /// <summary>Carries bytes both ways until none are left.</summary>
    public void Run()
    {
        while (_toServer.WrittenCount + _toClient.WrittenCount > 0)
        {
            Carry(_toServer, Server.Receive);
            Carry(_toClient, Client.Receive);
        }
    }

    private delegate void Receiver(ReadOnlySpan<byte> bytes);

    private void Carry(ArrayBufferWriter<byte> from, Receiver to)
    {
        byte[] bytes = from.WrittenSpan.ToArray();
        from.ResetWrittenCount();
        foreach (byte[] piece in bytes.Chunk(_cut))
        {
            to(piece);
        }
    }
}
