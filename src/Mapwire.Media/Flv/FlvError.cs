namespace Mapwire.Media.Flv;

/// <summary>What is wrong with FLV bytes.</summary>
public enum FlvError
{
    /// <summary>The file's or a tag's header is not one.</summary>
    BadHeader,

    /// <summary>A tag's body has a header that is not defined.</summary>
    BadTagHeader,

    /// <summary>A codec configuration is malformed.</summary>
    BadCodecConfiguration,

    /// <summary>There is more than the limits allow.</summary>
    LimitExceeded,
}
