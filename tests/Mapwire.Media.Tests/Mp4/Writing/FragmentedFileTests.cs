using Mapwire.Media.Mp4.Writing;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4.Writing;

/// <summary>Films that become one fragmented MP4.</summary>
public sealed class FragmentedFileTests
{
    [Fact]
    public void Times_of_the_second_film_go_on_where_the_first_ends()
    {
        byte[][] films =
        [
            new Mp4Builder { Sizes = [10, 20, 30] }.Build(), new Mp4Builder { Sizes = [40, 50] }.Build(),
            new Mp4Builder { Sizes = [60] }.Build(),
        ];
        FragmentedFile joined = new([.. films.Select(Cut)]);
        Assert.Equal(4, joined.Count);
        Assert.Equal([0, 0, 1, 2], Enumerable.Range(0, joined.Count).Select(joined.RenditionOf));
        byte[] stream = Join(joined, films);
        Assert.Equal(joined.Length, stream.Length);
        Assert.Equal(2, joined.IndexAt(joined.GetOffset(2)));
        Track track = Mp4Files.Parse(stream).Tracks[0];
        Assert.Equal([0, 40, 80, 120, 160, 200], track.Samples.Select(static sample => sample.DecodeTime));
        Assert.Equal([10u, 20u, 30u, 40u, 50u, 60u], track.Samples.Select(static sample => sample.Size));
        int film = 0;
        Assert.All(track.Samples, sample =>
        {
            byte[] payload = stream[(int)sample.Offset..(int)(sample.Offset + sample.Size)];
            film = payload.Length is 40 or 60 ? film + 1 : film;
            Assert.True(films[film].AsSpan().IndexOf(payload) >= 0);
        });
    }

    [Fact]
    public void Pictures_that_are_presented_late_are_not_decoded_before_those_of_the_film_before()
    {
        byte[] plain = new Mp4Builder { Sizes = [10, 20] }.Build();
        byte[] late = new Mp4Builder { Sizes = [10, 20] }.Build(static moov => moov["trak/mdia/minf/stbl"].Set(
            new EditableBox("ctts", Bytes(0, 1, 2, 100))));
        FragmentedFile joined = new([Cut(plain), Cut(late), Cut(plain)]);
        Track track = Mp4Files.Parse(Join(joined, [plain, late, plain])).Tracks[0];
        long[] decode = [.. track.Samples.Select(static sample => sample.DecodeTime)];
        long[] shown = [.. track.Samples.Select(static sample => sample.DecodeTime + sample.CompositionOffset)];
        Assert.Equal([0, 40, 80, 120], decode[..4]); // as early as the film before lets it
        Assert.Equal([0, 40, 180, 220], shown[..4]);
        Assert.Equal([260, 300], shown[4..]); // where the pictures before it end
    }

    [Fact]
    public void Films_that_one_init_segment_does_not_fit_are_refused_with_the_difference()
    {
        byte[] film = new Mp4Builder().Build();
        byte[] record = [.. Mp4Builder.AvcRecord];
        record[3] = 0x1E;
        byte[] other = new Mp4Builder().Build(moov => moov["trak/mdia/minf/stbl"].Set(new EditableBox("stsd", Bytes(0, 1, Box("avc1",
            Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50], Box("avcC", record)))))));
        Mp4WritingException refused = Assert.Throws<Mp4WritingException>(() => new FragmentedFile([Cut(film), Cut(film), Cut(other)]));
        Assert.Equal(Mp4WritingError.DifferentFilms, refused.Error);
        Assert.Contains("film 3 has another sample description of video", refused.Message, StringComparison.Ordinal);
    }

    private static Rendition Cut(byte[] film) => SegmentPlan.Create(Timeline.Create(Mp4Files.Parse(film).Tracks)).CreateRendition(0);

    private static byte[] Join(FragmentedFile joined, byte[][] films)
    {
        using MemoryStream stream = new();
        for (int part = 0; part < joined.Count; part++)
        {
            Assert.Equal(joined.GetOffset(part), stream.Length);
            foreach (Piece piece in joined.CreatePart(part))
            {
                stream.Write(piece.IsFileRange
                    ? films[joined.RenditionOf(part)].AsSpan((int)piece.Offset, (int)piece.Length) : piece.Bytes.Span);
            }
        }

        return stream.ToArray();
    }

    private static byte[] Box(string type, byte[] body) => new EditableBox(type, body).Write();
}
