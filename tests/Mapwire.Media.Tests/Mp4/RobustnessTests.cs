using System.Diagnostics;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>Whatever happens to a file, it is read, or refused by the one exception, and soon.</summary>
public sealed class RobustnessTests
{
    private const string Source = "-f lavfi -i testsrc2=s=64x48:r=25:d=0.6 -f lavfi -i sine=440:r=44100:d=0.6 "
        + "-c:v libx264 -preset veryfast -g 10 -bf 2 -c:a aac";

    public static TheoryData<string> Sources => ["small.mp4", "small.mov"];

    [Theory]
    [MemberData(nameof(Sources))]
    public void Truncated_at_every_length(string name)
    {
        byte[] file = File.ReadAllBytes(Ffmpeg.Make(name, Source));
        BoxHeader moov = Mp4Files.FindTop(file, "moov");
        for (int length = (int)moov.Offset; length < file.Length; length++)
        {
            Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file[..length]));
        }
    }

    /// <summary>The moov's own size is made to match, so that every box inside is cut off at every place in turn.</summary>
    [Theory]
    [MemberData(nameof(Sources))]
    public void Moov_truncated_at_every_length(string name)
    {
        byte[] file = File.ReadAllBytes(Ffmpeg.Make(name, Source));
        BoxHeader moov = Mp4Files.FindTop(file, "moov");
        byte[] whole = file.AsSpan((int)moov.Offset, (int)moov.Length).ToArray();
        for (int length = 8; length < whole.Length; length++)
        {
            byte[] cut = whole[..length];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(cut, length);
            ReadOrRefuse(cut, moov.Offset, file.Length);
        }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void One_bit_flipped_everywhere(string name)
    {
        byte[] file = File.ReadAllBytes(Ffmpeg.Make(name, Source));
        BoxHeader moov = Mp4Files.FindTop(file, "moov");
        byte[] bytes = file.AsSpan((int)moov.Offset, (int)moov.Length).ToArray();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            ReadOrRefuse(bytes, moov.Offset, file.Length);
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    /// <summary>Every aligned word set to what hurts most: nothing, the largest numbers, the sign bit.</summary>
    [Theory]
    [MemberData(nameof(Sources))]
    public void Every_word_made_extreme(string name)
    {
        byte[] file = File.ReadAllBytes(Ffmpeg.Make(name, Source));
        BoxHeader moov = Mp4Files.FindTop(file, "moov");
        byte[] bytes = file.AsSpan((int)moov.Offset, (int)moov.Length).ToArray();
        for (int at = 0; at + 4 <= bytes.Length; at++)
        {
            byte[] saved = bytes[at..(at + 4)];
            foreach (uint value in new uint[] { 0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF })
            {
                System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), value);
                ReadOrRefuse(bytes, moov.Offset, file.Length);
            }

            saved.CopyTo(bytes, at);
        }
    }

    private static void ReadOrRefuse(byte[] moov, long offset, long fileLength)
    {
        Stopwatch watch = Stopwatch.StartNew();
        try
        {
            Movie movie = MovieParser.Parse(moov, offset, fileLength);
            foreach (Track track in movie.Tracks)
            {
                long last = long.MinValue;
                foreach (Sample sample in track.Samples)
                {
                    Assert.InRange(sample.Offset, 0, fileLength - sample.Size);
                    Assert.True(sample.DecodeTime >= last);
                    last = sample.DecodeTime;
                }
            }
        }
        catch (Mp4FormatException e)
        {
            Assert.InRange(e.Offset, offset, offset + moov.Length);
        }

        BoxTree.Read(moov, offset);
        Assert.True(watch.ElapsedMilliseconds < 1000, $"It took {watch.Elapsed}.");
    }
}
