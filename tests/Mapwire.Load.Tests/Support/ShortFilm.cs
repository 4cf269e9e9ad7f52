using System.Buffers.Binary;
using Mapwire.Media;
using Mapwire.Media.Flv;

namespace Mapwire.Load.Tests.Support;

/// <summary>The beginning of the repository's clip as an FLV file of its own, and the messages that publishing it comes to.</summary>
internal sealed class ShortFilm : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mapwire-film-").FullName;

    /// <param name="length">Of the film.</param>
    /// <param name="padding">Bytes behind each picture, which no decoder would take.</param>
    /// <param name="changesHeader">Whether its pictures have another configuration than the clip's.</param>
    /// <param name="isVp9">Whether its pictures are told as VP9, which only Enhanced RTMP carries.</param>
    public ShortFilm(TimeSpan length, int padding = 0, bool changesHeader = false, bool isVp9 = false)
    {
        byte[] clip = File.ReadAllBytes(System.IO.Path.Combine(AppContext.BaseDirectory, "clips", "sample.mp4"));
        Movie movie = Read(clip);
        Track video = movie.Tracks.Single(static track => track.Kind == TrackKind.Video);
        Track audio = movie.Tracks.Single(static track => track.Kind == TrackKind.Audio);
        VideoHeader = isVp9 ? [0x90, .. "vp09"u8, 0, 30, 0x82, 1, 1, 1, 0, 0] : SequenceHeader.Create(video.Codec!)!;
        AudioHeader = SequenceHeader.Create(audio.Codec!)!;
        VideoHeader[^1] ^= (byte)(changesHeader ? 1 : 0); // the end of its picture parameters
        List<(long Time, byte Type, byte[] Body)> tags = [];
        foreach ((Track track, List<byte[]> bodies) in ((Track, List<byte[]>)[])[(video, Video), (audio, Audio)])
        {
            foreach (Sample sample in track.Samples)
            {
                long time = sample.DecodeTime * 1000 / track.Timescale;
                if (time >= length.TotalMilliseconds)
                {
                    break;
                }

                byte[] payload = clip.AsSpan((int)sample.Offset, (int)sample.Size).ToArray();
                byte[] composition = new byte[4];
                BinaryPrimitives.WriteInt32BigEndian(composition, (int)(sample.CompositionOffset * 1000 / track.Timescale));
                bodies.Add(track == audio ? [0xAF, 1, .. payload]
                    : isVp9 ? [(byte)(sample.IsSync ? 0x91 : 0xA1), .. "vp09"u8, .. payload]
                    : [(byte)(sample.IsSync ? 0x17 : 0x27), 1, .. composition[1..], .. payload, .. new byte[padding]]);
                tags.Add((time, (byte)(track == audio ? FlvTagHeader.Audio : FlvTagHeader.Video), bodies[^1]));
            }
        }

        using FileStream file = File.Create(Path);
        file.Write([.. "FLV"u8, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
        Write(file, FlvTagHeader.Video, 0, VideoHeader);
        Write(file, FlvTagHeader.Audio, 0, AudioHeader);
        foreach ((long time, byte type, byte[] body) in tags.OrderBy(static tag => tag.Time))
        {
            Write(file, type, (uint)time, body);
        }
    }

    public string Path => System.IO.Path.Combine(_folder, "short.flv");

    public byte[] VideoHeader { get; }

    public byte[] AudioHeader { get; }

    /// <summary>The bodies of the messages of pictures, in order.</summary>
    public List<byte[]> Video { get; } = [];

    /// <summary>The bodies of the messages of sound, in order.</summary>
    public List<byte[]> Audio { get; } = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Movie Read(byte[] file)
    {
        MovieFileReader reader = new(file.Length);
        while (reader.TryGetNext(out long offset, out int length))
        {
            reader.Add(file.AsSpan((int)offset, length));
        }

        return reader.ToMovie();
    }

    private static void Write(FileStream file, int type, uint time, byte[] body)
    {
        byte[] tag = new byte[FlvTagHeader.Length + body.Length + FlvTagHeader.TrailerLength];
        FlvTagHeader.Write(tag, type, body.Length, time);
        body.CopyTo(tag, FlvTagHeader.Length);
        FlvTagHeader.WriteTrailer(tag.AsSpan(FlvTagHeader.Length + body.Length), body.Length);
        file.Write(tag);
    }
}
