using System.Text;
using Mapwire.Media;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Files;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

/// <summary>What cannot be sent is refused with its place, of files that no disk here could hold, too.</summary>
public sealed class StripRefusalTests
{
    [Fact]
    public void A_sample_past_16_TiB_is_refused_with_its_table()
    {
        byte[] film = new Mp4Builder().Build(static moov =>
        {
            moov["trak/mdia/minf/stbl"].Remove("stco");
            moov["trak/mdia/minf/stbl"].Set(new EditableBox("co64", EditableBox.Bytes(0, 1, 1L << 44)));
        });
        Assert.Equal($"track 1: sample 1 lies at 17592186044416, past 16 TiB (box 'co64' at offset {BodyOf(film, "co64")})",
            Refusal(film, 20L << 40));
    }

    [Fact]
    public void A_fragment_without_a_sync_sample_starts_with_its_first()
    {
        Mp4Builder builder = new() { Sizes = [] };
        builder.Extra.Add(new EditableBox("mvex", new EditableBox("trex", EditableBox.Bytes(0, 1, 1, 40, 20, 0x10000))));
        EditableBox run = new("trun", EditableBox.Bytes(0x201, 3, 100, 10, 11, 12));
        byte[] film =
            [.. builder.Build(),
            .. new EditableBox("moof", new EditableBox("traf", new EditableBox("tfhd", EditableBox.Bytes(0x20000, 1)), run)).Write(),
            .. new EditableBox("mdat", new byte[120]).Write()];
        Strip strip = Build(film, film.Length);
        Assert.Equal([0], strip.SyncPoints());
        Assert.Equal(3, strip.Count);
    }

    [Fact]
    public void Numbers_are_the_files_whatever_is_sent_before()
    {
        byte[] film = new Mp4Builder { Delta = 0x7FFFFFFF, Sizes = [.. Enumerable.Repeat(1u, 10)] }.Build();
        Assert.Equal(
            $"track 1: sample 6 is due at 10737418235 ms; the last time that can be told is 8589934591 (box 'stts' at offset "
            + $"{BodyOf(film, "stts")})",
            Refusal(film, film.Length));
    }

    private static int BodyOf(byte[] film, string box) => film.AsSpan().IndexOf(Encoding.ASCII.GetBytes(box)) + 4;

    private static string Refusal(byte[] film, long length)
    {
        TitleException refusal = Assert.Throws<TitleException>(() => Build(film, length));
        Assert.Equal(TitleError.NotPlayable, refusal.Error);
        return refusal.Message;
    }

    private static Strip Build(byte[] film, long length)
    {
        MovieFileReader reader = new(length);
        while (reader.TryGetNext(out long offset, out int wanted))
        {
            reader.Add(film.AsSpan((int)offset, wanted));
        }

        ChosenTracks chosen = ChosenTracks.Of(reader.ToMovie(), default);
        return new StripBuilder(chosen, [TitleLane.Video(chosen.Video!, PlayerAbilities.None)], PlayerAbilities.None).Build(chosen);
    }
}
