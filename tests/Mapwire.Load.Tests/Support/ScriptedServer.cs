using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Load.Tests.Support;

/// <summary>A server that answers rightly up to play, and then does what a test says: what a load test must not take for good.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<ScriptedConnection, Task> _onPlay;
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;

    /// <param name="onPlay">Runs once a connection has asked for a stream; the connection closes after it.</param>
    public ScriptedServer(Func<ScriptedConnection, Task> onPlay)
    {
        _onPlay = onPlay;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    public void Dispose()
    {
        _stopping.Cancel();
        _listener.Stop();
        Task.WaitAll([_accepting, .. _connections], TimeSpan.FromSeconds(10));
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stopping.Token);
                _connections.Add(ServeAsync(socket));
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using Socket owned = socket;
        ScriptedConnection connection = new(socket, _stopping.Token);
        byte[] buffer = new byte[4096];
        try
        {
            while (!connection.HasPlay)
            {
                int count = await socket.ReceiveAsync(buffer.AsMemory(), _stopping.Token);
                if (count == 0)
                {
                    return;
                }

                connection.Session.Receive(buffer.AsSpan(0, count));
                await connection.FlushAsync();
            }

            await _onPlay(connection);
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException)
        {
        }
    }

    /// <summary>One player of the server.</summary>
    internal sealed class ScriptedConnection : IServerSessionHandler
    {
        private readonly ArrayBufferWriter<byte> _output = new();
        private readonly Socket _socket;

        public ScriptedConnection(Socket socket, CancellationToken stopping)
        {
            _socket = socket;
            Stopping = stopping;
            Session = new ServerSession(new ServerSessionOptions(), this, _output);
        }

        public CancellationToken Stopping { get; }

        public ServerSession Session { get; }

        public bool HasPlay { get; private set; }

        public uint StreamId { get; private set; }

        /// <summary>A video frame of some bytes: every 25th is a keyframe.</summary>
        public async Task SendFrameAsync(uint time, bool isKey)
        {
            Session.SendVideo(StreamId, time, [(byte)(isKey ? 0x17 : 0x27), 1, 0, 0, 0, 9, 9, 9]);
            await FlushAsync();
        }

        public async Task SendRawAsync(byte[] bytes) => await _socket.SendAsync(bytes.AsMemory(), Stopping);

        public async Task FlushAsync()
        {
            await _socket.SendAsync(_output.WrittenMemory, Stopping);
            _output.ResetWrittenCount();
        }

        public string? OnConnect(ConnectCommand connect) => null;

        public void OnPlay(uint streamId, PlayCommand play)
        {
            HasPlay = true;
            StreamId = streamId;
            Session.SendStatus(streamId, StatusCodes.Status, StatusCodes.PlayStart, "here it comes");
        }

        public void OnPlay2(uint streamId, Play2Command play2)
        {
        }

        public void OnSeek(uint streamId, double milliseconds)
        {
        }

        public void OnPause(uint streamId, bool paused, double milliseconds)
        {
        }

        public void OnReceiveAudio(uint streamId, bool receive)
        {
        }

        public void OnReceiveVideo(uint streamId, bool receive)
        {
        }

        public void OnBufferLength(uint streamId, uint milliseconds)
        {
        }

        public void OnStreamClosed(uint streamId)
        {
        }

        public void OnPublish(uint streamId, PublishCommand publish)
        {
        }

        public void OnUnpublish(string name)
        {
        }

        public void OnMedia(uint streamId, in RtmpMessage message)
        {
        }

        public void OnData(uint streamId, uint timestamp, ReadOnlySpan<byte> amf0)
        {
        }

        public void OnGetStreamLength(double transactionId, string name)
        {
        }
    }
}
