namespace Mapwire.Rtmp.Messages;

/// <summary>How a server has an encoder prove, in connect, that it knows a password.</summary>
public enum AuthenticationMethod
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary><c>authmod=adobe</c>: Flash Media Server's Access Manager; Flash Media Live Encoder, OBS, FFmpeg, GStreamer.</summary>
    Adobe,

    /// <summary><c>authmod=llnw</c>: Limelight's form of HTTP's digest; OBS, FFmpeg.</summary>
    Limelight,
}
