using System.Diagnostics;
using System.Globalization;
using Mapwire.Memory;
using Mapwire.Memory.Native.Sharing;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Windows;

/// <summary>Waking by named semaphores: it reaches another opening, and where the system refuses the semaphore a wake never
/// fails.</summary>
public sealed class WindowsWakeTests : IDisposable
{
    private const int Longest = 60_000; // ms
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Segments _segments = new();
    private readonly ulong _segment = (ulong)Random.Shared.NextInt64();
    private readonly MappedFile _file;
    private readonly MappedRegion _region;

    public WindowsWakeTests()
    {
        _file = MappedFile.Create(Path.Combine(_segments.Folder, "word"), 4096);
        _region = _file.Map();
    }

    public void Dispose()
    {
        _region.Dispose();
        _file.Dispose();
        _segments.Dispose();
    }

    [Fact]
    public async Task A_wake_of_another_opening_ends_a_sleep()
    {
        using WordWait one = WordWait.For(_segment, _file.Handle), two = WordWait.For(_segment, _file.Handle);
        Task<TimeSpan> sleep = SleepAsync(one);
        await Task.Delay(200, TestContext.Current.CancellationToken);
        two.Wake(_region.DangerousAddress, 0, 1);
        Assert.InRange(await sleep, TimeSpan.FromMilliseconds(50), Patience);
    }

    [Fact]
    public async Task A_wake_does_not_throw_and_a_sleep_looks_again_soon_where_the_semaphore_is_refused()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"Mapwire-{_segment:x16}-0");
        using Mutex everywhere = new(false, $@"Global\{name}"), here = new(false, $@"Local\{name}"); // the names are another kind's
        using WordWait waiting = WordWait.For(_segment, _file.Handle);
        waiting.Wake(_region.DangerousAddress, 0, int.MaxValue);
        Assert.InRange(await SleepAsync(waiting), TimeSpan.Zero, Patience);
    }

    [Fact]
    public void A_wake_after_disposal_does_not_throw()
    {
        WordWait waiting = WordWait.For(_segment, _file.Handle);
        waiting.Wake(_region.DangerousAddress, 0, 1);
        waiting.Dispose();
        waiting.Wake(_region.DangerousAddress, 0, 1);
    }

    private Task<TimeSpan> SleepAsync(WordWait waiting) => Task.Factory.StartNew(
        () =>
        {
            long start = Stopwatch.GetTimestamp();
            waiting.Sleep(_region.DangerousAddress, 0, 0, Longest);
            return Stopwatch.GetElapsedTime(start);
        }, TaskCreationOptions.LongRunning);
}
