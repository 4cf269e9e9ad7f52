using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Catalog;

namespace Mapwire.Server.Playback;

/// <summary>
/// What a player is told around the media, in the order that players rely on: the first status is Reset or Start (GStreamer's
/// rtmp2src), Seek.Notify before the media of a seek (ffmpeg drops what comes earlier), StreamEOF last of all (rtmp2src stops there).
/// </summary>
internal sealed class PlayAnnouncer(ServerSession session)
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
        uint time = Timestamp(stream);
        session.SendSampleAccess(stream.Id, time, audio: true, video: true);
        SendMetadata(stream, time);
        SendSequenceHeaders(stream, time);
    }

    /// <summary>The cursor is at another place of the same title.</summary>
    public void Seeked(PlayerStream stream)
    {
        Begin(stream);
        Status(stream, StatusCodes.SeekNotify, $"Seeking {stream.Cursor!.Time} ms.");
        Status(stream, StatusCodes.PlayStart, $"Started playing {stream.Name}.");
        SendSequenceHeaders(stream, Timestamp(stream));
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
        StripCursor cursor = stream.Cursor!;
        session.SendPlayComplete(stream.Id, Timestamp(stream), cursor.PlayedSeconds, cursor.BytesSent);
        Stopped(stream, $"Stopped playing {stream.Name}.");
    }

    /// <summary>The file changed under the title: this is the end, without Play.Complete.</summary>
    public void Lost(PlayerStream stream) => Stopped(stream, $"The file of {stream.Name} changed.");

    private static uint Timestamp(PlayerStream stream) => unchecked((uint)stream.Cursor!.PlayerTime);

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

    private void SendMetadata(PlayerStream stream, uint time) =>
        session.SendData(stream.Id, time, stream.Cursor!.Title.Metadata.Span);

    private void SendSequenceHeaders(PlayerStream stream, uint time)
    {
        TitleCodecs codecs = stream.Cursor!.Title.Codecs;
        if (codecs.VideoSequenceHeader is { } video)
        {
            session.SendVideo(stream.Id, time, video);
        }

        if (codecs.AudioSequenceHeader is { } audio)
        {
            session.SendAudio(stream.Id, time, audio);
        }
    }
}
