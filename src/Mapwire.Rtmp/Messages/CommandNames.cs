namespace Mapwire.Rtmp.Messages;

/// <summary>Names of commands and data messages.</summary>
public static class CommandNames
{
#pragma warning disable CS1591 // the names are the wire's own
    public const string Connect = "connect";
    public const string CreateStream = "createStream";
    public const string DeleteStream = "deleteStream";
    public const string CloseStream = "closeStream";
    public const string Play = "play";
    public const string Play2 = "play2";
    public const string Seek = "seek";
    public const string Pause = "pause";
    public const string PauseRaw = "pauseRaw";
    public const string ReceiveAudio = "receiveAudio";
    public const string ReceiveVideo = "receiveVideo";
    public const string GetStreamLength = "getStreamLength";
    public const string Publish = "publish";
    public const string ReleaseStream = "releaseStream";
    public const string FCPublish = "FCPublish";
    public const string FCUnpublish = "FCUnpublish";
    public const string FCSubscribe = "FCSubscribe";
    public const string FCUnsubscribe = "FCUnsubscribe";
    public const string CheckBandwidth = "_checkbw";
    public const string Result = "_result";
    public const string Error = "_error";
    public const string OnStatus = "onStatus";
    public const string OnMetaData = "onMetaData";
    public const string OnPlayStatus = "onPlayStatus";
    public const string RtmpSampleAccess = "|RtmpSampleAccess";
#pragma warning restore CS1591
}
