using Mapwire.Http.Conditional;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;
using Mapwire.Server.Tests.Sources;
using Xunit;

namespace Mapwire.Server.Tests.Http;

public sealed class BodyCursorTests : IDisposable
{
    private const int Window = Presence.WindowLength;

    private readonly TemporaryFolder _folder = new();
    private readonly ToldReader _disk = new();
    private readonly PresenceThreads _threads;
    private readonly FileCatalog _files;
    private readonly GatherList _list = new();

    public BodyCursorTests()
    {
        using (FileStream film = new(_folder.Add("a.mp4"), FileMode.Open))
        {
            film.SetLength(3L * Window);
        }

        _threads = new PresenceThreads(() => _disk);
        _files = new FileCatalog(new ServedFolder(_folder.Path), new FileBudget(), presence: _threads);
    }

    public void Dispose()
    {
        _files.Dispose();
        _threads.Dispose();
        _list.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Behind_a_run_that_is_in_memory_in_part_nothing_is_sent_until_the_rest_of_it_is()
    {
        MediaFile file = await _files.OpenAsync(_files.Find(PlayName.Parse("", "a.mp4")));
        long now = Environment.TickCount64;
        file.Presence!.Want(0, Window, now, now);
        _disk.BringAll();
        PieceList pieces = new PieceList.Builder().Add(Window - 1000, 2000).Add(100, 500).Build();
        MadeBody body = new(pieces);
        int arrivals = 0;
        BodyCursor cursor = new(
            new Resource([file], body, new Representation(body.Length, new EntityTag("t")), "video/mp4", "no-store"),
            [new BodyPart(file, pieces)], () => Interlocked.Increment(ref arrivals));
        cursor.Gather(_list, 1 << 20, now);
        Assert.Equal(1000, _list.Length);
        cursor.Advance(1000);

        _list.Clear();
        cursor.Gather(_list, 1 << 20, now);
        Assert.Equal((0, 0), (_list.Length, arrivals));
        _disk.BringAll();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref arrivals) > 0, TimeSpan.FromSeconds(30)));
        cursor.Gather(_list, 1 << 20, now);
        Assert.Equal(1500, _list.Length);
        cursor.Advance(1500);
        Assert.True(cursor.IsOver);
        cursor.Release();
    }
}
