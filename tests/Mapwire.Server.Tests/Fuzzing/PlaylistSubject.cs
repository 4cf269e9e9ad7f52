using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Mapwire.Fuzzing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>What reads playlists, M3U8 (<c>lines</c>) and JSON (<c>json</c>), and what reads the names in them.</summary>
internal sealed partial class PlaylistSubject : IFuzzSubject
{
    public const string Lines = "lines";
    public const string Json = "json";

    private const int MaxItems = 20;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The committed cases.</summary>
    public static string Corpus => Path.Combine(AppContext.BaseDirectory, "Corpus");

    public string Name => "playlists";

    public IEnumerable<FuzzCase> Seeds() =>
        Directory.GetFiles(Corpus).Order(StringComparer.Ordinal).Select(path => Load(Path.GetFileName(path), File.ReadAllBytes(path)));

    public FuzzCase Load(string name, byte[] bytes) => new(name.StartsWith(Json, StringComparison.Ordinal) ? Json : Lines, bytes);

    public FuzzCase Vary(FuzzCase sound, FuzzCase other, Random random) => new PlaylistMutator(random).Mutate(sound, other);

    /// <remarks>A name has up to 128 paths on each system, all of which are made here; a server makes them until one is found.</remarks>
    public long MostAllocated(FuzzCase given) => 1_000_000 + (2_000L * given.Bytes.Length);

    public bool Run(FuzzCase given, FeatureSet features)
    {
        IReadOnlyList<PlaylistItem> items;
        try
        {
            items = PlaylistFile.Parse(given.Kind == Json ? "x.json" : "x.m3u8", given.Bytes, MaxItems);
        }
        catch (TitleException refused)
        {
            Require(refused.Error == TitleError.NotPlayable, "it is refused for another reason than what is in it");
            Match place = Place().Match(refused.Message);
            Require(place.Success, $"no place is named: {refused.Message}");
            CheckPlace(given.Bytes, place.Groups["line"].Value, int.Parse(place.Groups["offset"].Value, CultureInfo.InvariantCulture));
            features.AddMessage(refused.Message[..place.Index]);
            return false;
        }

        Require(items.Count is > 0 and <= MaxItems, $"{items.Count} items of at most {MaxItems}");
        features.Add(given.Kind, items.Count, items.Count(static item => item.In is not null),
            items.Count(static item => item.Out is not null));
        string[] expected = given.Kind == Json ? SecondReading.OfJson(given.Bytes) : SecondReading.OfLines(given.Bytes);
        Require(expected.SequenceEqual(items.Select(static item => item.Name), StringComparer.Ordinal), "another reader finds other names");
        long last = -1;
        foreach (PlaylistItem item in items)
        {
            Check(item, given, features);
            Require(item.Place.Offset > last, "places go back");
            last = item.Place.Offset;
        }

        return true;
    }

    private static void Check(PlaylistItem item, FuzzCase given, FeatureSet features)
    {
        int offset = (int)item.Place.Offset;
        CheckPlace(given.Bytes, item.Place.Structure["line ".Length..], offset);
        bool isThere =
            given.Kind == Json ? given.Bytes[offset] is (byte)'"' or (byte)'{' : offset is 0 or 3 || given.Bytes[offset - 1] == '\n';
        Require(isThere, "an item is elsewhere than it says");
        Require(item is { In: null or (>= 0 and <= StripEntry.MaxTime), Out: null or (>= 0 and <= StripEntry.MaxTime) }, "a time is none");
        Strict.GetByteCount(item.Name); // half a surrogate pair throws
        Require(!TerminalText.Clean(item.Name).Any(char.IsControl), "a log line is broken");
        PlayName name = PlayName.Parse("", item.Name);
        Require(name.GetCandidates(isWindows: false).All(static path => IsInside(path, static c => c == '\0')),
            "a name leads out on Linux");
        Require(name.GetCandidates(isWindows: true).All(static path => IsInside(path, static c => c is '\\' or ':' or < ' ')),
            "a name leads out on Windows");

        try
        {
            PlayQuery query = PlayQuery.Parse(name.Query);
            Require(query.Start is >= 0 and <= StripEntry.MaxTime && query.End is null or (>= 0 and <= StripEntry.MaxTime),
                "a query's time is none");
            features.Add("query", FeatureSet.Size(query.Start), query.End is null ? 0 : 1, (query.Video * 100) + query.Audio);
        }
        catch (TitleException refused)
        {
            features.AddMessage(refused.Message);
        }
    }

    private static bool IsInside(string path, Func<char, bool> isForbidden) =>
        path.Split('/').All(segment => segment.Length > 0 && segment[0] != '.' && !segment.Any(isForbidden));

    /// <summary>The line is the one that the offset is in.</summary>
    private static void CheckPlace(byte[] bytes, string line, int offset)
    {
        Require(offset <= bytes.Length, $"offset {offset} is outside the file");
        int expected = 1 + bytes.AsSpan(0, offset).Count((byte)'\n');
        Require(line == expected.ToString(CultureInfo.InvariantCulture), $"offset {offset} is in line {expected}, not {line}");
    }

    private static void Require(bool holds, string promise)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(promise);
        }
    }

    [GeneratedRegex(@" \(line (?<line>\d+) at offset (?<offset>\d+)\)$")]
    private static partial Regex Place();
}
