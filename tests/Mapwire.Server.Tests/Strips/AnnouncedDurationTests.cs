using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Reports;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

/// <summary>The announced length of a film is the length of what is sent.</summary>
public sealed class AnnouncedDurationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 12_000, 10_000, 10)] // as `ffmpeg -ss 12 -c copy` writes it: the sync sample is 12 s before the edit
    [InlineData(5_000, 0, 22_000, 22)] // all tracks begin with a pause
    public void The_announced_duration_is_that_of_what_is_sent(int pause, int mediaTime, int edit, int expected)
    {
        byte[] film = new Mp4Builder { Delta = 1000, Sizes = [.. Enumerable.Repeat(9u, 22)] }.Build(moov => moov["trak"].Children!.Add(
            pause > 0
                ? Mp4Builder.EditList(((uint)pause, -1, 0x10000), ((uint)edit, mediaTime, 0x10000))
                : Mp4Builder.EditList(((uint)edit, mediaTime, 0x10000))));
        Title title = Open(film);
        Assert.Equal(22, title.Strip.ToArray().Count(static entry => !entry.IsChange));
        Assert.Equal(new(22_000), title.Strip[title.Strip.Count - 1].Time + 1000);
        Assert.Equal(expected, Metadata(title)["duration"]!.AsNumber());
        Assert.Equal(expected, title.Duration.TotalSeconds);
        Assert.Equal(expected, TitleReport.Of(Path.Combine(_folder.Path, "film.mp4")).Duration.TotalSeconds);

        // Sent by a player's clock, it is as long: a run-up comes at time zero, between the frames that tell players not to show it.
        Assert.True(title.TryAcquire());
        StripCursor<RtmpFraming> cursor =
            new(title, new RtmpFraming(title.Codecs, 1, 1 << 20), new PlayRange(title.Strip.RunUpEnd, -1, new(0)), new(0));
        Assert.Equal(new(0), cursor.PlayerTime);
        Assert.Equal(new(expected * 1000), cursor.PlayerEnd);
        Assert.Equal(new((expected - 1) * 1000), cursor.LastTime);
        cursor.Retire();
        byte[][] commands =
            [.. title.Strip.ToArray().Where(static entry => entry.IsCommand)
                .Select(entry => title.Codecs.Changes.Slice((int)entry.Offset, entry.Size).ToArray())];
        Assert.Equal(mediaTime > 0 ? [[0x57, 0], [0x57, 1]] : [], commands);
        if (mediaTime > 0)
        {
            int[] places = [.. Enumerable.Range(0, title.Strip.Count).Where(i => title.Strip[i].IsCommand)];
            Assert.Equal([0, 13], places);
            Assert.Equal(new(12_000), title.Strip[14].Time);
        }

        title.Release();
    }

    [Fact]
    public void A_film_of_one_picture_has_no_frame_rate_in_its_metadata()
    {
        Title title = Open(new Mp4Builder { Sizes = [100] }.Build());
        Assert.Null(Metadata(title)["framerate"]);
        Assert.Equal(160, Metadata(title)["width"]!.AsNumber());
        title.Release();
    }

    private static AmfValue Metadata(Title title)
    {
        Amf0Reader reader = new(title.Metadata.Span);
        Assert.Equal("onMetaData", reader.ReadString());
        return reader.ReadValue();
    }

    private Title Open(byte[] film)
    {
        string path = Path.Combine(_folder.Path, "film.mp4");
        File.WriteAllBytes(path, film);
        return Title.Open(path, "film.mp4");
    }
}
