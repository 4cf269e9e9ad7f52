using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

public sealed class ColorTests
{
    /// <summary>
    /// P3 primaries on a display of 1,000 cd/m², as HDR10 films have them: x265's G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450).
    /// </summary>
    [Fact]
    public void Reads_hdr10()
    {
        VideoColor color = Parse(
            Box("colr", "nclx", (short)9, (short)16, (short)9, (byte)0x80),
            Box("mdcv", (short)13250, unchecked((short)34500), (short)7500, (short)3000, unchecked((short)34000), (short)16000,
            (short)15635, (short)16450, 10_000_000, 50),
            Box("clli", (short)1000, (short)400))!;
        Assert.Equal((9, 16, 9, true, true), (color.Primaries, color.Transfer, color.Matrix, color.IsFullRange, color.IsHdr));
        Assert.Equal(new MasteringDisplay(0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329, 1000, 0.005), color.Mastering);
        Assert.Equal((1000, 400), (color.MaxContentLight, color.MaxPictureLight));
    }

    [Fact]
    public void Reads_the_boxes_of_vp9()
    {
        VideoColor color = Parse(
            Box("SmDm", 0, (short)0x4000, (short)0x2000, (short)1, (short)2, (short)3, (short)4, (short)5, (short)6, 1000 << 8, 1 << 13),
            Box("CoLL", 0, (short)800, (short)300))!;
        Assert.Equal((0.25, 0.125, 1000, 0.5),
            (color.Mastering!.Value.RedX, color.Mastering.Value.RedY, color.Mastering.Value.MaxLuminance,
            color.Mastering.Value.MinLuminance));
        Assert.Equal((800, 300), (color.MaxContentLight, color.MaxPictureLight));
        Assert.Equal((2, 2, 2), (color.Primaries, color.Transfer, color.Matrix));
        Assert.False(color.IsHdr);
    }

    [Fact]
    public void Quicktime_has_no_range_and_profiles_are_not_read()
    {
        Assert.Equal(new VideoColor(1, 1, 1, false), Parse(Box("colr", "nclc", (short)1, (short)1, (short)1)));
        Assert.Null(Parse(Box("colr", "prof", new byte[100])));
        Assert.Null(Parse());
    }

    [Fact]
    public void What_is_malformed_is_left_out() =>
        Assert.Equal(new VideoColor(1, 1, 1, false), Parse(Box("colr", "nclc", (short)1, (short)1, (short)1), Box("clli", (byte)1)));

    [Fact]
    public void Files_of_ffmpeg()
    {
        string path = Ffmpeg.Make(
            "color.mp4",
            "-f lavfi -i testsrc2=s=160x120:r=25:d=0.2 -c:v libx264 -pix_fmt yuv420p -color_primaries bt2020 -color_trc arib-std-b67 "
            + "-colorspace bt2020nc -color_range pc");
        Assert.Equal(new VideoColor(9, 18, 9, true), Mp4Files.Parse(path).Tracks[0].Color);
    }

    private static byte[] Box(string type, params object[] fields) => new EditableBox(type, Bytes(fields)).Write();

    private static VideoColor? Parse(params byte[][] boxes) => Mp4Files.Parse(new Mp4Builder().Build(moov =>
    {
        EditableBox stsd = moov["trak/mdia/minf/stbl/stsd"];
        EditableBox entry = EditableBox.Parse(stsd.Body.AsSpan(8))[0];
        entry.Body = [.. entry.Body, .. Bytes([.. boxes])];
        stsd.Body = [.. stsd.Body[..8], .. entry.Write()];
    })).Tracks[0].Color;
}
