using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Load.Tests.Support;

/// <summary>An audio or video message of a stream.</summary>
internal sealed record Relayed(string Stream, byte Type, uint Time, byte[] Body)
{
    /// <summary>When it came, in milliseconds.</summary>
    public long ArrivedAt { get; } = Environment.TickCount64;

    public bool IsConfiguration => Body[1] == 0; // of AVC and AAC alone

    public bool IsPicture => Type == MessageType.Video && !IsConfiguration;
}

/// <summary>
/// A server that gives what is published to whoever plays it by then, after a delay, and does to it what a test says. Nobody is refused.
/// </summary>
internal sealed class RelayServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<(long Due, Relayed Message)> _relayed = Channel.CreateUnbounded<(long, Relayed)>();
    private readonly Func<Relayed, IEnumerable<Relayed>> _change;
    private readonly TimeSpan _delay;
    private readonly TimeSpan _pause;
    private readonly Lock _gate = new();
    private readonly List<RelayConnection> _players = [];
    private readonly List<Relayed> _headers = [];
    private readonly List<Relayed> _received = [];
    private readonly List<string> _calls = [];
    private readonly List<Task> _tasks = [];

    /// <param name="change">What becomes of a message for the viewers, configurations left out; null gives it on as it is.</param>
    /// <param name="delay">How long a message waits here.</param>
    /// <param name="pause">For how long nothing is read of a publisher once it has begun.</param>
    public RelayServer(Func<Relayed, IEnumerable<Relayed>>? change = null, TimeSpan delay = default, TimeSpan pause = default)
    {
        _change = change ?? (static message => [message]);
        _delay = delay;
        _pause = pause;
        _listener.Start();
        _tasks.Add(AcceptAsync());
        _tasks.Add(RelayAsync());
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>What was published, in order.</summary>
    public Relayed[] Received
    {
        get
        {
            lock (_gate)
            {
                return [.. _received];
            }
        }
    }

    /// <summary>What publishers said beside media.</summary>
    public string[] Calls
    {
        get
        {
            lock (_gate)
            {
                return [.. _calls];
            }
        }
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _listener.Stop();
        Task.WaitAll([.. _tasks], TimeSpan.FromSeconds(10));
        _listener.Dispose();
        _stopping.Dispose();
    }

    private void Call(string call)
    {
        lock (_gate)
        {
            _calls.Add(call);
        }
    }

    private void Take(Relayed message)
    {
        lock (_gate)
        {
            _received.Add(message);
            if (message.IsConfiguration)
            {
                _headers.Add(message);
                return;
            }
        }

        _relayed.Writer.TryWrite((Environment.TickCount64 + (long)_delay.TotalMilliseconds, message));
    }

    private void Join(RelayConnection player)
    {
        lock (_gate)
        {
            foreach (Relayed header in _headers.Where(header => header.Stream == player.Stream))
            {
                player.Send(header);
            }

            _players.Add(player);
        }
    }

    private async Task RelayAsync()
    {
        try
        {
            await foreach ((long due, Relayed message) in _relayed.Reader.ReadAllAsync(_stopping.Token))
            {
                long wait = due - Environment.TickCount64;
                if (wait > 0)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(wait), _stopping.Token);
                }

                lock (_gate)
                {
                    foreach (Relayed changed in _change(message))
                    {
                        _players.ForEach(player => player.Send(changed));
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _tasks.Add(ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using Socket owned = socket;
        RelayConnection connection = new(this, socket);
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), _stopping.Token) is > 0 and int count)
            {
                bool isNew = connection.Stream.Length == 0;
                connection.Receive(buffer.AsSpan(0, count));
                if (isNew && connection.Stream.Length > 0)
                {
                    await Task.Delay(_pause, _stopping.Token);
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException)
        {
        }
    }

    /// <summary>A publisher or a player.</summary>
    private sealed class RelayConnection : IServerSessionHandler
    {
        private readonly ArrayBufferWriter<byte> _output = new();
        private readonly RelayServer _server;
        private readonly Socket _socket;
        private readonly ServerSession _session;
        private readonly Lock _sending = new();
        private uint _streamId;

        public RelayConnection(RelayServer server, Socket socket)
        {
            _server = server;
            _socket = socket;
            socket.NoDelay = true;
            _session = new ServerSession(new ServerSessionOptions(), this, _output);
        }

        public string Stream { get; private set; } = "";

        public void Receive(ReadOnlySpan<byte> bytes)
        {
            bool played = _streamId != 0;
            lock (_sending)
            {
                _session.Receive(bytes);
                Flush();
            }

            if (!played && _streamId != 0 && !_session.IsPublishing(_streamId))
            {
                _server.Join(this);
            }
        }

        public void Send(Relayed message)
        {
            if (message.Stream != Stream)
            {
                return;
            }

            lock (_sending)
            {
                if (message.Type == MessageType.Video)
                {
                    _session.SendVideo(_streamId, message.Time, message.Body);
                }
                else
                {
                    _session.SendAudio(_streamId, message.Time, message.Body);
                }

                Flush();
            }
        }

        public string? OnConnect(ConnectCommand connect) => null;

        public void OnPlay(uint streamId, PlayCommand play)
        {
            _streamId = streamId;
            Stream = play.Name;
            _session.SendStatus(streamId, StatusCodes.Status, StatusCodes.PlayStart, "here it comes");
        }

        public void OnPublish(uint streamId, PublishCommand publish)
        {
            _streamId = streamId;
            Stream = publish.Name.Split('?')[0];
            _server.Call($"publish {publish.Name} {publish.Type}");
            _session.BeginPublish(streamId);
        }

        public void OnMedia(uint streamId, in RtmpMessage message) =>
            _server.Take(new Relayed(Stream, message.TypeId, message.Timestamp, message.Payload.ToArray()));

        public void OnData(uint streamId, uint timestamp, ReadOnlySpan<byte> amf0) =>
            _server.Call($"data {System.Text.Encoding.ASCII.GetString(amf0[3..13])}");

        public void OnUnpublish(string name) => _server.Call($"unpublish {name}");

        public void OnStreamClosed(uint streamId) => _server.Call($"closed {Stream}");

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

        public void OnGetStreamLength(double transactionId, string name)
        {
        }

        private void Flush()
        {
            try
            {
                _socket.Send(_output.WrittenSpan);
            }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
            {
            }

            _output.ResetWrittenCount();
        }
    }
}
