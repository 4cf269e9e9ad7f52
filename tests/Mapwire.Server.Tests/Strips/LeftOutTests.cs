using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Strips;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Server.Tests.Strips;

/// <summary>Why tracks are left out, in words that are true of the viewer: a film of AVC, VP9 and two tracks of AAC.</summary>
public sealed class LeftOutTests : IDisposable
{
    private const string OfferVp9 = "track 2 (vp09): VP9 profile 0, which takes a player that offers vp09 (Enhanced RTMP)";
    private const string OfferMany =
        "track 4 (mp4a): another audio track is played; several at once take a player that offers Multitrack (Enhanced RTMP)";

    private readonly TemporaryFolder _folder = new();
    private readonly MediaFile _file;

    public LeftOutTests()
    {
        string path = Path.Combine(_folder.Path, "film.mp4");
        File.WriteAllBytes(path, Film());
        _file = MediaFile.Open(path, "film.mp4");
    }

    public void Dispose()
    {
        _file.Release();
        _folder.Dispose();
    }

    [Fact]
    public void A_player_of_plain_RTMP_is_told_what_it_does_not_offer() => Assert.Equal([OfferVp9, OfferMany], LeftOut(default));

    [Fact]
    public void A_player_that_offers_the_codec_is_told_that_another_track_is_played() =>
        Assert.Equal(["track 2 (vp09): another video track is played", OfferMany], LeftOut(new(Offer.Vp9)));

    [Fact]
    public void A_player_of_many_tracks_that_does_not_offer_their_codec_is_told_so() => Assert.Equal(
        [OfferVp9, "track 4 (mp4a): another audio track is played; AAC LC beside it takes a player that offers mp4a (Enhanced RTMP)"],
        LeftOut(new(PlayerAbilities.ManyTracks)));

    [Fact]
    public void A_player_of_many_tracks_and_their_codec_has_all_sound() =>
        Assert.Equal([OfferVp9], LeftOut(new(PlayerAbilities.ManyTracks | Offer.Aac)));

    [Fact]
    public void A_player_that_asked_for_a_track_or_for_none_is_told_that_it_did() => Assert.Equal(
        [
            "track 1 (avc1): the player asked for another video track", "track 3 (mp4a): the player asked for no audio",
            "track 4 (mp4a): the player asked for no audio",
        ],
        LeftOut(new(Offer.Vp9, Video: 2, Audio: PlayQuery.NoTrack)));

    [Fact]
    public void A_codec_that_FLV_has_only_a_number_for_is_named_by_that_alone()
    {
        byte[] film = new FlvBuilder().Tag(9, 0, "11 AABB").Tag(8, 0, "F2 AABB").Build();
        string path = Path.Combine(_folder.Path, "film.flv");
        File.WriteAllBytes(path, film);
        TitleException refusal = Assert.Throws<TitleException>(() =>
        {
            MediaFile flv = MediaFile.Open(path, "film.flv");
            try
            {
                ChosenTracks.Of(flv.Content.Movie, default);
            }
            finally
            {
                flv.Release();
            }
        });
        Assert.StartsWith("no playable track: track 1: video codec 1 of FLV is not known (", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("; track 2: audio codec 15 of FLV is not known (", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_wants_only_what_the_film_has_not_is_told_that()
    {
        byte[] film = new FlvBuilder().Tag(8, 0, "2F AABB").Build(); // MP3
        string path = Path.Combine(_folder.Path, "sound.flv");
        File.WriteAllBytes(path, film);
        MediaFile sound = MediaFile.Open(path, "sound.flv");
        try
        {
            TitleException refusal = Assert.Throws<TitleException>(
                () => ChosenTracks.Of(sound.Content.Movie, new(Offer.Mp3, Audio: PlayQuery.NoTrack)));
            Assert.StartsWith("the movie has no track of the kinds that are wanted (", refusal.Message, StringComparison.Ordinal);
        }
        finally
        {
            sound.Release();
        }
    }

    [Fact]
    public void A_player_of_many_tracks_has_as_many_as_there_are_lanes()
    {
        string path = Path.Combine(_folder.Path, "many.mp4");
        File.WriteAllBytes(path, Film(audioTracks: 20));
        MediaFile file = MediaFile.Open(path, "many.mp4");
        ChosenTracks chosen = ChosenTracks.Of(file.Content.Movie, new(PlayerAbilities.ManyTracks | Offer.Aac));
        Assert.Equal(StripEntry.MaxTracks - 1, chosen.Audio.Count); // the other lane is the picture's
        file.Release();
    }

    private IEnumerable<string> LeftOut(TrackChoice choice) =>
        ChosenTracks.Of(_file.Content.Movie, choice).LeftOut(_file.Content.Movie, choice);

    private static byte[] Film(int audioTracks = 2)
    {
        EditableBox vp9 = new("vpcC", Bytes(0x01000000, (byte)0, (byte)10, (byte)0x82, (byte)1, (byte)1, (byte)1, (short)0));
        byte[] descriptors = Convert.FromHexString("0319000000" + "04114015" + "0000000000000000000000" + "05021210" + "060102");
        EditableBox aac = new("esds", Bytes(0, descriptors));
        EditableBox video = new("vp09", Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50], vp9.Write()));
        EditableBox audio = new("mp4a", Bytes(0, (short)0, (short)1, 0L, (short)2, (short)16, 0, 44_100u << 16, aac.Write()));
        Mp4Builder film = new();
        film.Extra.AddRange(
            [Track(2, "vide", video), .. Enumerable.Range(3, audioTracks).Select(id => Track(id, "soun", audio))]);
        return film.Build();
    }

    /// <summary>The track of a small film, as one of another codec at the same place.</summary>
    private static EditableBox Track(int id, string handler, EditableBox entry)
    {
        EditableBox track = new Mp4Builder().BuildMovie(32)["trak"];
        track["tkhd"].Body = Bytes(7, 0, 0, id, new byte[68]);
        track["mdia/hdlr"].Body = Bytes(0, 0, handler, new byte[12], (byte)0);
        track["mdia/minf/stbl/stsd"].Body = Bytes(0, 1, entry.Write());
        return track;
    }
}
