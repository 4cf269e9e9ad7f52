using System.Globalization;
using Mapwire.Media;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Http;

/// <summary>A segmented title where a playlist or an MPD names its segments.</summary>
/// <param name="Title">The title.</param>
/// <param name="Address">Of the title, seen from the playlist, with its '/'; empty where the playlist is the title's own.</param>
/// <param name="Query">Behind the address of each child.</param>
internal sealed record PlacedTitle(SegmentedTitle Title, string Address, string Query)
{
    /// <summary>The subtitles beside it; none where they are not asked for.</summary>
    public IReadOnlyList<Subtitles> Subtitles { get; init; } = [];

    /// <summary>The address of a period's subtitles.</summary>
    /// <param name="tag">Their language.</param>
    /// <param name="period">Counted from 0.</param>
    /// <param name="isOfPeriod">Whether times count from the period's beginning, as in DASH.</param>
    public string SubtitlesAddress(string tag, int period, bool isOfPeriod) => (this with
    {
        Address = IsQuality ? "" : Address,
        Query = isOfPeriod ? PeriodQuery : Query,
    }).AddressOf($"subtitles-{tag}" + (isOfPeriod ? "-period" : ""), period, ".vtt");

    /// <summary>
    /// Behind the address of subtitles in DASH. It has one word at most: ffmpeg 5.1 reads no MPD whose BaseURL has an '&amp;'.
    /// </summary>
    public string PeriodQuery { get; init; } = "";

    /// <summary>Whether it is one of several qualities, whose address is the beginning of a name.</summary>
    public bool IsQuality => Address.Length > 0 && !Address.EndsWith('/');

    /// <summary>The address of a segment, or of a key picture.</summary>
    /// <param name="name">Of the rendition.</param>
    /// <param name="index">Counted from 0.</param>
    public string SegmentAddress(string name, int index) => AddressOf(name, index, ".m4s");

    /// <summary>The address of an init segment.</summary>
    /// <param name="name">Of the rendition.</param>
    /// <param name="period">Counted from 0.</param>
    public string InitAddress(string name, int period) => AddressOf(name + "-init", period, ".mp4");

    private string AddressOf(string name, int index, string extension) =>
        string.Create(CultureInfo.InvariantCulture, $"{Address}{name}-{index + 1}{extension}{Query}");
}

/// <summary>
/// Titles that are presented one behind the other, or one alone, and which of their renditions go together: the pictures with the default
/// sound of each, and the sounds of a language that all of them have.
/// </summary>
/// <param name="titles">At least one.</param>
internal sealed class TitleSequence(params IReadOnlyList<PlacedTitle> titles)
{
    private readonly Lazy<List<Sound>> _sounds = new(() => FindSounds(titles));

    /// <summary>What the names of this sequence's playlists begin with: that of a quality, where there are several.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The titles in their order.</summary>
    public IReadOnlyList<PlacedTitle> Titles => titles;

    /// <summary>The name of the pictures with their default sound: the title's own, or one for all of them.</summary>
    public string MainName => titles is [{ Title: { } only }] ? only.MainName : HasPictures ? "v1a1" : "a1";

    /// <summary>The name of the pictures alone.</summary>
    public string PicturesName => titles is [{ Title: { } only }] ? only.Tracks[0].Name : "v1";

    /// <summary>Whether there are pictures from the beginning to the end.</summary>
    public bool HasPictures => titles.All(static one => one.Title.HasPictures);

    /// <summary>The sounds that can be chosen, the one that lies with the pictures first.</summary>
    public IReadOnlyList<Sound> Sounds => _sounds.Value;

    /// <summary>The languages of subtitles that all titles have.</summary>
    public IEnumerable<Subtitles> Subtitles => titles[0].Subtitles.Where(
        own => titles.All(other => other.Subtitles.Any(same => same.Tag == own.Tag)));

    /// <summary>What tells these subtitles from others, for what is made of them.</summary>
    public string SubtitlesKey => string.Join(
        ' ', titles.SelectMany(static one => one.Subtitles).Select(static one => $"{one.Tag}={one.Version}"));

    /// <summary>The name of a rendition in each of the titles.</summary>
    /// <param name="name">As the master playlist has it.</param>
    /// <exception cref="TitleException">There is no such rendition.</exception>
    public IReadOnlyList<string> NamesOf(string name) =>
        titles.Count == 1 ? [name]
        : name == MainName ? [.. titles.Select(static one => one.Title.MainName)]
        : Sounds.Skip(1).FirstOrDefault(sound => sound.Name == name)?.Names
        ?? throw new TitleException(TitleError.NotFound, "the titles have no such tracks");

    private static List<Sound> FindSounds(IReadOnlyList<PlacedTitle> titles)
    {
        List<Sound> sounds = [];
        foreach (WebTrack sound in titles[0].Title.Sounds)
        {
            if (titles.Count == 1)
            {
                sounds.Add(new Sound(sound.Name, sound.Track, [sound.Name]));
                continue;
            }

            string? language = LanguageTag.Normalize(sound.Track.Language);
            WebTrack?[] same =
            [
                .. titles.Select(one => one.Title.Sounds.FirstOrDefault(
                    other => language is not null && LanguageTag.Normalize(other.Track.Language) == language)),
            ];
            bool isFirst = sounds.Count == 0; // it lies with the pictures, whatever its language is
            bool isNew = same[0] == sound && same.All(static one => one is not null); // only the first of a language stands for it
            if (isFirst || isNew)
            {
                sounds.Add(new Sound(
                    string.Create(CultureInfo.InvariantCulture, $"a{sounds.Count + 1}"), sound.Track,
                    isFirst ? [] : [.. same.Select(static one => one!.Name)]));
            }
        }

        return sounds;
    }
}

/// <summary>A sound that can be chosen.</summary>
/// <param name="Name">In addresses.</param>
/// <param name="Track">The track, of the first title.</param>
/// <param name="Names">The track's name in each of the titles; empty where it is heard with the pictures only.</param>
internal sealed record Sound(string Name, Track Track, IReadOnlyList<string> Names);
