using Mapwire.Media;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Strips;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Server.Tests.Strips;

/// <summary>The times that a strip tells, of a film made by hand.</summary>
public sealed class StripTimesTests
{
    [Fact]
    public void Nanoseconds_of_sound_that_waits_never_run_back()
    {
        byte[] film = new Mp4Builder { Timescale = 44_100, Delta = 1024, Sizes = [.. Enumerable.Repeat(9u, 20)] }.Build(static moov =>
        {
            byte[] descriptor = [0, 0, 0, 0, 3, 22, 0, 1, 0, 4, 17, 0x40, 0x15, .. new byte[11], 5, 2, 0x12, 0x10];
            byte[] entry = new EditableBox("mp4a", Bytes(
                0, (short)0, (short)1, 0L, (short)2, (short)16, 0, 44_100 << 16, new EditableBox("esds", descriptor).Write())).Write();
            moov["trak/mdia"].Set(new EditableBox("hdlr", Bytes(0, 0, "soun", new byte[13])));
            moov["trak/mdia/minf/stbl"].Set(new EditableBox("stsd", Bytes(0, 1, entry)));
            // The sixth packet is presented behind the seventh, which has to wait for it.
            moov["trak/mdia/minf/stbl"].Set(new EditableBox("ctts", Bytes(0, 3, 5, 0, 1, 1500, 14, 0)));
        });
        BoxHeader box =
            BoxHeader.TryParse(film.AsSpan(FindMoov(film)), FindMoov(film), film.Length, out BoxHeader header) ? header : default;
        Movie movie = MovieParser.Parse(film.AsSpan((int)box.Offset, (int)box.Length), box.Offset, film.Length);
        PlayerAbilities abilities = Offer.Aac | PlayerAbilities.Nanoseconds;
        ChosenTracks chosen = ChosenTracks.Of(movie, new TrackChoice(abilities));
        Strip strip = new StripBuilder(chosen, [null, TitleLane.Audio(chosen.Audio[0].Codec!, abilities, 0)], abilities).Build(chosen);
        long[] times = [.. Enumerable.Range(0, strip.Count).Select(i => (strip[i].Time.Milliseconds * 1_000_000) + strip.NanosecondsOf(i))];
        Assert.Equal(times.Order(), times);
        Assert.Contains(times.Zip(times.Skip(1)), static pair => pair.First == pair.Second); // one did wait
    }

    private static int FindMoov(byte[] film) => film.AsSpan().IndexOf("moov"u8) - 4;
}
