namespace Mapwire.Media.Flv;

/// <summary>How a <see cref="MultichannelConfig"/> says which channel is which speaker (Enhanced RTMP v2, <c>AudioChannelOrder</c>).</summary>
public enum AudioChannelOrder : byte
{
    /// <summary>It does not; only their number is known.</summary>
    Unspecified = 0,

    /// <summary>By a mask of speakers, in whose order the channels are.</summary>
    Native = 1,

    /// <summary>By the number of a speaker for each channel.</summary>
    Custom = 2,
}
