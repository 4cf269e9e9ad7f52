using Mapwire.Memory;
using Mapwire.Server.Files;
using Mapwire.Server.Sending;
using Mapwire.Server.Sources;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Mapwire.Server.Tests.Sources;

/// <summary>What may be sent of a file without waiting for it.</summary>
public sealed class PresenceTests : IDisposable
{
    private const int Window = Presence.WindowLength;

    private readonly TemporaryFolder _folder = new();
    private readonly PresenceThreads _threads = new();
    private readonly string _path;
    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly TaskCompletionSource<string> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PresenceTests()
    {
        _path = Path.Combine(_folder.Path, "file");
        File.WriteAllBytes(_path, new byte[(3 * Window) + 100]);
        _file = MappedFile.Open(_path);
        _region = _file.Map();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static bool CanFind => OperatingSystem.IsLinux() && Environment.OSVersion.Version >= new Version(6, 5);

    private static long Now => Environment.TickCount64;

    public void Dispose()
    {
        _threads.Dispose();
        _region.Dispose();
        _file.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_was_not_asked_for_is_not_here_and_what_has_come_is_for_a_while()
    {
        Presence presence = Follow();
        Assert.False(presence.IsHere(0, 1, Now));
        await ArrivalAsync(presence, 10, 20);
        long now = Now;
        Assert.True(presence.IsHere(0, Window, now));
        Assert.False(presence.IsHere(0, Window + 1, now));
        Assert.False(presence.IsHere(Window, 1, now));
        Assert.False(presence.IsHere(0, 1, now + Presence.Lease + 1)); // the system takes pages back without saying so
    }

    [Fact]
    public async Task A_server_that_has_ended_brings_nothing_of_a_device_that_is_new()
    {
        _threads.Dispose();
        Presence presence = Follow();
        await ArrivalAsync(presence, 0, 1); // who waits is called, to look again
        Assert.False(presence.IsHere(0, 1, Now));
    }

    [Fact]
    public async Task A_range_over_several_windows_comes_whole_to_the_last_byte_of_the_file()
    {
        Presence presence = Follow();
        int length = (int)_region.Length;
        while (!presence.IsHere(0, length, Now))
        {
            await ArrivalAsync(presence, 0, length);
        }

        Assert.True(presence.IsHere(length - 1, 1, Now));
    }

    [Fact]
    public async Task A_view_says_of_every_range_what_the_file_says_wherever_it_looked_before()
    {
        Presence presence = Follow();
        await ArrivalAsync(presence, 0, 1);
        await ArrivalAsync(presence, 2 * Window, 1); // the second window is not here, and the last one neither
        long now = Now;
        PresenceView view = new(presence, now);
        long[] edges =
            [0, 1, Window - 1, Window, Window + 1, (2 * Window) - 1, 2 * Window, (3 * Window) - 1, 3 * Window, (3 * Window) + 99];
        foreach (long before in edges)
        {
            foreach (long offset in edges)
            {
                foreach (int length in (int[])[1, 2, Window, Window + 1])
                {
                    if (offset + length <= _region.Length)
                    {
                        view.IsHere(before, 1);
                        Assert.Equal(presence.IsHere(offset, length, now), view.IsHere(offset, length));
                    }
                }
            }
        }

        Assert.True(view.IsHere(5, 1));
        Assert.False(new PresenceView(presence, now + Presence.Lease + 1).IsHere(5, 1));
        Assert.True(new PresenceView(null, now).IsHere(Window, 1)); // nobody asks where sending may wait
    }

    [Fact]
    public async Task What_is_wanted_comes_although_nobody_waits_for_it()
    {
        Presence presence = Follow();
        presence.Want(Window - 1, 2, Now, Now);
        long begun = Now;
        while (!presence.IsHere(Window - 1, 2, Now))
        {
            Assert.True(Now - begun < 60_000, "never came");
            await Task.Delay(5, Cancellation);
        }

        Assert.False(presence.IsHere(2 * Window, 1, Now));
    }

    [Fact]
    public void What_is_in_memory_is_found_at_once_and_what_is_not_is_asked_for()
    {
        Assert.SkipUnless(CanFind, "Only Linux 6.5 and later tells what is cached.");
        AskedReader reader = new() { Finds = true };
        Presence presence = new(_file, _region, _region.Length, reader, reason => _failed.TrySetResult(reason), isLocal: true);
        presence.Want(0, 1, Now, Now);
        Assert.True(presence.IsHere(0, Window, Now)); // it was written a moment ago
        Assert.False(presence.IsHere(Window, 1, Now));
        Assert.Empty(reader.Asked);

        _region.Advise(0, _region.Length, MemoryAdvice.DontNeed);
        using (FileStream file = new(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.SetLength(2 * Window); // nothing of a part that is gone is in memory
        }

        bool isCalled = false;
        presence.WaitFor(2 * Window, 1, Now, Now, () => isCalled = true);
        Assert.Equal(2, Assert.Single(reader.Asked).Window);
        Assert.False(isCalled);
        reader.Stop();
    }

    [Fact]
    public void A_lease_is_renewed_at_once_while_the_window_stays_in_memory_and_not_when_it_has_left()
    {
        Assert.SkipUnless(CanFind, "Only Linux 6.5 and later tells what is cached.");
        AskedReader reader = new() { Finds = true };
        Presence presence = new(_file, _region, _region.Length, reader, reason => _failed.TrySetResult(reason), isLocal: true);
        presence.Want(2 * Window, 1, Now, Now);
        long late = Now + Presence.Lease - Presence.RenewBefore + 10;
        presence.Want(2 * Window, 1, late, late);
        Assert.Empty(reader.Asked);
        using (FileStream file = new(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.SetLength(2 * Window);
        }

        presence.Want(2 * Window, 1, late, late);
        Assert.Equal(2, Assert.Single(reader.Asked).Window);
        reader.Stop();
    }

    [Fact]
    public void A_window_of_a_device_that_nothing_is_read_from_counts_as_here_for_longer()
    {
        Assert.SkipUnless(CanFind, "Only Linux 6.5 and later tells what is cached.");
        AskedReader reader = new() { Finds = true, Quiet = true };
        Presence presence = new(_file, _region, _region.Length, reader, reason => _failed.TrySetResult(reason), isLocal: true);
        presence.Want(0, 1, Now, Now);
        long now = Now;
        Assert.True(presence.IsHere(0, 1, now + Presence.Lease + 1000));
        Assert.False(presence.IsHere(0, 1, now + Presence.QuietLease + 1));
        reader.Quiet = false; // something is read: what was found before may be displaced by it
        Assert.False(presence.IsHere(0, 1, now + Presence.Lease + 1000));
        presence.Want(Window, 1, Now, Now);
        Assert.False(presence.IsHere(Window, 1, Now + Presence.Lease + 1));
        reader.Stop();
    }

    [Fact]
    public void A_window_that_has_left_memory_since_is_not_sent_while_the_device_is_read_from()
    {
        Assert.SkipUnless(CanFind, "Only Linux 6.5 and later tells what is cached.");
        AskedReader reader = new() { Finds = true };
        Presence presence = new(_file, _region, _region.Length, reader, reason => _failed.TrySetResult(reason), isLocal: true);
        presence.Want(Window, Window + 1, Now, Now);
        using (FileStream file = new(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.SetLength(2 * Window);
        }

        long later = Now + Presence.TrustedFor + 1;
        reader.Quiet = true;
        Assert.True(presence.IsHere(2 * Window, 1, later)); // nobody looks: what is not read displaces nothing
        reader.Quiet = false;
        Assert.True(presence.IsHere(2 * Window, 1, Now));
        Assert.False(presence.IsHere(2 * Window, 1, later));
        Assert.False(presence.IsHere(2 * Window, 1, Now)); // known from now on
        Assert.True(presence.IsHere(Window, Window, later)); // and is not looked at for as long again
        using (FileStream file = new(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.SetLength(Window);
        }

        Assert.True(presence.IsHere(Window, 1, later + Presence.TrustedFor - 1));
        Assert.False(presence.IsHere(Window, 1, later + Presence.TrustedFor));
        bool isCalled = false;
        presence.WaitFor(2 * Window, 1, Now, Now, () => isCalled = true);
        Assert.Equal(2, Assert.Single(reader.Asked).Window);
        Assert.False(isCalled);
        reader.Stop();
    }

    [Fact]
    public async Task A_window_that_is_being_read_is_waited_for_although_it_may_be_in_memory_by_now()
    {
        AskedReader reader = new();
        Presence presence = new(_file, _region, _region.Length, reader, reason => _failed.TrySetResult(reason), isLocal: true);
        Task arrival = ArrivalAsync(presence, 0, 1);
        reader.Finds = true;
        presence.Want(0, 1, Now, Now);
        Assert.False(presence.IsHere(0, 1, Now));
        reader.BringAll();
        await arrival;
        Assert.True(presence.IsHere(0, 1, Now));
        reader.Stop();
    }

    [Fact]
    public async Task All_who_wait_for_one_window_are_called()
    {
        Presence presence = Follow();
        Task[] arrivals = [.. Enumerable.Range(0, 100).Select(_ => ArrivalAsync(presence, 5, 1))];
        await Task.WhenAll(arrivals).WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        Assert.True(presence.IsHere(5, 1, Now));
    }

    [Fact]
    public async Task A_file_that_was_cut_fails_and_whoever_waits_is_called()
    {
        Presence presence = Follow();
        using (FileStream file = new(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(Window);
        }

        await ArrivalAsync(presence, 2 * Window, 10);
        Assert.NotEmpty(await _failed.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation));
        Assert.False(presence.IsHere(2 * Window, 10, Now));
    }

    [Fact]
    public async Task After_the_end_whoever_waits_is_called_and_gets_nothing()
    {
        Presence presence = Follow();
        _threads.Dispose();
        await ArrivalAsync(presence, 0, 1);
        Assert.False(presence.IsHere(0, 1, Now));
    }

    [Fact]
    public async Task Windows_that_wait_when_their_file_is_closed_are_not_here_and_whoever_waits_is_called()
    {
        RecordingLog log = new();
        AskedReader reader = new(log);
        Presence presence = new(_file, _region, _region.Length, reader, reason => _failed.TrySetResult(reason));
        Task[] arrivals = [.. Enumerable.Range(0, 4).Select(window => ArrivalAsync(presence, window * Window, 1))];
        _region.Dispose();
        _file.Dispose();
        reader.BringAll();
        await Task.WhenAll(arrivals);
        Assert.False(presence.IsHere(Window, 1, Now));
        Assert.False(_failed.Task.IsCompleted, "nobody plays it: it is not lost");
        Assert.Empty(log.Lines);
        reader.Stop();
    }

    [Fact]
    public async Task What_a_recording_has_grown_by_is_not_here_because_the_window_was_before()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A view that does not write cannot grow there.");
        byte[] whole = FilmBytes.Flv(1, 100);
        int half = whole.Length / 2;
        string path = Path.Combine(_folder.Path, "live.flv");
        File.WriteAllBytes(path, whole[..half]);
        MediaFile file = MediaFile.Open(path, "live.flv", presence: _threads);
        Presence presence = file.Presence!;
        await ArrivalAsync(presence, half - 1, 1);
        Assert.True(presence.IsHere(half - 1, 1, Now));
        using (FileStream recorder = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
        {
            recorder.Write(whole, half, whole.Length - half);
        }

        Assert.True(file.TryGrow(new FileWork("grow", TitleLimits.Default.Opening, static _ => { }, static _ => { })));
        Assert.False(presence.IsHere(whole.Length - 1, 1, Now), "nothing has brought it");
        await ArrivalAsync(presence, whole.Length - 1, 1);
        Assert.True(presence.IsHere(whole.Length - 1, 1, Now));
        file.Release();
    }

    [Fact]
    public async Task A_window_that_grows_while_it_is_brought_is_brought_again()
    {
        AskedReader reader = new();
        Presence presence = new(_file, _region, 4 * Window, reader, reason => _failed.TrySetResult(reason));
        Task arrival = ArrivalAsync(presence, 3 * Window, 1);
        presence.Extend((3 * Window) + 200);
        reader.BringAll();
        await arrival;
        Assert.False(presence.IsHere(3 * Window, 1, Now), "only the part before the old end was read");
        presence.WaitFor(3 * Window, 1, Now, Now, static () => { });
        Assert.Equal([100, 200], reader.Asked.Select(static request => request.Length));
        reader.Stop();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Window)]
    public async Task Windows_before_the_one_that_grows_stay_here(int more)
    {
        using MappedRegion whole = _file.Map(0, 2 * Window);
        Presence presence = new(_file, whole, 4 * Window, _threads.ForDevice(1), reason => _failed.TrySetResult(reason));
        await ArrivalAsync(presence, Window, 1);
        presence.Extend((2 * Window) + more);
        Assert.True(presence.IsHere(Window, Window, Now));
    }

    [Fact]
    public void A_file_closed_while_its_windows_are_brought_ends_no_thread()
    {
        string path = _folder.Add("film.mp4");
        using (FileStream film = new(path, FileMode.Open))
        {
            film.SetLength(8 << 20);
        }

        RecordingLog log = new();
        using PresenceThreads threads = new(log: log);
        for (int round = 0; round < 500; round++)
        {
            MediaFile file = MediaFile.Open(path, "film.mp4", presence: threads);
            file.Presence!.Want(0, 8 << 20, Now, Now); // its player leaves at once
            file.Release();
        }

        Assert.Empty(log.Lines);
    }

    [Fact]
    public async Task A_waiter_that_throws_leaves_no_other_waiting()
    {
        RecordingLog log = new();
        AskedReader reader = new(log);
        Presence presence = new(_file, _region, _region.Length, reader, reason => _failed.TrySetResult(reason));
        presence.WaitFor(0, 1, Now, Now, static () => throw new InvalidOperationException("a waiter's fault"));
        Task arrival = ArrivalAsync(presence, 0, 1);
        reader.BringAll();
        await arrival;
        Assert.Contains("a waiter's fault", Assert.Single(log.Lines), StringComparison.Ordinal);
        reader.Stop();
    }

    [Fact]
    public async Task A_cursor_sends_what_is_here_and_waits_for_the_rest()
    {
        string path = Path.Combine(_folder.Path, "film.flv");
        File.WriteAllBytes(path, FilmBytes.Flv(1, 60, extraPayload: 20_000)); // 1.2 MB
        Title title = Title.Open(path, "film.flv", presence: _threads);
        Assert.True(title.TryAcquire());
        StripCursor<RtmpFraming> cursor = new(title, new RtmpFraming(title.Codecs, 1, 1 << 20), new PlayRange(new(0), -1, new(0)), new(0));
        using GatherList list = new();
        long sent = 0;
        int waits = 0;
        while (!cursor.IsOver)
        {
            long now = Now;
            list.Clear();
            cursor.Gather(list, TitleTime.MaxValue, long.MaxValue, now);
            if (list.Length == 0)
            {
                Assert.True(cursor.Waits);
                waits++;
                TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
                Assert.InRange(cursor.WaitForNext(now, () => arrived.TrySetResult()), 0, 60_000);
                await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
                continue;
            }

            long length = list.Length;
            cursor.Advance(length, TitleTime.MaxValue);
            sent += length;
        }

        Assert.InRange(waits, 1, 100);
        Assert.InRange(sent, 60 * 20_000, 60 * 21_000);
        cursor.Retire();
        title.Release();
    }

    [Fact]
    public void Of_two_films_that_begin_the_first_seconds_of_both_are_asked_for_before_the_next_of_either()
    {
        AskedReader reader = new();
        using PresenceThreads threads = new(() => reader);
        List<Title> titles = [];
        foreach (string name in (string[])["a.flv", "b.flv"])
        {
            string path = Path.Combine(_folder.Path, name);
            File.WriteAllBytes(path, FilmBytes.Flv(1, 250, extraPayload: 20_000)); // 10 s, 5 MB
            Title title = Title.Open(path, name, presence: threads);
            Assert.True(title.TryAcquire());
            titles.Add(title);
            StripCursor<RtmpFraming> cursor =
                new(title, new RtmpFraming(title.Codecs, 1, 1 << 20), new PlayRange(new(0), -1, new(0)), new(0));
            cursor.AskAhead(until: new(3000), shown: new(0), now: 100_000);
        }

        PresenceRequest[] order = [.. reader.Asked.OrderBy(static request => request.NeededAt)];
        Assert.InRange(order.Length, 24, 60); // four seconds of each
        Assert.Equal(100_000, order[0].NeededAt);
        Assert.Equal(100_000, order[1].NeededAt);
        for (int i = 0; i + 1 < order.Length; i += 2)
        {
            Assert.NotSame(order[i].Source, order[i + 1].Source);
            Assert.Equal(order[i].Window, order[i + 1].Window);
        }

        titles.ForEach(static title => title.Release());
        titles.ForEach(static title => title.Release());
    }

    [Fact]
    public void Every_window_of_what_will_be_due_is_asked_for()
    {
        AskedReader reader = new();
        using PresenceThreads threads = new(() => reader);
        string path = Path.Combine(_folder.Path, "film.flv");
        File.WriteAllBytes(path, FilmBytes.Flv(1, 250, extraPayload: 20_000)); // 20,000 bytes a message: six of them in a window
        Title title = Title.Open(path, "film.flv", presence: threads);
        Assert.True(title.TryAcquire());
        StripCursor<RtmpFraming> cursor = new(title, new RtmpFraming(title.Codecs, 1, 1 << 20), new PlayRange(new(0), -1, new(0)), new(0));
        cursor.AskAhead(until: new(3000), shown: new(0), now: 100_000);
        int end = title.Strip.IndexAt(new(3000));
        HashSet<int> wanted = [];
        for (int i = 0; i < end; i++)
        {
            StripEntry entry = title.Strip[i];
            wanted.Add((int)(entry.Offset / Window));
            wanted.Add((int)((entry.Offset + entry.Size - 1) / Window));
        }

        Assert.Superset(wanted, reader.Asked.Select(static request => request.Window).ToHashSet());
        cursor.Retire();
        title.Release();
    }

    /// <summary>Keeps what is asked for and brings nothing by itself.</summary>
    private sealed class AskedReader(ILogger? log = null) : DeviceReader("test", log)
    {
        public List<PresenceRequest> Asked { get; } = [];

        public bool Finds { get; set; }

        public bool Quiet { get; set; }

        public override bool AllowsFinding => Finds;

        public override bool IsQuiet(long moment) => Quiet;

        public override void Add(PresenceRequest request) => Asked.Add(request);

        /// <summary>Has the threads of a real reader bring it.</summary>
        public void BringAll() => Asked.ForEach(base.Add);
    }

    [Fact]
    public async Task A_cursor_asks_for_what_will_be_due_and_not_for_the_whole_film()
    {
        string path = Path.Combine(_folder.Path, "film.flv");
        File.WriteAllBytes(path, FilmBytes.Flv(1, 500, extraPayload: 20_000)); // 20 s, 10 MB
        Title title = Title.Open(path, "film.flv", presence: _threads);
        Assert.True(title.TryAcquire());
        StripCursor<RtmpFraming> cursor = new(title, new RtmpFraming(title.Codecs, 1, 1 << 20), new PlayRange(new(0), -1, new(0)), new(0));
        cursor.AskAhead(until: new(1000), shown: new(0), Now);
        long begun = Now;
        while (!IsHere(2200))
        {
            Assert.True(Now - begun < 60_000, "never came");
            await Task.Delay(5, Cancellation);
        }

        Assert.False(IsHere(8000));
        cursor.Retire();
        title.Release();

        bool IsHere(long time)
        {
            StripEntry entry = title.Strip[title.Strip.IndexAt(new(time))];
            return title.Presence!.IsHere(entry.Offset, entry.Size, Now);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Window)]
    public void A_file_may_grow_to_its_last_byte(int over)
    {
        long most = (1024L * Window) + over; // so many windows lie beside each other
        Presence presence = new(
            _file, _region, most, _threads.ForDevice(_file.Identity.Device), reason => _failed.TrySetResult(reason));
        Assert.False(presence.IsHere(most - 1, 1, Now));
        Assert.False(presence.IsHere(0, 1, Now));
    }

    private Presence Follow() => new(
        _file, _region, _region.Length, _threads.ForDevice(_file.Identity.Device), reason => _failed.TrySetResult(reason));

    private static async Task ArrivalAsync(Presence presence, long offset, int length)
    {
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        presence.WaitFor(offset, length, Now, Now, () => arrived.TrySetResult());
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
    }
}
