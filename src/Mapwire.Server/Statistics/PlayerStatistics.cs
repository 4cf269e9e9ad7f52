using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Sharing;
using Mapwire.Server.Live;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Statistics;

/// <summary>
/// A player's place in the shared memory. One thread at a time writes it, a connection's its worker, and reads nothing of it back as it
/// sends.
/// </summary>
internal sealed class PlayerStatistics
{
    /// <summary>
    /// How far behind its clock a player may be before it has stalled: two or three frames, which its display's queue hides.
    /// </summary>
    private const long Tolerance = 100;

    /// <summary>The worst latency is that of one to two of these times, in milliseconds.</summary>
    private const long WorstTime = 5_000;

    private readonly PlayerPlaces _places;
    private readonly SharedMemory _memory;
    private readonly long _place;
    private long _id;
    private TitleStatistics? _title;
    private StripCursor? _cursor;
    private LiveStream? _live;
    private PublisherStatistics? _publisher;
    private long _received; // of who publishes
    private long _bytes;
    private double _rate;
    private long _sentAt;
    private TitleTime _mediaTime;
    private uint _version;
    private int _plays;
    private ushort _stalls;
    private ushort _latency = PlayerFigures.NoLatency;
    private ushort _worst; // since then
    private ushort _worstBefore; // of the time before
    private uint _worstSince;
    private bool _wasAhead;
    private uint _factsVersion;

    /// <param name="places">Whose place it is.</param>
    /// <param name="memory">The server's segment.</param>
    /// <param name="place">Where: figures, then facts twice.</param>
    public PlayerStatistics(PlayerPlaces places, SharedMemory memory, long place)
    {
        _places = places;
        _memory = memory;
        _place = place;
    }

    /// <summary>A player takes the place.</summary>
    public void Enter(long id, EndPoint? peer, PlayerProtocol protocol, long now)
    {
        PlayerFacts facts = new() { Id = id, OpenedAt = now, Protocol = (byte)protocol };
        if (peer is IPEndPoint { Address: var address, Port: var port })
        {
            Span<byte> bytes = stackalloc byte[16];
            bytes.Clear();
            address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            address.TryWriteBytes(bytes, out int length);
            facts.AddressLow = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            facts.AddressHigh = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
            facts.AddressLength = (byte)length;
            facts.Port = (ushort)port;
        }

        _id = id;
        _bytes = 0;
        _received = 0;
        _rate = 0;
        _sentAt = now;
        _plays = 0;
        _stalls = 0;
        _mediaTime = TitleTime.Zero;
        _wasAhead = false;
        Write(PlayerState.Connected, isBlocked: false, TitleTime.Zero, now);
        Write(in facts);
    }

    /// <summary>Says how the player stands, after each thing that happened to it.</summary>
    /// <param name="stream">What it watches, or watched last; null before it watched anything.</param>
    /// <param name="plays">How many plays it has begun.</param>
    /// <param name="bytes">All that was sent on the connection.</param>
    /// <param name="isBlocked">Whether the socket is full.</param>
    /// <param name="now">The worker's clock.</param>
    public void Update(PlayerStream? stream, int plays, long bytes, bool isBlocked, long now)
    {
        if (_live is not null)
        {
            LeaveLive();
        }

        _received = 0;
        StripCursor? cursor = stream?.Cursor;
        if (plays != _plays)
        {
            _places.Played(plays - _plays);
            _plays = plays;
            Begin(cursor is null ? null : PlayedTitle.Of(cursor.Title), _bytes, now);
            _cursor = cursor;
            _wasAhead = false;
        }
        else if (cursor is not null && cursor != _cursor)
        {
            Join(cursor, bytes, now);
        }

        if (cursor is null)
        {
            _cursor = null; // what was stopped is held no longer
        }

        Count(bytes, now);
        PlayerState state = cursor is null ? (_plays == 0 ? PlayerState.Connected : PlayerState.Ended)
            : stream!.State == PlayState.Ended ? PlayerState.Ended
            : stream.IsPaused ? PlayerState.Paused
            : PlayerState.Playing;
        TitleTime? position = null;
        if (cursor is not null)
        {
            position = stream!.DueUntil(now, 0);
            Follow(cursor, position.Value, state);
        }

        Write(state, isBlocked, position, now);
    }

    /// <summary>Says how a player of a live stream stands, after each thing that happened to it.</summary>
    /// <param name="play">What it watches; it has begun.</param>
    /// <param name="bytes">All that was sent on the connection.</param>
    /// <param name="isBlocked">Whether the socket is full.</param>
    /// <param name="now">The worker's clock.</param>
    public void Update(LivePlay play, long bytes, bool isBlocked, long now)
    {
        if (_live != play.Stream)
        {
            _plays++; // as the player counts it
        }

        BeginLive(play.Stream, now);
        Count(bytes, now);
        if (play.Cursor!.TakeLatency(now) is { } latency && play.IsAtNewest)
        {
            NoteLatency((ushort)Math.Min(latency, PlayerFigures.NoLatency - 1), now);
        }

        _mediaTime = new TitleTime(play.Cursor.Time.Milliseconds);
        TitleTime newest = _mediaTime + play.Cursor.Lag;
        Write(play.PausedSince is null ? PlayerState.Playing : PlayerState.Paused, isBlocked, newest, now);
    }

    /// <summary>Says how a publisher of a live stream stands, after each thing that happened to it.</summary>
    /// <param name="publisher">The publisher.</param>
    /// <param name="received">All that was received on the connection, in bytes.</param>
    /// <param name="now">The worker's clock.</param>
    public void Update(LivePublisher publisher, long received, long now)
    {
        BeginLive(publisher.Stream, now);
        if (received != _received)
        {
            _rate = ByteRate.After(_rate, received - _received, now - _sentAt);
            _received = received;
            _sentAt = now;
        }

        Write(PlayerState.Publishing, isBlocked: false, publisher.Stream.LatestTime, now);
        _publisher ??= _places.EnterPublisher();
        _publisher?.Update(_id, _title?.Id ?? 0, publisher);
    }

    /// <summary>A viewer that asks for each piece by itself begins its title.</summary>
    /// <param name="title">What it watches.</param>
    /// <param name="now">The clock.</param>
    public void BeginTitle(in PlayedTitle title, long now) => Begin(title, _bytes, now);

    /// <summary>Says how a viewer stands that asks for each piece by itself.</summary>
    /// <param name="state">What it is at.</param>
    /// <param name="bytes">All that was sent to it.</param>
    /// <param name="position">Where its clock is, as far as can be told.</param>
    /// <param name="mediaTime">Up to where it has the title.</param>
    /// <param name="now">The clock.</param>
    public void Update(PlayerState state, long bytes, TitleTime position, TitleTime mediaTime, long now)
    {
        Count(bytes, now);
        _mediaTime = mediaTime;
        Write(state, isBlocked: false, position, now);
    }

    /// <summary>The connection is closed: the place is free.</summary>
    /// <param name="bytes">All that was sent on it.</param>
    public void Leave(long bytes)
    {
        _places.Sent(bytes - _bytes);
        _bytes = bytes;
        PlayerFacts facts = Facts;
        facts.Id = 0;
        Write(in facts);
        LeaveTitle(bytes);
        _cursor = null;
        LeaveLive();
        _places.Return(this);
    }

    private void BeginLive(LiveStream stream, long now)
    {
        if (_live != stream)
        {
            LeaveLive();
            _live = stream;
            _places.Played(1);
            Begin(new PlayedTitle(stream.Name, 0, 0), _bytes, now);
        }
    }

    private void LeaveLive()
    {
        _live = null;
        _latency = PlayerFigures.NoLatency;
        (_worst, _worstBefore) = (0, 0);
        _publisher?.Leave();
        _publisher = null;
    }

    private void NoteLatency(ushort latency, long now)
    {
        uint time = unchecked((uint)now - _worstSince);
        if (time >= WorstTime)
        {
            (_worstBefore, _worst) = (time < 2 * WorstTime ? _worst : (ushort)0, 0);
            _worstSince = unchecked((uint)now);
        }

        _latency = latency;
        _worst = Math.Max(_worst, latency);
    }

    private void Count(long bytes, long now)
    {
        if (bytes != _bytes)
        {
            _places.Sent(bytes - _bytes);
            _rate = ByteRate.After(_rate, bytes - _bytes, now - _sentAt);
            _bytes = bytes;
            _sentAt = now;
        }
    }

    /// <summary>A seek, or the next part of what is played: of the same title, or of the next one of a playlist.</summary>
    private void Join(StripCursor cursor, long bytes, long now)
    {
        if (_cursor is not null && _cursor.Title.File != cursor.Title.File)
        {
            Begin(PlayedTitle.Of(cursor.Title), Math.Max(Facts.BytesBefore, bytes - cursor.BytesSent), now);
        }

        _cursor = cursor;
        _wasAhead = false; // a new place starts with nothing in hand
    }

    private void Follow(StripCursor cursor, TitleTime position, PlayerState state)
    {
        if (_wasAhead && state == PlayerState.Playing && position - _mediaTime > Tolerance)
        {
            _stalls += (ushort)(_stalls < ushort.MaxValue ? 1 : 0);
            _places.Stalled();
            _wasAhead = false;
        }

        _mediaTime = cursor.Time;
        _wasAhead |= _mediaTime > position;
    }

    /// <summary>A title begins.</summary>
    /// <param name="title">Null when it has ended already.</param>
    /// <param name="bytesBefore">Bytes of the connection that are not of this title.</param>
    /// <param name="now">The worker's clock.</param>
    private void Begin(PlayedTitle? title, long bytesBefore, long now)
    {
        LeaveTitle(bytesBefore);
        _title = title is { } begun ? _places.EnterTitle(in begun) : null;
        _stalls = 0;
        PlayerFacts facts = Facts;
        facts.TitleId = _title?.Id ?? 0;
        facts.BytesBefore = bytesBefore;
        facts.PlayedAt = now;
        Write(in facts);
    }

    private void LeaveTitle(long bytes)
    {
        if (_title is not null)
        {
            _places.LeaveTitle(_title, bytes - Facts.BytesBefore, _stalls);
            _title = null;
        }
    }

    /// <summary>What was written last. Rarely needed, and too large to be kept a second time for each of ten thousand players.</summary>
    private PlayerFacts Facts => _memory.At<PlayerFacts>(PlayerFigures.FactsAt(_place, _factsVersion));

    /// <summary>Writes into the copy that nobody reads, and names it by one store: a reader finds one of the two whole, always.</summary>
    private void Write(in PlayerFacts facts)
    {
        _memory.At<PlayerFacts>(PlayerFigures.FactsAt(_place, ++_factsVersion)) = facts;
        Volatile.WriteBarrier();
        _memory.At<PlayerFigures>(_place).FactsVersion = _factsVersion;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(PlayerState state, bool isBlocked, TitleTime? position, long now)
    {
        ref PlayerFigures figures = ref _memory.At<PlayerFigures>(_place);
        // Plain stores between barriers, free on x64: Volatile.Write takes a reference, which is tested by a load, and that waits for
        // memory.
        figures.Version = ++_version;
        Volatile.WriteBarrier();
        figures.State = (byte)state;
        figures.Flags = (byte)((isBlocked ? PlayerFigures.Blocked : 0) | (_live is null ? 0 : PlayerFigures.Live));
        figures.Stalls = _stalls;
        figures.Bytes = Math.Max(_bytes, _received);
        figures.Rate = _rate;
        figures.SentAt = _sentAt;
        figures.UpdatedAt = now;
        figures.Position = position?.Milliseconds ?? figures.Position; // it stays where it was when there is nothing to watch
        figures.MediaTime = _mediaTime.Milliseconds;
        figures.Latency = _latency;
        figures.WorstLatency = Math.Max(_worst, _worstBefore);
        Volatile.WriteBarrier();
        figures.Version = ++_version;
    }
}
