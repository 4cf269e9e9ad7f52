using System.Globalization;
using System.Text;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Memory.Tests.Processes;

public sealed class SampleTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void MmapWrite_writes_a_number_and_MmapRead_doubles_it()
    {
        string path = _folder["number"];
        for (int round = 0; round < 3; round++)
        {
            (int exit, string output, _) = SampleProgram.Run("MmapWrite", path);
            Assert.Equal(0, exit);
            int written = Number(path, length: 0x100);
            Assert.InRange(written, -100, 100);
            Assert.Equal($"wrote: {written}\n", output);

            Assert.Equal((0, $"value: {written}\n", ""), SampleProgram.Run("MmapRead", path));
            Assert.Equal(2 * written, Number(path, length: 0x100));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(0x100)]
    [InlineData(5000)]
    public void MmapWrite_grows_a_short_file_and_leaves_the_rest_of_a_long_one(int length)
    {
        string path = _folder.Write("number", length);
        Assert.Equal(0, SampleProgram.Run("MmapWrite", path).ExitCode);
        Number(path, Math.Max(0x100, length));
        byte[] bytes = File.ReadAllBytes(path);
        for (int i = 0x100; i < length; i++)
        {
            Assert.Equal(TempFolder.Pattern(i), bytes[i]);
        }
    }

    [Fact]
    public void MmapRead_refuses_what_is_not_a_number()
    {
        string path = _folder["text"];
        File.WriteAllText(path, "no number");
        (int exit, string output, string error) = SampleProgram.Run("MmapRead", path);
        Assert.Equal((1, ""), (exit, output));
        Assert.Contains("does not begin with a number", error);
        Assert.Equal("no number", File.ReadAllText(path));
        Assert.Equal(2, SampleProgram.Run("MmapRead").ExitCode);
    }

    [Fact]
    public void PrivateCopy_changes_memory_and_not_the_file()
    {
        string path = _folder["text"];
        File.WriteAllText(path, "quiet words");
        Assert.Equal((0, "copy: QUIET WORDS\nfile: quiet words\n", ""), SampleProgram.Run("PrivateCopy", path));
        Assert.Equal("quiet words", File.ReadAllText(path));
    }

    [Fact]
    public void SharedUpdate_counts_every_step_of_both_processes()
    {
        string path = _folder["counter"];
        Assert.Equal((0, "counter: 200\n", ""), SampleProgram.Run("SharedUpdate", path, "100"));
        Assert.Equal((0, "counter: 300\n", ""), SampleProgram.Run("SharedUpdate", path, "50"));
        Assert.Equal(300, BitConverter.ToInt64(File.ReadAllBytes(path)));
    }

    [Fact]
    public void ZeroPages_hands_out_zeros()
    {
        (int exit, string output, string error) = SampleProgram.Run("ZeroPages");
        Assert.Equal((0, ""), (exit, error));
        Assert.Equal(
            "1 bytes, all zero: True\n10 bytes, all zero: True\n100 bytes, all zero: True\n1000 bytes, all zero: True\n"
            + "used: 1152 of 65536\n", output);
    }

    private static int Number(string path, int length)
    {
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(length, bytes.Length);
        int end = bytes.AsSpan(0, 0x100).IndexOf((byte)0);
        Assert.True(bytes.AsSpan(end, 0x100 - end).IndexOfAnyExcept((byte)0) < 0);
        return int.Parse(Encoding.ASCII.GetString(bytes, 0, end), CultureInfo.InvariantCulture);
    }
}
