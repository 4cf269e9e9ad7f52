using Mapwire.Memory;
using Mapwire.Server.Sources;
using Xunit;

namespace Mapwire.Server.Tests.Sources;

/// <summary>A device of which some windows are in memory, and reading the others takes as long as a test says.</summary>
public sealed class DeviceReaderTests : IDisposable
{
    private const int ReadsAtOnce = 16;

    /// <summary>Three times as many as are read at once; the windows behind them are in memory.</summary>
    private const int ColdWindows = 3 * ReadsAtOnce;

    private const int WarmWindows = 40;

    private readonly TemporaryFolder _folder = new();
    private readonly ManualResetEventSlim _free = new();
    private const long ReadAt = 1_000_000;

    private readonly CountdownEvent _allRead = new(ReadsAtOnce);
    private readonly CountdownEvent _left = new(ColdWindows);
    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly HalfWarmReader _reader;
    private readonly Presence _presence;
    private int _reads;

    public DeviceReaderTests()
    {
        string path = Path.Combine(_folder.Path, "file");
        using (FileStream file = File.Create(path))
        {
            file.SetLength((ColdWindows + WarmWindows) * (long)Presence.WindowLength);
        }

        _file = MappedFile.Open(path);
        _region = _file.Map();
        long now = 0;
        _reader = new HalfWarmReader(() => Volatile.Read(ref now));
        Volatile.Write(ref now, ReadAt); // it was made long before anything is read
        _presence = new Presence(_file, _region, _region.Length, _reader, static _ => { });
        for (int window = 0; window < ColdWindows; window++)
        {
            _presence.WaitFor(OffsetOf(window), 1, now: 0, neededAt: window, Read);
        }
    }

    public void Dispose()
    {
        _free.Set();
        Assert.True(_left.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        _reader.Stop();
        _region.Dispose();
        _file.Dispose();
        _folder.Dispose();
        _free.Dispose();
        _allRead.Dispose();
        _left.Dispose();
    }

    [Fact]
    public async Task Windows_in_memory_come_although_as_many_reads_of_the_device_hang_as_there_may_be()
    {
        await Task.WhenAll(Enumerable.Range(ColdWindows, WarmWindows).Select(ArrivalAsync));
        Assert.Equal(ColdWindows, _left.CurrentCount);
    }

    [Fact]
    public async Task A_device_has_16_reads_at_once_and_no_more()
    {
        Assert.True(_allRead.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken), "fewer reads than may be at once");
        await ArrivalAsync(ColdWindows); // needed after all others, which wait for a read now
        await Task.Delay(100, TestContext.Current.CancellationToken); // for one too many to begin
        Assert.Equal(ReadsAtOnce, Volatile.Read(ref _reads));
    }

    [Fact]
    public void A_device_is_quiet_when_nothing_was_read_from_it_for_10_s()
    {
        Assert.True(_allRead.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken), "nothing was read");
        Assert.False(_reader.IsQuiet(ReadAt + 10_000));
        Assert.True(_reader.IsQuiet(ReadAt + 10_001));
        Assert.False(_reader.IsQuiet(ReadAt - 60_000)); // of a moment before: it was quiet then, and has not been since
    }

    [Fact]
    public void A_device_that_nothing_was_read_from_yet_is_not_quiet_at_first()
    {
        DeviceReader reader = new("test", clock: static () => ReadAt);
        Assert.False(reader.IsQuiet(ReadAt + 10_000)); // what others have read until now is not known
        Assert.True(reader.IsQuiet(ReadAt + 10_001));
        reader.Stop();
    }

    private static long OffsetOf(int window) => (long)window * Presence.WindowLength;

    /// <summary>On the thread that reads a window: it hangs until the test is over.</summary>
    private void Read()
    {
        if (Interlocked.Increment(ref _reads) <= ReadsAtOnce)
        {
            _allRead.Signal();
        }

        _free.Wait();
        _left.Signal();
    }

    private async Task ArrivalAsync(int window)
    {
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _presence.WaitFor(OffsetOf(window), 1, now: 0, neededAt: window, () => arrived.TrySetResult());
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    /// <summary>Says of each window whether it is in memory as the test wants it, not the system.</summary>
    private sealed class HalfWarmReader(Func<long> clock) : DeviceReader("test", clock: clock)
    {
        protected override bool IsWarm(PresenceRequest request) => request.Window >= ColdWindows;
    }
}
