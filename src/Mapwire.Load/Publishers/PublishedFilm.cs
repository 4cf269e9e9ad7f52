using Mapwire.Load.Measuring;
using Mapwire.Media;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Files;
using Mapwire.Server.Strips;

namespace Mapwire.Load.Publishers;

/// <summary>The film that all publishers send: mapped once, with what is told of it.</summary>
internal sealed class PublishedFilm : IDisposable
{
    /// <summary>The shortest film that is sent over and over, in milliseconds.</summary>
    private const long MinLength = 100;

    /// <summary>Metadata that tell of a file and not of a stream; encoders leave them out.</summary>
    private static readonly string[] OfTheFile =
        ["duration", "filesize", "lasttimestamp", "keyframes", "hasKeyframes", "hasMetadata", "canSeekToEnd"];

    private PublishedFilm(Title title, FilmFrames? frames)
    {
        Title = title;
        Frames = frames;
        Amf0Reader reader = new(title.Metadata.Span, AmfLimits.Client);
        reader.ReadString();
        Metadata = TitleMetadata.Write(
            reader.ReadValue().Properties.Where(static property => !OfTheFile.Contains(property.Name)));
    }

    /// <summary>The film; whoever has a cursor in it holds it.</summary>
    public Title Title { get; }

    /// <summary>
    /// Where a further showing joins the one before: what reordered pictures take at the beginning comes before the presentation, and while
    /// the end of the showing before is still to be shown. Pictures that an edit list hides have to be sent, and take their time.
    /// </summary>
    public TitleTime Joint => JointOf(Title);

    /// <summary>What its frames are known by; null when nobody compares.</summary>
    public FilmFrames? Frames { get; }

    /// <summary>The name onMetaData and its array, AMF0.</summary>
    public byte[] Metadata { get; }

    /// <summary>Opens a film: its first picture track and its first sound.</summary>
    /// <param name="path">MP4 or FLV.</param>
    /// <param name="enhanced">Whether it may have codecs of Enhanced RTMP.</param>
    /// <param name="compares">Whether to read all of it, so that viewers can compare.</param>
    /// <exception cref="TitleException">It cannot be published.</exception>
    /// <exception cref="ArgumentException">Its pictures or its sound have a codec of Enhanced RTMP, and it may have none.</exception>
    public static PublishedFilm Open(string path, bool enhanced, bool compares)
    {
        Title title = OpenTitle(path, enhanced);
        try
        {
            long period = title.Strip.EndTime - JointOf(title);
            return period >= MinLength
                ? new PublishedFilm(title, compares ? FilmFrames.Of(title, period) : null)
                : throw new TitleException(
                    TitleError.NotPlayable, $"a film of {period} ms is too short to publish: it takes at least {MinLength} ms");
        }
        catch
        {
            title.Release();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Title.Release();

    /// <summary>Opens a film with its pictures and its sound: one without them would be published as if it had none.</summary>
    private static Title OpenTitle(string path, bool enhanced)
    {
        TrackChoice choice = new(enhanced ? PlayerCodecs.All : PlayerAbilities.None);
        MediaFile file = MediaFile.Open(path, Path.GetFileName(path));
        try
        {
            Movie movie = file.Content.Movie;
            foreach (TrackKind kind in (TrackKind[])[TrackKind.Video, TrackKind.Audio])
            {
                if (movie.Default(kind, codec => choice.Abilities.Takes(codec)) is null
                    && movie.Default(kind, static codec => PlayerCodecs.All.Takes(codec)) is { Codec: { } codec })
                {
                    string name = nameof(LoadOptions.Publish);
                    throw new ArgumentException(
                        $"{name} needs {nameof(LoadOptions.Enhanced)} for a film with {codec.Name}, which plain RTMP does not carry "
                        + $"(was {path})", name);
                }
            }

            Title title = Title.Of(file, choice);
            return ChosenTracks.Of(movie, choice).Missing is { Count: > 0 } missing
                ? throw new TitleException(TitleError.NotPlayable, string.Join(' ', missing))
                : title;
        }
        catch
        {
            file.Release();
            throw;
        }
    }

    private static TitleTime JointOf(Title title) =>
        title.Strip.RunUpEnd == TitleTime.Zero ? title.Strip.StartTime : TitleTime.Zero;
}
