namespace Mapwire.Media.Flv;

/// <summary>The kind of picture in a video tag (FLV 10.1, E.4.3.1).</summary>
public enum VideoFrameType : byte
{
    /// <summary>Decoding can start here.</summary>
    Key = 1,

    /// <summary>Needs pictures before it.</summary>
    Inter = 2,

    /// <summary>Needs pictures before it, and none needs it (H.263 only).</summary>
    DisposableInter = 3,

    /// <summary>A key picture that a server made.</summary>
    GeneratedKey = 4,

    /// <summary>No picture: information for the client, or a command.</summary>
    Command = 5,
}
