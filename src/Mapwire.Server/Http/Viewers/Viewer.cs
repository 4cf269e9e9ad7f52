using System.Net;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Http.Viewers;

/// <summary>
/// Someone who watches by requests, over however many connections and workers. Those that send to it only add to its counts; all else, its
/// place in the statistics too, is the registry's, under its lock.
/// </summary>
internal sealed class Viewer
{
    /// <summary>How far apart what follows may be, in milliseconds: times of tracks are not the same to the millisecond.</summary>
    private const long Tolerance = 500;

    private readonly PlayerStatistics? _statistics;
    private long _bytes;
    private long _offset; // of a whole body: up to where it was sent
    private int _requests; // that are being answered
    private long _usedAt;
    private string? _title;
    private double _timePerByte; // of a whole body
    private bool _isLooping;
    private long _clockZero; // the clock: at which time of the title it was ...
    private long _clockSetAt; // ... at which time of the system
    private long _mediaEnd;
    private long _titleEnd;
    private long _keptFor;

    /// <param name="key">Who it is.</param>
    /// <param name="protocol">By what it watches.</param>
    /// <param name="address">Whose players it counts among.</param>
    /// <param name="statistics">Its place; null where there is none.</param>
    public Viewer(ViewerKey key, PlayerProtocol protocol, IPAddress? address, PlayerStatistics? statistics)
    {
        Key = key;
        Protocol = protocol;
        Address = address;
        _statistics = statistics;
    }

    /// <summary>Who it is.</summary>
    public ViewerKey Key { get; }

    /// <summary>The id in its addresses; null where it has none.</summary>
    public string? Id { get; init; }

    /// <summary>By what it watches.</summary>
    public PlayerProtocol Protocol { get; }

    /// <summary>Whose players it counts among.</summary>
    public IPAddress? Address { get; }

    /// <summary>Bytes of an answer to it went out. Any thread may call it.</summary>
    public void Sent(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        Interlocked.Add(ref _offset, bytes);
    }

    /// <summary>An answer to it is over or abandoned, once for each that was begun. Any thread may call it.</summary>
    /// <param name="now">The clock.</param>
    public void EndRequest(long now)
    {
        Volatile.Write(ref _usedAt, now);
        Interlocked.Decrement(ref _requests);
    }

    /// <summary>An answer to it begins. Under the registry's lock.</summary>
    /// <param name="part">What of.</param>
    /// <param name="from">The first byte of it that is asked for.</param>
    /// <param name="length">Of how many.</param>
    /// <param name="now">The clock.</param>
    /// <returns>Whether it begins a title with that.</returns>
    public bool BeginRequest(WatchedPart part, long from, long length, long now)
    {
        Interlocked.Increment(ref _requests);
        Volatile.Write(ref _usedAt, now);
        _keptFor = ViewerRegistry.KeptDurations * part.TargetDuration;
        bool isNew = _title != part.Title.Name && (_title is null || !part.IsOfOthers);
        if (isNew)
        {
            _title = part.Title.Name;
            _titleEnd = part.Title.Duration;
            (_clockZero, _clockSetAt, _mediaEnd) = (0, now, 0);
            _statistics?.BeginTitle(part.Title, now);
        }

        if (part.IsWhole)
        {
            Volatile.Write(ref _offset, from);
            _timePerByte = part.Title.Duration / (double)Math.Max(1, length);
            _isLooping = part.IsLooping;
        }
        else if (part.Times is var (start, end))
        {
            Follow(start, end, now);
        }

        return isNew;
    }

    /// <summary>Whether it has asked for nothing for so long that it is taken for gone. Under the registry's lock.</summary>
    public bool IsGone(long now) => Volatile.Read(ref _requests) <= 0 && now - Volatile.Read(ref _usedAt) > _keptFor;

    /// <summary>Publishes how it stands. Under the registry's lock.</summary>
    public void Publish(long now)
    {
        if (_timePerByte > 0)
        {
            long at = (long)(Volatile.Read(ref _offset) * _timePerByte);
            at = _isLooping && _titleEnd > 0 ? at % _titleEnd : Math.Min(_titleEnd, at);
            bool isOver = Volatile.Read(ref _requests) <= 0 && at >= _titleEnd;
            _statistics?.Update(
                isOver ? PlayerState.Ended : PlayerState.Playing, Volatile.Read(ref _bytes), new TitleTime(at), new TitleTime(at), now);
            return;
        }

        long position = PositionAt(now);
        _statistics?.Update(
            _titleEnd > 0 && position >= _titleEnd && _mediaEnd >= _titleEnd ? PlayerState.Ended : PlayerState.Playing,
            Volatile.Read(ref _bytes), new TitleTime(position), new TitleTime(_mediaEnd), now);
    }

    /// <summary>It is gone. Under the registry's lock.</summary>
    public void Leave() => _statistics?.Leave(Volatile.Read(ref _bytes));

    /// <summary>Where it is if it plays from when it was sent the first segment on, and waits where it has none.</summary>
    private long PositionAt(long now) => Math.Min(_clockZero + (now - _clockSetAt), _mediaEnd);

    /// <summary>It is sent the media from one time to another: what follows what it has, or begins somewhere else.</summary>
    private void Follow(long start, long end, long now)
    {
        long position = PositionAt(now);
        bool isFollowing = start <= _mediaEnd + Tolerance && end >= position - Tolerance && _mediaEnd > 0;
        if (!isFollowing || position >= _mediaEnd)
        {
            (_clockZero, _clockSetAt) = (start, now);
            _mediaEnd = isFollowing ? _mediaEnd : end;
        }

        _mediaEnd = Math.Max(_mediaEnd, end);
    }
}

/// <summary>What tells viewers apart.</summary>
/// <param name="Kind">By what.</param>
/// <param name="Number">Of the id, or of the connection.</param>
/// <param name="Host">The address, or its network; null where that does not matter, or is not known.</param>
/// <param name="Title">The title; null where that does not matter.</param>
internal readonly record struct ViewerKey(ViewerKind Kind, ulong Number, IPAddress? Host, string? Title);

/// <summary>By what a viewer is known.</summary>
internal enum ViewerKind
{
    /// <summary>By an id that it was given, and its address: an id that is passed on is as many viewers as addresses.</summary>
    Id,

    /// <summary>By its address and title: all who have no id of this server are one there.</summary>
    Address,

    /// <summary>By its connection: it reads a file.</summary>
    Connection,
}
