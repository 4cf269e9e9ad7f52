using System.Buffers.Binary;
using System.Collections.Frozen;
using Mapwire.Conformance.Films;

namespace Mapwire.Conformance.Refusals;

/// <summary>Films that are well made and hold what cannot be sent: found only when a film is laid out for players.</summary>
internal static class BadStrips
{
    /// <summary>File name to what writes it.</summary>
    public static FrozenDictionary<string, Func<string, Task>> All { get; } =
        new Dictionary<string, Func<string, Task>>(StringComparer.Ordinal)
        {
            ["sample-of-17-mb.mp4"] = Change(
            stbl => stbl.At("stsz").SetUInt32(12 + (4 * 9), 17_000_000),
            path =>
            {
                using FileStream file = File.OpenWrite(path);
                file.SetLength(file.Length + 20_000_000); // what is behind the film is samples now
            }),
            ["sample-after-200-days.mp4"] = Change(stbl => Replace(stbl, "stts", 0, 1, stbl.At("stsz").UInt32(8), 0xF0000000)),
            ["sample-shown-after-hours.mp4"] = Change(stbl => Replace(stbl, "ctts", 0, 2, 5, 0, 1, 0x7FFFFFFF)),
            ["codec-changes.mp4"] = TwoCodecs,
            ["version-2.flv"] = path => File.WriteAllBytesAsync(path, Flv(2)),
            ["bad-configuration.flv"] =
            path => File.WriteAllBytesAsync(path, [.. Flv(1), .. Tag(9, 0, "17 00 000000 0142"), .. Tag(9, 0, "17 01 000000 AABB")]),
            ["nothing-known.flv"] = path => File.WriteAllBytesAsync(path, [.. Flv(1), .. Tag(9, 0, "21 00 00"), .. Tag(9, 40, "21 00 00")]),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Changes the tables of the first track, which is the video, and leaves out what edits it.</summary>
    private static Func<string, Task> Change(Action<Box> change, Action<string>? after = null) => async path =>
    {
        BoxFile file = BoxFile.Read(await FilmFactory.GetAsync("moov-last.mp4")); // so that no sample moves
        Box trak = file.Moov.At("trak");
        trak.Children.RemoveAll(box => box.Type == "edts");
        change(trak.At("mdia/minf/stbl"));
        file.Write(path);
        after?.Invoke(path);
    };

    private static void Replace(Box stbl, string type, params uint[] words)
    {
        byte[] payload = new byte[4 * words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4 * i), words[i]);
        }

        stbl.Children[stbl.Children.FindIndex(box => box.Type == type)] = new Box(type, payload);
    }

    /// <summary>Video alone, whose last chunks are said to be another codec's.</summary>
    private static async Task TwoCodecs(string path)
    {
        byte[] other = BoxFile.Read(await FilmFactory.GetAsync("hevc.mp4")).Moov.At("trak/mdia/minf/stbl/stsd").Payload[8..];
        await Change(stbl =>
        {
            Box stsd = stbl.At("stsd");
            stsd.Payload = [0, 0, 0, 0, 0, 0, 0, 2, .. stsd.Payload[8..], .. other];
            Box stsc = stbl.At("stsc");
            stsc.SetUInt32(stsc.Payload.Length - 4, 2);
        })(path);
        BoxFile both = BoxFile.Read(path);
        both.Moov.Children.RemoveAll(box => box.Type == "trak" && box != both.Moov.At("trak"));
        both.Write(path);
    }

    private static byte[] Flv(byte version) => [.. "FLV"u8, version, 5, 0, 0, 0, 9, 0, 0, 0, 0];

    private static byte[] Tag(byte type, byte time, string body)
    {
        byte[] bytes = Convert.FromHexString(body.Replace(" ", "", StringComparison.Ordinal));
        return [type, 0, 0, (byte)bytes.Length, 0, 0, time, 0, 0, 0, 0, .. bytes, 0, 0, 0, (byte)(bytes.Length + 11)];
    }
}
