namespace Mapwire.Rtmp.Messages;

/// <summary>Names of commands and data messages.</summary>
public static class CommandNames
{
    /// <summary>Opens an application.</summary>
    public const string Connect = "connect";

    /// <summary>Asks for a message stream.</summary>
    public const string CreateStream = "createStream";

    /// <summary>Gives a message stream back.</summary>
    public const string DeleteStream = "deleteStream";

    /// <summary>Ends what plays on a message stream.</summary>
    public const string CloseStream = "closeStream";

    /// <summary>Plays a stream.</summary>
    public const string Play = "play";

    /// <summary>Switches to another version of what plays.</summary>
    public const string Play2 = "play2";

    /// <summary>Goes to another time.</summary>
    public const string Seek = "seek";

    /// <summary>Stops or goes on.</summary>
    public const string Pause = "pause";

    /// <summary>Pause, as Flash sends it for its own buffering.</summary>
    public const string PauseRaw = "pauseRaw";

    /// <summary>Turns audio on or off.</summary>
    public const string ReceiveAudio = "receiveAudio";

    /// <summary>Turns video on or off.</summary>
    public const string ReceiveVideo = "receiveVideo";

    /// <summary>Asks for a stream's duration.</summary>
    public const string GetStreamLength = "getStreamLength";

    /// <summary>Wants to send a stream.</summary>
    public const string Publish = "publish";

    /// <summary>A publisher frees a name.</summary>
    public const string ReleaseStream = "releaseStream";

    /// <summary>A publisher announces a name.</summary>
    public const string FCPublish = "FCPublish";

    /// <summary>A publisher is done with a name.</summary>
    public const string FCUnpublish = "FCUnpublish";

    /// <summary>What Flash Media Server tells a publisher that sent FCPublish, once the name is published.</summary>
    public const string OnFCPublish = "onFCPublish";

    /// <summary>A player announces a name.</summary>
    public const string FCSubscribe = "FCSubscribe";

    /// <summary>A player is done with a name.</summary>
    public const string FCUnsubscribe = "FCUnsubscribe";

    /// <summary>A player asks for a measurement.</summary>
    public const string CheckBandwidth = "_checkbw";

    /// <summary>The answer to a command.</summary>
    public const string Result = "_result";

    /// <summary>The answer to a command that failed.</summary>
    public const string Error = "_error";

    /// <summary>What happens on a stream or connection.</summary>
    public const string OnStatus = "onStatus";

    /// <summary>Data: a stream's properties.</summary>
    public const string OnMetaData = "onMetaData";

    /// <summary>Data, in front of onMetaData: the server keeps what follows for players who come later.</summary>
    public const string SetDataFrame = "@setDataFrame";

    /// <summary>Data: the server no longer keeps what @setDataFrame gave it.</summary>
    public const string ClearDataFrame = "@clearDataFrame";

    /// <summary>Data: a playlist's progress.</summary>
    public const string OnPlayStatus = "onPlayStatus";

    /// <summary>Data: whether a player may look into samples.</summary>
    public const string RtmpSampleAccess = "|RtmpSampleAccess";
}
