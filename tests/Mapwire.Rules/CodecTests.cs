using System.Text.RegularExpressions;
using Mapwire.Media;
using Mapwire.Media.Codecs;

namespace Mapwire.Rules;

/// <summary>A codec is one file: no other names it, be it by name or by one of its codes, so that a new one changes no other.</summary>
public sealed class CodecTests
{
    private const string Folder = "src/Mapwire.Media/Codecs/";

    /// <summary>Who may name a codec all the same, and why.</summary>
    private static readonly Dictionary<string, string> Lawful = new(StringComparer.Ordinal)
    {
        ["src/Mapwire.Media/Flv/AudioTagHeader.cs"] = "the numbers of FLV 10.1, a closed table: new codecs have four-character codes",
        ["src/Mapwire.Media/Flv/VideoTagHeader.cs"] = "the numbers of FLV 10.1, as above",
        ["src/Mapwire.Server/Files/Names/TitleName.cs"] = "extensions of files that are no titles",
        ["src/Mapwire.Server/Files/Names/PlayName.cs"] = "prefixes that players of RTMP put before a name, whatever the codec is",
        ["src/Mapwire.Cli/ServeOptions.cs"] = "the option --legacy-hevc explains itself",
        ["src/Mapwire.Cli/BenchCommand.cs"] = "an option gives examples",
    };

    /// <summary>Names that hold the name of a codec and say something else: FLV's fields, and the option that users know.</summary>
    private static readonly Regex OtherNames = new("AvcPacketType|AacPacketType|_?[Ll]egacyHevc");

    /// <summary>The codecs of FLV alone, which are one class.</summary>
    private static readonly string[] FlvNames = ["Sorenson", "Vp6", "Nellymoser", "Speex", "ALaw", "MuLaw", "Adpcm"];

    private static readonly Regex Named = new($"{Words(Names())}|{Codes()}");

    [Fact]
    public void No_file_but_its_own_names_a_codec() => Violations.None(
        Repository.Sources("src").Where(source => !Lawful.ContainsKey(source.Path)).SelectMany(Find),
        "What is particular to a codec stands in its file; ask the Codec (docs/ARCHITECTURE.md, \"To add a codec\").");

    [Theory]
    [InlineData("if (codec is OpusConfiguration) { }", "Opus")]
    [InlineData("bool isHevc = true;", "Hevc")]
    [InlineData("int hevc = 12;", "hevc")]
    [InlineData("Reason = \"VP9 is not supported\";", "VP9")]
    [InlineData("new FourCc(\"fLaC\")", "fLaC")]
    [InlineData("code.SequenceEqual(\"hvc1\"u8)", "hvc1")]
    [InlineData("name = \"mp4a.40.2\";", "mp4a")]
    [InlineData("const uint Box = 'd' << 24 | 'O' << 16 | 'p' << 8 | 's';", "dOps")]
    [InlineData("codec => codec.Eac3", "Eac3")]
    [InlineData("VideoCodecId.SorensonH263", "Sorenson")]
    public void A_codec_that_is_named_elsewhere_is_found(string text, string word) =>
        Violations.Found(Find(new SourceFile("src/Mapwire.Server/Strips/Strip.cs", text)), word);

    [Theory]
    [InlineData("// such as \"avc1\" of HEVC")]
    [InlineData("/// <summary>Opus, for example.</summary>")]
    [InlineData("TopScreen screen; Space ac; octopus; \"mp4:\"; AvcPacketType.NalUnits; options.LegacyHevc")]
    public void What_names_no_codec_is_left_alone(string text) =>
        Assert.Empty(Find(new SourceFile("src/Mapwire.Server/Strips/Strip.cs", text)));

    [Fact]
    public void A_codec_s_own_folder_names_it() => Assert.Empty(Find(new SourceFile(Folder + "Opus.cs", "OpusConfiguration")));

    [Fact]
    public void Every_exception_is_needed() => Violations.None(
        Lawful.Keys.Where(path => !Find(new SourceFile(path, Repository.Read(path))).Any()), "A file names no codec any more.");

    [Fact]
    public void Every_codec_is_in_the_list() => Assert.Equal(
        typeof(Codec).Assembly.GetTypes().Where(static type => type.IsSubclassOf(typeof(Codec)) && !type.IsAbstract)
            .Select(static type => type.Name).Order(),
        CodecList.All.Select(static codec => codec.GetType().Name).Distinct().Order());

    private static IEnumerable<string> Find(SourceFile source)
    {
        if (source.Path.StartsWith(Folder, StringComparison.Ordinal))
        {
            return [];
        }

        string text = OtherNames.Replace(CodeOnly.Of(source.Text, keepsLiterals: true), static match => new string('_', match.Length));
        return Named.Matches(text)
            .Select(match => $"{source.Path}({source.LineOf(match.Index)}): {Unpacked(match.Value)}");
    }

    /// <summary>Those of the classes: <c>OpusCodec</c> is Opus.</summary>
    private static IEnumerable<string> Names() => CodecList.All
        .Select(static codec => codec.GetType().Name.Replace("Codec", "", StringComparison.Ordinal))
        .Where(static name => name != "Flv")
        .Distinct()
        .Concat(FlvNames);

    /// <summary>A name as a part of an identifier in its own case, or as a word in any other.</summary>
    private static string Words(IEnumerable<string> names) => string.Join('|', names.Select(name =>
        $"(?<![A-Z]){name}(?![a-z])|(?<![A-Za-z0-9])(?:{name.ToUpperInvariant()}|{name.ToLowerInvariant()})(?![A-Za-z])"));

    /// <summary>A code as a literal of its own, as the beginning of an RFC 6381 name, or packed of characters.</summary>
    private static string Codes()
    {
        IEnumerable<string> codes = CodecList.All
            .SelectMany(static codec => (string[])[codec.FourCc.ToString(), .. codec.SampleEntries, Box(codec)])
            .Where(static code => code.Length == 4)
            .Distinct();
        return string.Join('|', codes.Select(static code => $"\"{Regex.Escape(code)}[\".]|{Packed(code)}"));
    }

    /// <summary>The configuration's box, except for the one that is for any codec with descriptors.</summary>
    private static string Box(Codec codec) => codec.ConfigurationBox is { } box && box != new FourCc("esds") ? box.ToString() : "";

    private static string Packed(string code) =>
        string.Join(@"\s*\|\s*", code.Select((c, index) => $"'{Regex.Escape(c.ToString())}'" + (index < 3 ? @"\s*<<\s*\d+" : "")));

    private static string Unpacked(string found) =>
        found.Contains("<<", StringComparison.Ordinal)
            ? string.Concat(Regex.Matches(found, "'(.)'").Select(static match => match.Groups[1].Value))
            : found;
}
