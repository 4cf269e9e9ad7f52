using Mapwire.Load.Players;

namespace Mapwire.Load.Tests.Players;

/// <summary>First bytes as ffmpeg's and others' FLV writers make them.</summary>
public sealed class MediaFrameTests
{
    [Theory]
    [InlineData(0x17, 0, false, false)] // AVC sequence header
    [InlineData(0x17, 1, true, true)]
    [InlineData(0x27, 1, true, false)]
    [InlineData(0x17, 2, false, false)] // end of sequence
    [InlineData(0x1C, 0, false, false)] // HEVC by its unofficial number
    [InlineData(0x1C, 1, true, true)]
    [InlineData(0x12, 0, true, true)] // Sorenson has no packet type
    [InlineData(0x90, 'h', false, false)] // hvc1 sequence start
    [InlineData(0x91, 'h', true, true)]
    [InlineData(0xA3, 'h', true, false)] // coded frames without composition time
    public void Video(int first, int second, bool isCoded, bool isKey) =>
        Assert.Equal(new MediaFrame(isCoded, isKey), MediaFrame.OfVideo((byte)first, (byte)second));

    [Theory]
    [InlineData(0xAF, 0, false)] // AAC configuration
    [InlineData(0xAF, 1, true)]
    [InlineData(0x2F, 0xFF, true)] // MP3 has no packet type
    [InlineData(0x90, 'O', false)] // Opus sequence start
    [InlineData(0x91, 'O', true)]
    public void Audio(int first, int second, bool isCoded) =>
        Assert.Equal(new MediaFrame(isCoded, false), MediaFrame.OfAudio((byte)first, (byte)second));
}
