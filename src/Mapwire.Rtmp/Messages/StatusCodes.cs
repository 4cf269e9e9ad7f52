namespace Mapwire.Rtmp.Messages;

/// <summary>Levels and codes of onStatus, _result and _error (RTMP 1.0, section 7.2; Flash Media Server's list).</summary>
public static class StatusCodes
{
    /// <summary>Level: as it should be.</summary>
    public const string Status = "status";

    /// <summary>Level: not quite.</summary>
    public const string Warning = "warning";

    /// <summary>Level: failed.</summary>
    public const string Error = "error";

    /// <summary>connect was accepted.</summary>
    public const string ConnectSuccess = "NetConnection.Connect.Success";

    /// <summary>connect was refused.</summary>
    public const string ConnectRejected = "NetConnection.Connect.Rejected";

    /// <summary>The server ends the connection.</summary>
    public const string ConnectClosed = "NetConnection.Connect.Closed";

    /// <summary>The client is asked to connect again (Enhanced RTMP v2).</summary>
    public const string ConnectReconnectRequest = "NetConnection.Connect.ReconnectRequest";

    /// <summary>A command failed, or there is none of its name.</summary>
    public const string CallFailed = "NetConnection.Call.Failed";

    /// <summary>The playlist was emptied.</summary>
    public const string PlayReset = "NetStream.Play.Reset";

    /// <summary>Playback starts.</summary>
    public const string PlayStart = "NetStream.Play.Start";

    /// <summary>Playback stopped.</summary>
    public const string PlayStop = "NetStream.Play.Stop";

    /// <summary>All was sent; the code of onPlayStatus.</summary>
    public const string PlayComplete = "NetStream.Play.Complete";

    /// <summary>The next of a playlist begins; the code of onPlayStatus.</summary>
    public const string PlaySwitch = "NetStream.Play.Switch";

    /// <summary>Playback failed.</summary>
    public const string PlayFailed = "NetStream.Play.Failed";

    /// <summary>There is no picture, or no sound, though the film has one that this player cannot be sent. A code of this server.</summary>
    public const string PlayTrackLeftOut = "NetStream.Play.TrackLeftOut";

    /// <summary>There is no such stream.</summary>
    public const string PlayStreamNotFound = "NetStream.Play.StreamNotFound";

    /// <summary>The stream is not published any more.</summary>
    public const string PlayUnpublishNotify = "NetStream.Play.UnpublishNotify";

    /// <summary>The client reads more slowly than a live stream is published, and something was left out.</summary>
    public const string PlayInsufficientBandwidth = "NetStream.Play.InsufficientBW";

    /// <summary>play2 was taken.</summary>
    public const string PlayTransition = "NetStream.Play.Transition";

    /// <summary>play2 has happened; the code of onPlayStatus.</summary>
    public const string PlayTransitionComplete = "NetStream.Play.TransitionComplete";

    /// <summary>Media from the new time follows.</summary>
    public const string SeekNotify = "NetStream.Seek.Notify";

    /// <summary>Seeking failed.</summary>
    public const string SeekFailed = "NetStream.Seek.Failed";

    /// <summary>Playback pauses.</summary>
    public const string PauseNotify = "NetStream.Pause.Notify";

    /// <summary>Playback goes on.</summary>
    public const string UnpauseNotify = "NetStream.Unpause.Notify";

    /// <summary>The name is published: media may come.</summary>
    public const string PublishStart = "NetStream.Publish.Start";

    /// <summary>The name is not published any more.</summary>
    public const string UnpublishSuccess = "NetStream.Unpublish.Success";

    /// <summary>The name cannot be published.</summary>
    public const string PublishBadName = "NetStream.Publish.BadName";

    /// <summary>Publishing is not allowed. librtmp, and with it OBS, closes the connection then; at a bad name it waits.</summary>
    public const string PublishDenied = "NetStream.Publish.Denied";

    /// <summary>Data messages begin.</summary>
    public const string DataStart = "NetStream.Data.Start";
}
