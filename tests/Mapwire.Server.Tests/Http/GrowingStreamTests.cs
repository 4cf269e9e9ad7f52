using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Http;

public sealed class GrowingStreamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FileCatalog _files;
    private readonly GatherList _list = new();

    public GrowingStreamTests()
    {
        _folder.Add("a.mp4");
        _files = new FileCatalog(new ServedFolder(_folder.Path), new FileBudget());
    }

    public void Dispose()
    {
        _files.Dispose();
        _list.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_was_added_is_told_and_follows_what_was_sent_until_the_film_rests()
    {
        Queue<Resource> moments = new([await MomentAsync(1500, true), await MomentAsync(1500, true), await MomentAsync(1800, false)]);
        using SemaphoreSlim arrivals = new(0);
        GrowingStream stream = new(await MomentAsync(1000, true), _ => Task.FromResult(moments.Dequeue()), () => arrivals.Release());
        Assert.Equal(1000, Take(stream));
        Assert.False(stream.IsOver);
        await ArriveAsync(arrivals);
        Assert.Equal(500, Take(stream));
        await ArriveAsync(arrivals); // nothing was added since
        Assert.Equal(0, Take(stream));
        await ArriveAsync(arrivals);
        Assert.Equal(300, Take(stream));
        Assert.True(stream.IsOver);
        Assert.Null(stream.LostReason);
        stream.Release();
    }

    [Fact]
    public async Task A_film_that_has_become_shorter_is_lost()
    {
        Resource next = await MomentAsync(900, true);
        using SemaphoreSlim arrivals = new(0);
        GrowingStream stream = new(await MomentAsync(1000, true), _ => Task.FromResult(next), () => arrivals.Release());
        Assert.Equal(1000, Take(stream));
        await ArriveAsync(arrivals);
        Assert.Equal(0, Take(stream));
        Assert.Contains("does not continue", stream.LostReason, StringComparison.Ordinal);
        stream.Release();
    }

    /// <summary>Parts that end elsewhere than they did: to go on at that byte would begin in the middle of one.</summary>
    [Fact]
    public async Task A_film_whose_parts_end_elsewhere_now_is_lost()
    {
        Resource next = await MomentAsync(await CutAsync(4), false);
        using SemaphoreSlim arrivals = new(0);
        Resource first = await MomentAsync(await CutAsync(6), true);
        GrowingStream stream = new(first, _ => Task.FromResult(next), () => arrivals.Release());
        for (long sent = 0; sent < first.Body.Length;)
        {
            long taken = Take(stream);
            Assert.True(taken > 0, $"{sent} of {first.Body.Length} bytes were sent");
            sent += taken;
        }

        await ArriveAsync(arrivals);
        Assert.Equal(0, Take(stream));
        Assert.Contains("does not continue", stream.LostReason, StringComparison.Ordinal);
        stream.Release();
    }

    [Fact]
    public async Task A_film_that_is_cut_is_lost_with_the_reason()
    {
        GrowingStream stream = new(await MomentAsync(1000, true), static _ => throw new InvalidOperationException(), static () => { });
        using (FileStream film = new(Path.Combine(_folder.Path, "a.mp4"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            film.SetLength(100);
        }

        SpinWait.SpinUntil(static () => false, 20); // the looks of one millisecond are one
        Assert.Equal(0, Take(stream));
        Assert.NotNull(stream.LostReason);
        stream.Release();
    }

    private static async Task ArriveAsync(SemaphoreSlim arrivals) =>
        Assert.True(await arrivals.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken), "nothing was told");

    private long Take(GrowingStream stream)
    {
        _list.Clear();
        stream.Gather(_list, 1 << 20, Environment.TickCount64);
        long length = _list.Length;
        if (length > 0)
        {
            stream.Advance(length);
        }

        return length;
    }

    /// <summary>The clip as one fragmented file whose segments are so long; of 6 s it is shorter, as one that grows.</summary>
    private async Task<MadeBody> CutAsync(int seconds)
    {
        MediaFile file = await _files.OpenAsync(_files.Find(PlayName.Parse("", "a.mp4")));
        SegmentedTitle title = SegmentedTitle.Create(
            file.Content, PlayQuery.Parse(""), TimeSpan.FromSeconds(seconds), isGrowing: seconds == 6, isGathered: true);
        file.Release();
        return new MadeBody(new FragmentedFile(title.Get(title.MainName)));
    }

    private Task<Resource> MomentAsync(int length, bool isGrowing) => MomentAsync(new MadeBody(new byte[length]), isGrowing);

    private async Task<Resource> MomentAsync(MadeBody body, bool isGrowing)
    {
        MediaFile file = await _files.OpenAsync(_files.Find(PlayName.Parse("", "a.mp4")));
        return new Resource([file], body, new Representation(body.Length, new EntityTag("t")), "video/mp4", "no-store")
        {
            IsGrowing = isGrowing,
        };
    }
}
