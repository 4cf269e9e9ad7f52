using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests;

/// <summary>
/// Files that once played wrongly or not at all, made anew with ffmpeg and damaged by hand, against what ffprobe reads of them.
/// </summary>
public sealed class DifferentialTests
{
    private const string Source =
        "-f lavfi -i testsrc=s=160x120:r=10 -f lavfi -i sine=r=44100 -t 10 -c:v libx264 -g 10 -pix_fmt yuv420p -preset ultrafast "
        + "-c:a aac -b:a 32k";

    /// <summary>
    /// File name, what is done to it, and how many packets ffprobe may have that are not played: damage that it passes on.
    /// </summary>
    public static TheoryData<string, string, int> Cases => new()
    {
        { "whole.flv", "nothing", 0 },
        { "whole.flv", "hole", 1 },
        { "whole.flv", "size", 1 },
        { "whole.flv", "gap", 0 },
        { "whole.flv", "cut", 1 },
        { "fragments.mp4", "nothing", 0 },
        { "fragments.mp4", "no sync", 0 },
        { "faststart.mp4", "nothing", 0 },
        { "faststart.mp4", "cut", 1 },
        { "unplayed-first.mp4", "nothing", 0 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Samples_are_those_of_ffprobe(string name, string damage, int mostPartial)
    {
        string source = Ffmpeg.Make($"differential-{name}", name switch
        {
            "whole.flv" => Source,
            "fragments.mp4" => $"{Source} -movflags frag_keyframe+empty_moov+default_base_moof",
            "faststart.mp4" => $"{Source} -movflags +faststart",
            _ => "-f lavfi -i testsrc=s=160x120:r=10 -f lavfi -i sine=r=44100 -t 4 -map 1:a -map 0:v -c:a alac -c:v libx264 -g 10 "
                + "-preset ultrafast "
                + "-movflags frag_keyframe+empty_moov+omit_tfhd_offset",
        });
        byte[] file = Damage(File.ReadAllBytes(source), damage);
        string path = Ffmpeg.NewPath(Path.GetExtension(name));
        File.WriteAllBytes(path, file);
        Movie movie = MovieFiles.Parse(file);
        int headers = name.EndsWith(".flv", StringComparison.Ordinal) ? 11 : 0;
        foreach (Track track in movie.Tracks.Where(static track => track.Codec is not null))
        {
            string stream = track.Kind == TrackKind.Video ? "v:0" : "a:0";
            Packet[] expected = [.. Ffmpeg.Packets(path, stream).Where(packet => !packet.IsDiscarded || packet.Pts < 0)];
            int own = headers == 0 ? 0 : headers + (track.Kind == TrackKind.Video ? 5 : 2);
            Dictionary<long, Packet> byPlace =
                expected.GroupBy(packet => packet.Position + own).ToDictionary(group => group.Key, group => group.First());
            long? shift = null;
            foreach (Sample sample in track.Samples)
            {
                Assert.True(byPlace.TryGetValue(sample.Offset, out Packet packet), $"{stream}: ffprobe has nothing at {sample.Offset}");
                Assert.Equal(packet.Size, sample.Size);
                double milliseconds = 1000.0 / track.Timescale;
                shift ??= sample.PresentationTime - packet.Pts;
                Assert.InRange((sample.PresentationTime - packet.Pts - shift.Value) * milliseconds, -1, 1);
            }

            Assert.InRange(expected.Length - track.SampleCount, 0, mostPartial);
        }
    }

    private static byte[] Damage(byte[] file, string damage)
    {
        switch (damage)
        {
            case "hole":
                int[] tags = Tags(file);
                file.AsSpan(tags[tags.Length / 2] - 100, 512).Clear();
                return file;
            case "size":
                int sound = Tags(file).Skip(Tags(file).Length / 2).First(tag => file[tag] == 8);
                file[sound + 3] ^= 0x10;
                return file;
            case "gap":
                int third = Tags(file)[3];
                return [.. file[..third], .. new byte[1000], .. file[third..]];
            case "cut":
                return file[..(file.Length * 2 / 3)];
            case "no sync":
                // sample_is_non_sync_sample wherever a run has first flags or tfhd has defaults
                for (int at = file.AsSpan().IndexOf("tfhd"u8); at > 0; at = Next(file, at, "tfhd"u8))
                {
                    if ((file[at + 7] & 0x20) != 0)
                    {
                        file[at + 7 + 5 + Fields(file[at + 7])] |= 1;
                    }
                }

                return file;
            default:
                return file;
        }
    }

    /// <summary>Bytes of the fields of tfhd between the track's number and its default flags.</summary>
    private static int Fields(byte flags) =>
        ((flags & 1) != 0 ? 8 : 0) + ((flags & 2) != 0 ? 4 : 0) + ((flags & 8) != 0 ? 4 : 0) + ((flags & 16) != 0 ? 4 : 0);

    private static int Next(byte[] file, int at, ReadOnlySpan<byte> text)
    {
        int next = file.AsSpan(at + 4).IndexOf(text);
        return next < 0 ? -1 : at + 4 + next;
    }

    private static int[] Tags(byte[] file)
    {
        List<int> tags = [];
        for (int at = 13; at + 11 <= file.Length; at += 15 + (file[at + 1] << 16 | file[at + 2] << 8 | file[at + 3]))
        {
            tags.Add(at);
        }

        return [.. tags];
    }
}
