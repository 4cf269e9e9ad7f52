using System.Net;
using Mapwire.Media;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Live;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <content>Live streams: those that are watched, and those that are published.</content>
internal sealed partial class Player : ILiveAnnouncer
{
    /// <summary>Publishes of one connection that are refused before it is closed: keys are not for guessing.</summary>
    private const int MaxRefusedPublishes = 3;

    private byte[]? _provenKey; // at connect
    private int _refusedPublishes;
    private LivePlays? _live; // null while none was played: nearly always
    private Dictionary<uint, LivePublisher>? _publishers; // by message stream

    /// <summary>Whether a live stream is published, or one is played or waited for.</summary>
    public bool IsLive => IsPublishing || _live is { IsEmpty: false };

    /// <summary>Whether a live stream is published.</summary>
    public bool IsPublishing => _publishers is { Count: > 0 };

    /// <summary>Who publishes a live stream, one of them where there are several; null when none is.</summary>
    public LivePublisher? Published
    {
        get
        {
            if (_publishers is not null)
            {
                foreach (LivePublisher publisher in _publishers.Values)
                {
                    return publisher;
                }
            }

            return null;
        }
    }

    /// <summary>The live stream that is shown for this player; null when it has none.</summary>
    public LivePlay? WatchedLive => _live?.Watched;

    /// <summary>Why the connection is to end, in words for the log: what it published it publishes no longer; null while it may stay.
    /// </summary>
    public string? DismissalReason { get; private set; }

    /// <summary>Since when all live streams are paused, on the worker's clock; null while they are not.</summary>
    public long? LivePausedSince => _live?.PausedSince;

    /// <summary>Looks at what has happened to live streams, and says it. Before anything is gathered.</summary>
    public void LookAtLive() => _live?.Look(Now);

    /// <summary>Lets viewers see what was received.</summary>
    public void PublishReceived()
    {
        if (_publishers is null)
        {
            return;
        }

        foreach (LivePublisher publisher in _publishers.Values)
        {
            publisher.Publish();
        }
    }

    /// <inheritdoc/>
    public void OnPublish(uint streamId, PublishCommand publish)
    {
        LastRequest = Now;
        PlayName sent = PlayName.Parse(_folder, publish.Name);
        LiveName name = LiveName.Of(sent, _applicationQuery);
        (string Code, string Reason)? refusal = RefusalOf(streamId, name);
        LivePublisher? publisher = null;
        if (refusal is null)
        {
            publisher = _context.Live!.TryPublish(
                name.Name, (dismissed, reason) => _post(() => OnDismissed(streamId, dismissed, reason)), out string? inUse, Now);
            refusal = publisher is null ? (StatusCodes.PublishBadName, $"{TerminalText.Clean(name.Name)}: {inUse}.") : null;
        }

        if (refusal is { } said)
        {
            if (MayLog())
            {
                Log.PublishRefused(_context.Log, _peer, name.Name, said.Reason);
            }

            Session.RefusePublish(streamId, said.Code, said.Reason);
            if (++_refusedPublishes >= MaxRefusedPublishes)
            {
                DismissalReason = "too many publishes were refused";
            }

            return;
        }

        (_publishers ??= []).Add(streamId, publisher!);
        Log.Publishing(_context.Log, _peer, name.Name);
        Session.BeginPublish(streamId);
    }

    /// <inheritdoc/>
    public void OnUnpublish(string name)
    {
        string unpublished = LiveName.Of(PlayName.Parse(_folder, name)).Name;
        foreach ((uint streamId, LivePublisher publisher) in _publishers ?? [])
        {
            if (publisher.Stream.Name == unpublished)
            {
                EndPublishing(streamId, isFinished: true);
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void OnMedia(uint streamId, in RtmpMessage message)
    {
        if (_publishers?.GetValueOrDefault(streamId) is { } publisher)
        {
            publisher.Take(
                message.TypeId == MessageType.Video ? TrackKind.Video : TrackKind.Audio, message.Payload, message.Timestamp, Now);
        }
    }

    /// <inheritdoc/>
    public void OnData(uint streamId, uint timestamp, ReadOnlySpan<byte> amf0) =>
        _publishers?.GetValueOrDefault(streamId)?.TakeData(amf0, Now);

    /// <inheritdoc/>
    void ILiveAnnouncer.Started(LivePlay play)
    {
        Plays++;
        if (MayLog())
        {
            Log.PlayingLive(_context.Log, _peer, play.Stream.Name);
        }

        _announcer.Started(play);
    }

    /// <inheritdoc/>
    void ILiveAnnouncer.Changed(LivePlay play, LiveCursor before) => _announcer.Changed(play, before);

    /// <inheritdoc/>
    void ILiveAnnouncer.Skipped(LivePlay play) => _announcer.Skipped(play);

    /// <inheritdoc/>
    void ILiveAnnouncer.Ended(LivePlay play)
    {
        LastRequest = Now; // the time to be idle counts from here
        _announcer.Ended(play);
    }

    /// <inheritdoc/>
    void ILiveAnnouncer.Refused(LivePlay play, TitleException fault)
    {
        LastRequest = Now;
        Refuse(play.StreamId, PlayName.Parse(_folder, play.SentName), fault);
    }

    /// <summary>Plays a live stream, or waits for it.</summary>
    private void PlayLive(PlayerStream stream, PlayName name)
    {
        stream.Stop();
        _live ??= new LivePlays();
        _live.Remove(stream.Id);
        LivePlay play;
        try
        {
            LiveName live = LiveName.Of(name);
            (int video, int audio) = LiveName.TracksOf(name);
            LiveRequest request = new(stream.Id, name.Sent, _abilities, live.Behind, video, audio);
            play = new LivePlay(
                _context.Live!, live.Name, request, _seat!, this, _context.CreateRtmpLiveCursor);
        }
        catch (IOException exception)
        {
            Refuse(stream.Id, name, new TitleException(TitleError.Unavailable, exception.Message));
            return;
        }
        catch (TitleException fault)
        {
            Refuse(stream.Id, name, fault);
            return;
        }

        play.ReceiveSound(stream.ReceivesAudio);
        play.ReceivePictures(stream.ReceivesVideo);
        _live.Add(play);
    }

    private void SeekLive(LivePlay play, double milliseconds)
    {
        if (play.TrySeek(new PlayerTime(ToDuration(milliseconds))))
        {
            _announcer.Seeked(play);
        }
        else
        {
            Session.SendStatus(play.StreamId, StatusCodes.Error, StatusCodes.SeekFailed, "Nothing is kept of that time.");
        }
    }

    private bool IsLiveNow(PlayName name) => _seat is not null && _context.FindLive(name) is not null;

    private bool MayBecomeLive(PlayName name) => _seat is not null && _context.MayBecomeLive(name);

    private (string Code, string Reason)? RefusalOf(uint streamId, LiveName name) =>
        _seat is null || _context.Live is null || _context.Keys.IsClosed ? (StatusCodes.PublishBadName, "Publishing is not offered here.")
        : !name.IsValid ? (StatusCodes.PublishBadName, LiveName.Rule)
        : !_context.Keys.Allows(name.Name, name.Key, _provenKey)
        ? (StatusCodes.PublishDenied, _provenKey is null
            ? "The key is missing or wrong: publish to NAME?key=KEY." : "The key of the user is not that of this stream.")
        : _streams.Find(streamId) is { State: not PlayState.Idle } || _live?.Find(streamId) is not null
            || _publishers?.ContainsKey(streamId) is true
        ? (StatusCodes.PublishBadName, "The message stream plays or publishes already.")
        : null;

    private void OnDismissed(uint streamId, LivePublisher publisher, string reason)
    {
        if (_publishers?.GetValueOrDefault(streamId) == publisher) // else it has ended meanwhile, and another one may be there
        {
            Log.PublisherDismissed(_context.Log, _peer, publisher.Stream.Name, reason);
            Session.SendStatus(streamId, StatusCodes.Error, StatusCodes.PublishBadName, $"The stream is not published any more: {reason}.");
            EndPublishing(streamId, isFinished: false);
            DismissalReason = IsPublishing ? null : reason;
        }
    }

    private void EndPublishing(uint streamId, bool isFinished)
    {
        if (_publishers?.Remove(streamId, out LivePublisher? publisher) is true)
        {
            LastRequest = Now;
            Log.Unpublished(_context.Log, _peer, publisher.Stream.Name, isFinished ? "it was ended" : "the connection was lost");
            if (publisher.Malformed + publisher.Stream.LeftOut > 0)
            {
                Log.PublishLeftOut(
                    _context.Log, _peer, publisher.Stream.Name, publisher.Malformed, publisher.Stream.LeftOut,
                    publisher.LastFault ?? "none was malformed");
            }

            publisher.Leave(isFinished, Now);
            if (isFinished)
            {
                Session.EndPublish(streamId, $"{publisher.Stream.Name} is not published any more.");
            }
        }
    }

    private void AbandonLive()
    {
        _live?.Abandon();
        foreach (uint streamId in _publishers?.Keys.ToArray() ?? [])
        {
            EndPublishing(streamId, isFinished: false);
        }
    }
}
