using System.Globalization;
using Mapwire.Media;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Media.Subtitles;
using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Http;

/// <summary>The subtitles of a film in one language: WebVTT that lies beside it (docs/adr/0045-subtitles-beside-the-film.md).</summary>
/// <param name="Tag">The language as it stands in addresses.</param>
/// <param name="File">What it holds.</param>
/// <param name="Version">What tells it from what the file held before.</param>
internal sealed record Subtitles(string Tag, WebVttFile File, string Version)
{
    /// <summary>Ticks a second of MPEG-2 times, which X-TIMESTAMP-MAP has (RFC 8216, section 3.5).</summary>
    private const int MpegScale = 90_000;

    /// <summary>The language as a tag of RFC 5646; null when the name does not say it.</summary>
    public string? Language => Tag == SubtitleName.NoLanguage ? null : Tag;

    /// <summary>Finds and reads the subtitles of a film; those that cannot be read are told in the log and left out.</summary>
    /// <param name="context">What all share.</param>
    /// <param name="file">The film's.</param>
    /// <param name="name">The film's path below the served folder.</param>
    public static async Task<IReadOnlyList<Subtitles>> FindAsync(HttpContext context, MediaFile file, string name)
    {
        List<(FoundFile File, string Tag)> found;
        try
        {
            found = await context.Titles.Files.FindSubtitlesAsync(name).ConfigureAwait(false);
        }
        catch (TitleException exception)
        {
            Log.SubtitlesLeftOut(context.Log, name, "*.vtt", exception.Message);
            return [];
        }

        List<Subtitles> read = [];
        foreach ((FoundFile subtitles, string tag) in found)
        {
            string version = VersionOf(subtitles.Identity);
            MadeKey key = new(file.Content, $"subtitles {subtitles.Name} {version}");
            ReadSubtitles made = context.Made.Find<ReadSubtitles>(key)
                ?? await context.Titles.Files.RunAsync(subtitles.Path, _ => context.Made.Add(key, Read(context, name, subtitles)))
                    .ConfigureAwait(false);
            if (made.File is { } text)
            {
                read.Add(new Subtitles(tag, text, version));
            }
        }

        return read;
    }

    /// <summary>The cues of a period as a segment of HLS: at the film's own times, with a line that maps them to the segments'.</summary>
    /// <param name="title">The film, or a piece of it.</param>
    /// <param name="start">Where the piece begins in the film.</param>
    /// <param name="period">Counted from 0.</param>
    public byte[] WriteSegment(SegmentedTitle title, TimeSpan start, int period)
    {
        (TimeSpan from, TimeSpan to) = TimesOf(title, start, period);
        Timeline line = title.Plan.Timeline;
        long origin = (long)((Int128)Math.Max(0, line.Origin) * MpegScale / line.Reference.Timescale);
        string map = string.Create(
            CultureInfo.InvariantCulture, $"X-TIMESTAMP-MAP=LOCAL:{WebVttFile.Format(start)},MPEGTS:{origin}");
        return File.Write(from, period == title.Plan.Periods - 1 ? null : to, TimeSpan.Zero, map);
    }

    /// <summary>The cues of a period at times that count from its beginning, as DASH has them.</summary>
    /// <inheritdoc cref="WriteSegment"/>
    public byte[] WritePeriod(SegmentedTitle title, TimeSpan start, int period)
    {
        (TimeSpan from, TimeSpan to) = TimesOf(title, start, period);
        return File.Write(from, to, from);
    }

    private static (TimeSpan From, TimeSpan To) TimesOf(SegmentedTitle title, TimeSpan start, int period)
    {
        (TimeSpan from, TimeSpan length) = title.GetPeriodTimes(period);
        return (start + from, start + from + length);
    }

    private static string VersionOf(FileIdentity identity) =>
        string.Create(CultureInfo.InvariantCulture, $"{identity.LastWriteTicks:x}{identity.Length:x}");

    private static ReadSubtitles Read(HttpContext context, string name, FoundFile found)
    {
        string? reason;
        try
        {
            if (WebVttFile.TryRead(context.Titles.Files.ReadText(found, WebVttFile.MaxBytes), out reason) is { } file)
            {
                return new ReadSubtitles(file);
            }
        }
        catch (TitleException exception)
        {
            reason = exception.Message;
        }

        Log.SubtitlesLeftOut(context.Log, name, found.Name, reason ?? "");
        return new ReadSubtitles(null);
    }

    /// <summary>What came of reading a file: null for one that is no WebVTT, which is told in the log once.</summary>
    private sealed record ReadSubtitles(WebVttFile? File) : IDerived
    {
        public long ByteSize => File?.ByteSize ?? 64;
    }
}
