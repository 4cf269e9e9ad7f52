using System.Collections.Immutable;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
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
        SendSequenceHeaders(stream, time, before: null);
    }

    /// <summary>The next play of those that the player lined up begins.</summary>
    public void Switched(PlayerStream stream) => session.SendPlayStatus(stream.Id, Timestamp(stream), StatusCodes.PlaySwitch);

    /// <summary>
    /// The next part of a reel begins: for the player one film goes on, so it is told what is different and nothing else.
    /// </summary>
    /// <param name="stream">Has its cursor where the part begins.</param>
    /// <param name="before">The cursor that is over.</param>
    public void Continued(PlayerStream stream, StripCursor<RtmpFraming> before)
    {
        uint time = Timestamp(stream);
        if (stream.Cursor!.Title != before.Title)
        {
            session.SendPlayStatus(stream.Id, time, StatusCodes.PlaySwitch);
            WarnOfMissing(stream);
            SendMetadata(stream, time);
        }

        SendSequenceHeaders(stream, time, before);
    }

    /// <summary>The cursor is at another place of the reel.</summary>
    public void Seeked(PlayerStream stream)
    {
        Begin(stream);
        Status(stream, StatusCodes.SeekNotify, $"Seeking {stream.Cursor!.Time.Milliseconds} ms.");
        Status(stream, StatusCodes.PlayStart, $"Started playing {stream.Name}.");
        SendSequenceHeaders(stream, Timestamp(stream), before: null);
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
        SendSequenceEnds(stream, Timestamp(stream));
        session.SendPlayComplete(stream.Id, Timestamp(stream), stream.PlayedSeconds, stream.BytesSent);
        Stopped(stream, $"Stopped playing {stream.Name}.");
    }

    /// <summary>The file changed, or can no longer be read: this is the end, without Play.Complete.</summary>
    public void Lost(PlayerStream stream, string reason) => Stopped(stream, $"Stopped playing {stream.Name}: {reason}.");

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

    private void WarnOfMissing(PlayerStream stream)
    {
        foreach (string reason in stream.Reel!.Parts[stream.Part].Missing ?? [])
        {
            session.SendStatus(stream.Id, StatusCodes.Warning, StatusCodes.PlayTrackLeftOut, reason, stream.Name);
        }
    }

    private void SendMetadata(PlayerStream stream, uint time) =>
        session.SendData(stream.Id, time, stream.Reel!.MetadataOf(stream.Part).Span);

    /// <summary>Tells configurations and colours; all of them, or those that differ from what counted before.</summary>
    private void SendSequenceHeaders(PlayerStream stream, uint time, StripCursor<RtmpFraming>? before)
    {
        StripCursor<RtmpFraming> cursor = stream.Cursor!;
        int lanes = Math.Max(cursor.Title.Codecs.Lanes.Length, before?.Title.Codecs.Lanes.Length ?? 0);
        for (int lane = 0; lane < lanes; lane++)
        {
            TitleLane? next = LaneOf(cursor, lane);
            TitleLane? last = before is null ? null : LaneOf(before, lane);
            if (next is null)
            {
                Send(stream, lane, time, last?.SequenceEnd);
                continue;
            }

            ReadOnlySpan<byte> header = HeaderAt(cursor, lane);
            if (last is null || !header.SequenceEqual(HeaderAt(before!, lane)))
            {
                Send(stream, lane, time, header);
            }

            if (last is null || !next.ColorInfo.AsSpan().SequenceEqual(last.ColorInfo))
            {
                Send(stream, lane, time, next.ColorInfo ?? (last?.ColorInfo is null ? null : next.ColorReset));
            }
        }
    }

    private static TitleLane? LaneOf(StripCursor<RtmpFraming> cursor, int lane) =>
        lane < cursor.Title.Codecs.Lanes.Length ? cursor.Title.Codecs.Lanes[lane] : null;

    /// <summary>The configuration that counts where a cursor stands.</summary>
    private static ReadOnlySpan<byte> HeaderAt(StripCursor<RtmpFraming> cursor, int lane) =>
        cursor.Title.Strip.ChangeBefore(cursor.Place, lane) is { } change
        ? cursor.Title.Codecs.Changes.Slice((int)change.Offset, change.Size)
        : LaneOf(cursor, lane)?.SequenceHeader;

    private void SendSequenceEnds(PlayerStream stream, uint time)
    {
        ImmutableArray<TitleLane?> lanes = stream.Cursor!.Title.Codecs.Lanes;
        for (int lane = 0; lane < lanes.Length; lane++)
        {
            Send(stream, lane, time, lanes[lane]?.SequenceEnd);
        }
    }

    private void Send(PlayerStream stream, int lane, uint time, ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return;
        }

        if (lane == StripEntry.VideoLane)
        {
            session.SendVideo(stream.Id, time, body);
        }
        else
        {
            session.SendAudio(stream.Id, time, body);
        }
    }
}
