using System.Text;
using Mapwire.Conformance.Reading;

namespace Mapwire.Conformance.Films;

/// <summary>Writes the samples of an MP4 file as FLV with the tags of Enhanced RTMP, which ffmpeg 5.1 neither writes nor reads.</summary>
internal static class EnhancedFlv
{
    /// <summary>Writes it.</summary>
    /// <param name="mp4">Its moov lies last.</param>
    /// <param name="film">The file as ffprobe reads it: all packets of its two tracks.</param>
    /// <param name="path">Of the FLV file.</param>
    public static void Write(BoxFile mp4, Recording film, string path)
    {
        SampleLayout layout = new(mp4);
        double shift = -film.Packets.Min(static packet => packet.Dts);
        List<FlvTag> media = [];
        using FileStream file = File.Create(path);
        file.Write([(byte)'F', (byte)'L', (byte)'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
        for (int track = 0; track < layout.Tables.Length; track++)
        {
            byte[] entry = CodecShapes.EntriesOf(layout.Tables[track].At("stsd"))[0];
            string type = Encoding.ASCII.GetString(entry, 4, 4);
            bool isVideo = track == 0 && layout.Tables.Length == 2;
            Packet[] packets = [.. film.Of(isVideo ? "video" : "audio")];
            Assert.Equal(layout.Samples[track].Count, packets.Length);
            byte messageType = isVideo ? FlvFile.VideoTag : FlvFile.AudioTag;
            if (Configuration(type, entry) is { } configuration)
            {
                FlvFile.Write(file,
                    new FlvTag(messageType, 0,
                    (byte[])[.. Header(type, isVideo, isSync: true, isConfiguration: true, 0), .. configuration]));
            }

            media.AddRange(packets.Zip(layout.Samples[track]).Select(pair =>
            {
                long time = (long)Math.Round((pair.First.Dts + shift) * 1000);
                int composition = (int)(Math.Round((pair.First.Pts + shift) * 1000) - time);
                return new FlvTag(messageType, (uint)time,
                    (byte[])[.. Header(type, isVideo, pair.First.IsKey, isConfiguration: false, composition), .. pair.Second]);
            }));
        }

        foreach (FlvTag tag in media.OrderBy(static tag => tag.Time))
        {
            FlvFile.Write(file, tag);
        }
    }

    private static byte[] Header(string type, bool isVideo, bool isSync, bool isConfiguration, int composition)
    {
        byte packet = (byte)(isConfiguration ? 0 : 1);
        byte[] offset = [(byte)(composition >> 16), (byte)(composition >> 8), (byte)composition];
        byte[] code = Encoding.ASCII.GetBytes(type);
        return type switch
        {
            "avc1" => [(byte)(isSync ? 0x17 : 0x27), packet, .. offset],
            "mp4a" => [0xAF, packet],
            "hvc1" when !isConfiguration => [(byte)(isSync ? 0x91 : 0xA1), .. code, .. offset],
            _ when isVideo => [(byte)((isSync ? 0x90 : 0xA0) | packet), .. code],
            _ => [(byte)(0x90 | packet), .. code],
        };
    }

    /// <summary>What follows the header of a sequence start; null where there is none.</summary>
    private static byte[]? Configuration(string type, byte[] entry)
    {
        return type switch
        {
            "avc1" => Picture("avcC"),
            "hvc1" => Picture("hvcC"),
            "av01" => Picture("av1C"),
            "vp08" or "vp09" => Picture("vpcC")[4..],
            "mp4a" => CodecShapes.AudioConfiguration(entry),
            "Opus" => OpusHead(Sound("dOps")),
            "fLaC" => [.. "fLaC"u8, .. Sound("dfLa")[4..]],
            _ => null,
        };

        byte[] Picture(string box) => CodecShapes.PictureBoxes(entry).First(child => child.Type == box).Payload;

        byte[] Sound(string box) => CodecShapes.SoundBoxes(entry).First(child => child.Type == box).Payload;
    }

    /// <summary>The box is big-endian, the header of RFC 7845 little-endian.</summary>
    private static byte[] OpusHead(byte[] box) =>
        [.. "OpusHead"u8, 1, box[1], box[3], box[2], box[7], box[6], box[5], box[4], box[9], box[8], .. box[10..]];
}
