using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

public sealed class BoxTreeTests
{
    [Fact]
    public void Lists_all_boxes_down_to_the_codec_configuration()
    {
        byte[] file = new Mp4Builder().Build();
        string[] lines = [.. BoxTree.Read(file, 0).Select(node => new string(' ', node.Depth) + node.Type)];
        Assert.Equal(
            [
                "ftyp", "mdat", "moov", " mvhd", " trak", "  tkhd", "  mdia", "   mdhd", "   hdlr", "   minf", "    vmhd", "    stbl",
                "     stsd", "      avc1", "       avcC", "     stts", "     stss", "     stsc", "     stsz", "     stco",
            ],
            lines);
    }

    [Fact]
    public void Offsets_and_sizes_are_the_files()
    {
        byte[] file = new Mp4Builder().Build();
        foreach (BoxNode node in BoxTree.Read(file, 1000))
        {
            ReadOnlySpan<byte> at = file.AsSpan((int)(node.Offset - 1000));
            Assert.Equal(node.Type, FourCc.Read(at[4..]));
            Assert.Equal(node.Length, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(at));
            Assert.Equal(8, node.HeaderLength);
            Assert.Null(node.Fault);
        }
    }

    [Theory]
    [InlineData("bframes.mp4", "  esds")]
    [InlineData("bframes.mov", "   esds")]
    public void Looks_into_sound_descriptions(string name, string expected)
    {
        byte[] file = File.ReadAllBytes(Ffmpeg.Make(name, ReferenceTests.Files.Single(row => row.Data.Item1 == name).Data.Item2));
        BoxHeader moov = Mp4Files.FindTop(file, "moov");
        IEnumerable<BoxNode> nodes = BoxTree.Read(file.AsSpan((int)moov.Offset, (int)moov.Length), moov.Offset);
        int depth = nodes.First(node => node.Type == new FourCc("mp4a")).Depth;
        Assert.Contains(expected, nodes.Select(node => new string(' ', Math.Max(0, node.Depth - depth + 1)) + node.Type));
        Assert.All(nodes, node => Assert.Null(node.Fault));
    }

    [Fact]
    public void A_bad_box_is_listed_with_its_fault_and_its_parents_siblings_go_on()
    {
        byte[] file = [.. new EditableBox("moov", new EditableBox("udta", Bytes(3, "bad!", 0))).Write(), .. Bytes(8, "free")];
        BoxNode[] nodes = [.. BoxTree.Read(file, 0)];
        Assert.Equal(["moov", "udta", "bad!", "free"], nodes.Select(node => node.Type.ToString()));
        Assert.Equal("a size of 3 is smaller than the header of 8", nodes[2].Fault);
        Assert.Equal(16, nodes[2].Offset);
        Assert.Equal(12, nodes[2].Length);
    }

    [Fact]
    public void Depth_and_number_are_bounded()
    {
        byte[] nested = [];
        for (int i = 0; i < 5000; i++)
        {
            nested = i == 0 ? Bytes(8, "trak") : [.. Bytes(nested.Length + 8, "trak"), .. nested];
        }

        Assert.Equal(16, BoxTree.Read(nested, 0).Length);
        byte[] many = Bytes([.. Enumerable.Repeat<object>(Bytes(8, "free"), 2000)]);
        Assert.Equal(100, BoxTree.Read(many, 0, new MediaLimits { ListedBoxes = 100 }).Length);
    }
}
