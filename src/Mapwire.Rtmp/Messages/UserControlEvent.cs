namespace Mapwire.Rtmp.Messages;

/// <summary>Events of User Control messages (RTMP 1.0, section 7.1.7; 31 and 32 as Flash Media Server sends them).</summary>
public enum UserControlEvent : ushort
{
    /// <summary>A stream is of use now.</summary>
    StreamBegin = 0,

    /// <summary>The playback of data is over.</summary>
    StreamEof = 1,

    /// <summary>There is no more data for the moment.</summary>
    StreamDry = 2,

    /// <summary>The client's buffer, in milliseconds.</summary>
    SetBufferLength = 3,

    /// <summary>The stream is a recorded one.</summary>
    StreamIsRecorded = 4,

    /// <summary>A question for an answer; the value is a time.</summary>
    PingRequest = 6,

    /// <summary>The answer, with the same time.</summary>
    PingResponse = 7,

    /// <summary>The server has sent what the client's buffer has room for.</summary>
    BufferEmpty = 31,

    /// <summary>The server goes on sending.</summary>
    BufferReady = 32,
}
