namespace Mapwire.Rtmp.Messages;

/// <summary>Levels and codes of onStatus, _result and _error (RTMP 1.0, section 7.2; Flash Media Server's list).</summary>
public static class StatusCodes
{
#pragma warning disable CS1591 // the codes are the wire's own
    public const string Status = "status";
    public const string Warning = "warning";
    public const string Error = "error";

    public const string ConnectSuccess = "NetConnection.Connect.Success";
    public const string ConnectRejected = "NetConnection.Connect.Rejected";
    public const string ConnectReconnectRequest = "NetConnection.Connect.ReconnectRequest";
    public const string CallFailed = "NetConnection.Call.Failed";
    public const string PlayReset = "NetStream.Play.Reset";
    public const string PlayStart = "NetStream.Play.Start";
    public const string PlayStop = "NetStream.Play.Stop";
    public const string PlayComplete = "NetStream.Play.Complete";
    public const string PlaySwitch = "NetStream.Play.Switch";
    public const string PlayFailed = "NetStream.Play.Failed";
    public const string PlayStreamNotFound = "NetStream.Play.StreamNotFound";
    public const string PlayTransition = "NetStream.Play.Transition";
    public const string PlayTransitionComplete = "NetStream.Play.TransitionComplete";
    public const string SeekNotify = "NetStream.Seek.Notify";
    public const string SeekFailed = "NetStream.Seek.Failed";
    public const string PauseNotify = "NetStream.Pause.Notify";
    public const string UnpauseNotify = "NetStream.Unpause.Notify";
    public const string PublishBadName = "NetStream.Publish.BadName";
    public const string PublishDenied = "NetStream.Publish.Denied";
    public const string DataStart = "NetStream.Data.Start";
#pragma warning restore CS1591
}
