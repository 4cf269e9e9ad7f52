using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Server.Files;
using Mapwire.Server.Strips;

namespace Mapwire.Load.Measuring;

/// <summary>What each frame of a film is known by, so that a viewer can tell which one came: its length and a checksum.</summary>
/// <param name="Video">The pictures in the order in which they are sent.</param>
/// <param name="Audio">The sounds likewise.</param>
/// <param name="Period">The time from one showing of the film to the next, in milliseconds.</param>
internal sealed record FilmFrames(ImmutableArray<FilmFrame> Video, ImmutableArray<FilmFrame> Audio, long Period)
{
    /// <summary>Reads all of a film once.</summary>
    /// <param name="title">The film.</param>
    /// <param name="period">The time from one showing of it to the next, in milliseconds.</param>
    /// <exception cref="TitleException">It cannot be read.</exception>
    public static FilmFrames Of(Title title, long period)
    {
        ImmutableArray<FilmFrame>.Builder video = ImmutableArray.CreateBuilder<FilmFrame>();
        ImmutableArray<FilmFrame>.Builder audio = ImmutableArray.CreateBuilder<FilmFrame>();
        byte[] buffer = [];
        for (int index = 0; index < title.Strip.Count; index++)
        {
            StripEntry entry = title.Strip[index];
            if (entry.IsChange)
            {
                continue;
            }

            buffer = buffer.Length < entry.Size ? new byte[entry.Size] : buffer;
            Span<byte> payload = buffer.AsSpan(0, entry.Size);
            title.File.Read(entry.Offset, payload, new FileLocation("a sample", entry.Offset));
            (entry.IsVideo ? video : audio).Add(FilmFrame.Of(payload, entry.Time.Milliseconds));
        }

        return new FilmFrames(video.ToImmutable(), audio.ToImmutable(), period);
    }
}

/// <summary>What one frame is known by.</summary>
/// <param name="Size">Bytes of the payload.</param>
/// <param name="Checksum">Of the payload.</param>
/// <param name="Time">In the film, in milliseconds.</param>
internal readonly record struct FilmFrame(int Size, uint Checksum, long Time)
{
    /// <summary>Takes it off a payload.</summary>
    public static FilmFrame Of(ReadOnlySpan<byte> payload, long time) => new(payload.Length, Crc32C.Of(payload), time);

    /// <summary>Whether two are the same, whenever they were sent.</summary>
    public bool IsSameAs(FilmFrame other) => Size == other.Size && Checksum == other.Checksum;
}
