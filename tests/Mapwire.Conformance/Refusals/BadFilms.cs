using System.Buffers.Binary;
using System.Collections.Frozen;
using Mapwire.Conformance.Films;

namespace Mapwire.Conformance.Refusals;

/// <summary>Files that cannot be played, each broken in one way; nginx-rtmp hangs, crashes or promises and fails on most of them.</summary>
internal static class BadFilms
{
    /// <summary>File name to what writes it.</summary>
    public static FrozenDictionary<string, Func<string, Task>> All { get; } =
        new Dictionary<string, Func<string, Task>>(StringComparer.Ordinal)
        {
            ["empty.mp4"] = path => File.WriteAllBytesAsync(path, []),
            ["noise.mp4"] = Noise,
            ["zeros.mp4"] = path => File.WriteAllBytesAsync(path, new byte[100_000]),
            ["moov-truncated.mp4"] =
            async path => await CutAsync("moov-first.mp4", path, file => (int)(file.Boxes[0].Length + (file.Moov.Length / 2))),
            ["moov-cut-off.mp4"] =
            async path =>
                await CutAsync("moov-last.mp4", path,
                file => (int)(file.Boxes.TakeWhile(box => box.Type != "moov").Sum(box => box.Length) + (file.Moov.Length / 2))),
            ["samples-cut-off.mp4"] =
            async path =>
                await CutAsync("moov-first.mp4", path,
                file => (int)(file.Boxes.TakeWhile(box => box.Type != "mdat").Sum(box => box.Length) + 12)),
            ["child-size-0.mp4"] = Change(file => AllTracks(file, "mdia/minf/stbl/stsd", stsd => stsd.DeclaredSize = 0)),
            ["child-size-7.mp4"] = Change(file => AllTracks(file, "mdia/mdhd", mdhd => mdhd.DeclaredSize = 7)),
            ["extended-size-0.mp4"] = Change(file => AllTracks(file, "mdia/hdlr", hdlr => hdlr.DeclaredLargeSize = 0)),
            ["extended-size-2-63.mp4"] = Change(file => file.Boxes[0].DeclaredLargeSize = 1UL << 63),
            ["moov-past-the-end.mp4"] = Change(file => file.Moov.DeclaredSize = (uint)file.Moov.Length + 1_000_000),
            ["moov-of-4-gib.mp4"] = Change(file => file.Moov.DeclaredSize = 0xFFFFFFF0),
            ["timescale-0.mp4"] = Change(file => AllTracks(file, "mdia/mdhd", mdhd => mdhd.SetUInt32(12, 0))),
            ["no-moov.mp4"] = Change(file => file.Boxes.Remove(file.Moov)),
            ["no-tracks.mp4"] = Change(file => file.Moov.Children.RemoveAll(box => box.Type == "trak")),
            ["offsets-past-the-end.mp4"] = Change(file => AllTracks(file, "mdia/minf/stbl/stco", stco => stco.SetUInt32(8, 0x7FFF0000))),
            ["four-billion-samples.mp4"] = Change(file => AllTracks(file, "mdia/minf/stbl/stsz", stsz => stsz.SetUInt32(8, 0xFFFFFFFF))),
            ["vorbis-only.mp4"] = path => FilmFactory.EncodeAsync("-f lavfi -i aevalsrc=0:sample_rate=48000:duration=1 "
                + "-c:a libvorbis", path),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>These, those that are only found when they are laid out for players, and playlists.</summary>
    public static IEnumerable<KeyValuePair<string, Func<string, Task>>> Every => [.. All, .. BadStrips.All, .. BadLists.All];

    private static Func<string, Task> Change(Action<BoxFile> change) => async path =>
    {
        BoxFile file = BoxFile.Read(await FilmFactory.GetAsync("moov-first.mp4"));
        change(file);
        file.Write(path);
    };

    private static void AllTracks(BoxFile file, string path, Action<Box> change)
    {
        foreach (Box trak in file.Moov.Children.Where(box => box.Type == "trak"))
        {
            change(trak.At(path));
        }
    }

    private static async Task CutAsync(string film, string path, Func<BoxFile, int> length)
    {
        string source = await FilmFactory.GetAsync(film);
        byte[] bytes = await File.ReadAllBytesAsync(source);
        int cut = length(BoxFile.Read(source));
        Assert.InRange(cut, 1, bytes.Length - 1);
        await File.WriteAllBytesAsync(path, bytes[..cut]);
    }

    private static Task Noise(string path)
    {
        byte[] bytes = new byte[50_000];
        new Random(1).NextBytes(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x00112233);
        return File.WriteAllBytesAsync(path, bytes);
    }
}
