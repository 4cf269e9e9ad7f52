using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Live;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>
/// What a player is told around the media, in the order that players rely on: the first status is Reset or Start (GStreamer's
/// rtmp2src), Seek.Notify before the media of a seek (ffmpeg drops what comes earlier), StreamEOF last of all (rtmp2src stops there).
/// </summary>
internal readonly struct PlayAnnouncer(ServerSession session)
{
    /// <summary>A title begins.</summary>
    /// <param name="stream">Has its cursor where it begins.</param>
    /// <param name="reset">Whether the player's playlist was forgotten.</param>
    public void Started(PlayerStream stream, bool reset)
    {
        Begin(stream);
        if (reset)
        {
            Status(stream, StatusCodes.PlayReset, $"Playing and resetting {stream.Name}.");
        }

        Status(stream, StatusCodes.PlayStart, $"Started playing {stream.Name}.");
        WarnOfMissing(stream);
        uint time = Timestamp(stream);
        session.SendSampleAccess(stream.Id, time, audio: true, video: true);
        SendMetadata(stream, time);
        Send(stream, time, LaneMessages.HeadersAt(stream.Cursor!, before: null));
    }

    /// <summary>The next play of those that the player lined up begins.</summary>
    public void Switched(PlayerStream stream) => session.SendPlayStatus(stream.Id, Timestamp(stream), StatusCodes.PlaySwitch);

    /// <summary>
    /// The next part of a reel begins: for the player one film goes on, so it is told what is different and nothing else.
    /// </summary>
    /// <param name="stream">Has its cursor where the part begins.</param>
    /// <param name="before">The cursor that is over.</param>
    public void Continued(PlayerStream stream, StripCursor before)
    {
        uint time = Timestamp(stream);
        if (stream.Cursor!.Title != before.Title)
        {
            session.SendPlayStatus(stream.Id, time, StatusCodes.PlaySwitch);
            WarnOfMissing(stream);
            SendMetadata(stream, time);
        }

        Send(stream, time, LaneMessages.HeadersAt(stream.Cursor!, before));
    }

    /// <summary>The cursor is at another place of the reel.</summary>
    public void Seeked(PlayerStream stream)
    {
        Begin(stream);
        Status(stream, StatusCodes.SeekNotify, $"Seeking {stream.Cursor!.Time.Milliseconds} ms.");
        Status(stream, StatusCodes.PlayStart, $"Started playing {stream.Name}.");
        Send(stream, Timestamp(stream), LaneMessages.HeadersAt(stream.Cursor!, before: null));
    }

    /// <summary>The player paused or goes on.</summary>
    public void Paused(PlayerStream stream, bool paused)
    {
        if (paused)
        {
            Status(stream, StatusCodes.PauseNotify, $"Pausing {stream.Name}.");
        }
        else
        {
            Status(stream, StatusCodes.UnpauseNotify, $"Unpausing {stream.Name}.");
        }
    }

    /// <summary>Everything was sent.</summary>
    public void Ended(PlayerStream stream)
    {
        Send(stream, Timestamp(stream), LaneMessages.EndsOf(stream.Cursor!.Title));
        session.SendPlayComplete(stream.Id, Timestamp(stream), stream.PlayedSeconds, stream.BytesSent);
        Stopped(stream, $"Stopped playing {stream.Name}.");
    }

    /// <summary>The file changed, or can no longer be read: this is the end, without Play.Complete.</summary>
    public void Lost(PlayerStream stream, string reason) => Stopped(stream, $"Stopped playing {stream.Name}: {reason}.");

    /// <summary>A live stream begins for this player.</summary>
    public void Started(LivePlay play)
    {
        session.SendStreamBegin(play.StreamId);
        Status(play, StatusCodes.PlayReset, $"Playing and resetting {play.SentName}.");
        Status(play, StatusCodes.PlayStart, $"Started playing {play.SentName}.");
        session.SendSampleAccess(play.StreamId, 0, audio: true, video: true);
        session.SendData(play.StreamId, 0, play.Cursor!.Tracks.Metadata.Span);
        Send(play.StreamId, 0, LaneMessages.HeadersOf(play.Cursor.Tracks.Codecs, before: null));
    }

    /// <summary>The tracks of a live stream are others from here on.</summary>
    public void Changed(LivePlay play, LiveCursor before)
    {
        uint time = Timestamp(before);
        session.SendData(play.StreamId, time, play.Cursor!.Tracks.Metadata.Span);
        Send(play.StreamId, time, LaneMessages.HeadersOf(play.Cursor.Tracks.Codecs, before.Tracks.Codecs));
    }

    /// <summary>The player was too slow for a live stream.</summary>
    public void Skipped(LivePlay play) => session.SendStatus(
        play.StreamId, StatusCodes.Warning, StatusCodes.PlayInsufficientBandwidth,
        "Too slow for the stream: it goes on with the newest picture.", play.SentName);

    /// <summary>The player is at another place of a live stream.</summary>
    public void Seeked(LivePlay play)
    {
        session.SendStreamBegin(play.StreamId);
        Status(play, StatusCodes.SeekNotify, "Seeking.");
        Status(play, StatusCodes.PlayStart, $"Started playing {play.SentName}.");
        Send(play.StreamId, Timestamp(play.Cursor!), LaneMessages.HeadersOf(play.Cursor!.Tracks.Codecs, before: null));
    }

    /// <summary>The player paused a live stream, or goes on with the newest picture.</summary>
    public void Paused(LivePlay play, bool paused) => Status(
        play, paused ? StatusCodes.PauseNotify : StatusCodes.UnpauseNotify, $"{(paused ? "Pausing" : "Unpausing")} {play.SentName}.");

    /// <summary>A live stream is over.</summary>
    public void Ended(LivePlay play)
    {
        if (play.Cursor is { } cursor)
        {
            Send(play.StreamId, Timestamp(cursor), LaneMessages.EndsOf(cursor.Tracks.Codecs));
        }

        Status(play, StatusCodes.PlayUnpublishNotify, $"{play.SentName} is not published any more.");
        Status(play, StatusCodes.PlayStop, $"Stopped playing {play.SentName}.");
        session.SendStreamEof(play.StreamId);
    }

    private static uint Timestamp(LiveCursor cursor) => unchecked((uint)cursor.Time.Milliseconds);

    private static uint Timestamp(PlayerStream stream) => unchecked((uint)stream.Cursor!.PlayerTime.Milliseconds);

    private void Begin(PlayerStream stream)
    {
        session.SendStreamIsRecorded(stream.Id);
        session.SendStreamBegin(stream.Id);
    }

    private void Stopped(PlayerStream stream, string description)
    {
        Status(stream, StatusCodes.PlayStop, description);
        session.SendStreamEof(stream.Id);
    }

    private void Status(PlayerStream stream, string code, string description) =>
        session.SendStatus(stream.Id, StatusCodes.Status, code, description, stream.Name);

    private void Status(LivePlay play, string code, string description) =>
        session.SendStatus(play.StreamId, StatusCodes.Status, code, description, play.SentName);

    private void WarnOfMissing(PlayerStream stream)
    {
        foreach (string reason in stream.Reel!.Parts[stream.Part].Missing ?? [])
        {
            session.SendStatus(stream.Id, StatusCodes.Warning, StatusCodes.PlayTrackLeftOut, reason, stream.Name);
        }
    }

    private void SendMetadata(PlayerStream stream, uint time) =>
        session.SendData(stream.Id, time, stream.Reel!.MetadataOf(stream.Part).Span);

    private void Send(PlayerStream stream, uint time, IEnumerable<LaneMessage> messages) => Send(stream.Id, time, messages);

    private void Send(uint streamId, uint time, IEnumerable<LaneMessage> messages)
    {
        foreach ((int lane, ReadOnlyMemory<byte> body) in messages)
        {
            if (StripEntry.IsVideoLane(lane))
            {
                session.SendVideo(streamId, time, body.Span);
            }
            else
            {
                session.SendAudio(streamId, time, body.Span);
            }
        }
    }
}
