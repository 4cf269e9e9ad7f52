using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Messages;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

public sealed class TrackChoiceTests
{
    [Fact]
    public void A_player_that_offers_nothing_is_a_plain_one()
    {
        Assert.Equal(PlayerAbilities.None, PlayerCodecs.Of(ClientCapabilities.None, unofficialNumbers: false));
        Assert.Equal(PlayerAbilities.UnofficialNumbers, PlayerCodecs.Of(ClientCapabilities.None, unofficialNumbers: true));
        Assert.Equal(PlayerAbilities.None, PlayerCodecs.Of(List("xyz1"), unofficialNumbers: true));
    }

    [Fact]
    public void What_makes_no_difference_is_left_out()
    {
        Assert.Equal(PlayerAbilities.None, PlayerCodecs.Of(List("avc1", "mp4a", ".mp3"), unofficialNumbers: false));
        Assert.Equal(Offer.Hevc | Offer.Opus, PlayerCodecs.Of(List("avc1", "hvc1", "Opus"), unofficialNumbers: false));
        PlayerAbilities many = PlayerCodecs.Of(Offers(2, "avc1", "hvc1", "mp4a"), unofficialNumbers: false);
        Assert.Equal(Offer.Avc | Offer.Hevc | Offer.Aac | PlayerAbilities.ManyTracks, many); // of a live stream, several pictures
        Assert.Equal(
            Offer.Hevc | Offer.Aac | PlayerAbilities.ManyTracks, TrackChoice.Of(PlayQuery.Parse(""), many).Abilities);
        Assert.Equal(
            Offer.Avc | PlayerAbilities.Nanoseconds,
            TrackChoice.Of(PlayQuery.Parse(""), Offer.Avc | PlayerAbilities.Nanoseconds).Abilities);
        Assert.Equal(Offer.Avc | PlayerAbilities.Nanoseconds, PlayerCodecs.Of(Offers(4 + 8, "avc1"), unofficialNumbers: false));
        Assert.Equal(PlayerAbilities.None, PlayerCodecs.Of(Offers(4, "avc1"), unofficialNumbers: false)); // modifiers, but not that one
    }

    [Fact]
    public void Everything_includes_all_that_is_known()
    {
        PlayerAbilities all = PlayerCodecs.Of(List("*"), unofficialNumbers: false);
        PlayerAbilities expected = Offer.Hevc | Offer.Av1 | Offer.Vp9 | Offer.Vp8
            | Offer.Opus | Offer.Flac | Offer.Ac3 | Offer.Eac3;
        Assert.Equal(expected, all);
    }

    [Fact]
    public void Who_only_encodes_is_sent_nothing_of_it()
    {
        AmfValue maps =
            AmfValue.Object(("videoFourCcInfoMap", AmfValue.Object(("hvc1", AmfValue.Number(2)), ("av01", AmfValue.Number(4)))));
        Assert.Equal(Offer.Av1, PlayerCodecs.Of(ClientCapabilities.Parse(maps), unofficialNumbers: false));
    }

    [Theory]
    [InlineData("film.mp4", 0, 0, null)]
    [InlineData("film.mp4?token=1&x", 0, 0, null)]
    [InlineData("film.mp4?audio=2", 0, 2, null)]
    [InlineData("film.mp4?video=none&audio=1", -1, 1, null)]
    [InlineData("mp4:film?lang=de-AT", 0, 0, "deu")]
    [InlineData("film.mp4?lang=ger&audio=none", 0, -1, "deu")]
    public void A_query_says_what_is_wanted(string name, int video, int audio, string? language) =>
        Assert.Equal(new TrackChoice(Offer.Opus, video, audio, language),
        TrackChoice.Of(PlayQuery.Parse(PlayName.Parse("", name).Query), Offer.Opus));

    [Theory]
    [InlineData("film.mp4?audio=0")]
    [InlineData("film.mp4?audio=65")]
    [InlineData("film.mp4?audio=x")]
    [InlineData("film.mp4?video=")]
    [InlineData("film.mp4?lang=")]
    [InlineData("film.mp4?lang=../../etc")]
    [InlineData("film.mp4?start=-1")]
    [InlineData("film.mp4?end=later")]
    [InlineData("film.mp4?start=1e9")]
    [InlineData("film.mp4?loop=yes")]
    public void A_wish_that_means_nothing_is_refused(string name) =>
        Assert.Equal(TitleError.NotPlayable, Assert.Throws<TitleException>(() => PlayQuery.Parse(PlayName.Parse("", name).Query)).Error);

    [Fact]
    public void Times_are_seconds_with_or_without_a_fraction()
    {
        PlayQuery query = PlayQuery.Parse("start=1.2345&end=90&loop=1");
        Assert.Equal((1234L, 90_000L, true), (query.Start, query.End, query.Loops));
        Assert.Equal((0L, null, false), (PlayQuery.Parse("loop=0").Start, PlayQuery.Parse("").End, PlayQuery.Parse("loop=0").Loops));
        Assert.Equal(StripEntry.MaxTime, PlayQuery.Parse("end=99999999999999").End);
    }

    [Theory]
    [InlineData("de", "deu")]
    [InlineData("DE", "deu")]
    [InlineData("ger", "deu")]
    [InlineData("deu", "deu")]
    [InlineData("en-GB", "eng")]
    [InlineData("zh-Hans-CN", "zho")]
    [InlineData("fre", "fra")]
    [InlineData("gsw", "gsw")]
    [InlineData("x", null)]
    [InlineData("", null)]
    [InlineData("d3", null)]
    [InlineData(null, null)]
    public void Languages_have_one_form(string? tag, string? expected) => Assert.Equal(expected, LanguageTag.Normalize(tag));

    [Theory]
    [InlineData("deu", "de")]
    [InlineData("ger", "de")]
    [InlineData("de", "de")]
    [InlineData("en-GB", "en-GB")]
    [InlineData("eng_us", "en-us")]
    [InlineData("zho-Hans", "zh-Hans")]
    [InlineData("gsw", "gsw")] // there is no shorter one
    [InlineData("und", null)]
    [InlineData("x", null)]
    [InlineData(null, null)]
    public void A_language_is_named_by_its_shortest_code(string? tag, string? expected) => Assert.Equal(expected, LanguageTag.Shorten(tag));

    private static ClientCapabilities List(params string[] codes) =>
        ClientCapabilities.Parse(AmfValue.Object(("fourCcList", AmfValue.StrictArray([.. codes.Select(AmfValue.String)]))));

    private static ClientCapabilities Offers(double extended, params string[] codes) => ClientCapabilities.Parse(AmfValue.Object(
        ("fourCcList", AmfValue.StrictArray([.. codes.Select(AmfValue.String)])), ("capsEx", AmfValue.Number(extended))));
}
