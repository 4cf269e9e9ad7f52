namespace Mapwire.Media.Codecs;

/// <summary>
/// What matters here of video usability information, whose beginning AVC and HEVC share (ITU-T H.264, E.1.1; H.265, E.2.1).
/// </summary>
internal static class VideoUsability
{
    private const uint ExtendedRatio = 255;

    /// <summary>Reads up to the description of colours.</summary>
    /// <param name="bits">Where vui_parameters_present_flag stands.</param>
    /// <returns>Null when colours are not described, and when the set ends before that.</returns>
    internal static VideoColor? ReadColor(ref BitReader bits)
    {
        // present(1) | aspect_ratio_info_present(1) [ idc(8) [ width(16) height(16) ] ] | overscan_info_present(1) [ appropriate(1) ]
        // | video_signal_type_present(1) [ format(3) full_range(1) colour_description_present(1) [ primaries(8) transfer(8) matrix(8) ] ]
        if (!bits.ReadFlag())
        {
            return null;
        }

        if (bits.ReadFlag() && bits.ReadBits(8) == ExtendedRatio)
        {
            bits.Skip(32);
        }

        if (bits.ReadFlag())
        {
            bits.Skip(1);
        }

        if (!bits.ReadFlag())
        {
            return null;
        }

        bits.Skip(3);
        bool isFullRange = bits.ReadFlag();
        VideoColor color = VideoColor.Unknown with { IsFullRange = isFullRange };
        if (bits.ReadFlag())
        {
            color = new VideoColor((int)bits.ReadBits(8), (int)bits.ReadBits(8), (int)bits.ReadBits(8), isFullRange);
        }

        return bits.IsPastEnd ? null : color;
    }
}
