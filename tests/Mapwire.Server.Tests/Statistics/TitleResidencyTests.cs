using Mapwire.Memory;
using Mapwire.Server.Statistics;
using Xunit;

namespace Mapwire.Server.Tests.Statistics;

/// <summary>How much of files is in memory, as a reader of the statistics asks.</summary>
public sealed class TitleResidencyTests : IDisposable
{
    private const int Length = 300_000;

    /// <summary>Far more than a look takes, so that who waits for all of it was not told.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();
    private readonly TitleResidency _residency = new();

    public TitleResidencyTests() =>
        Assert.SkipUnless(
            PlatformCapabilities.Supports(MemoryCapability.ResidencyOfPageCache), "This system does not say what is in memory.");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_that_were_just_written_are_in_memory_as_many_as_there_are()
    {
        (string Path, long Length)[] files = [.. Enumerable.Range(0, 30).Select(i => (Write($"{i}.mp4"), (long)Length))];
        long start = Environment.TickCount64;
        _residency.Refresh(files, Patience);
        Assert.All(files, file => Assert.Equal(1.0, _residency.GetShare(file.Path)));
        Assert.InRange(Environment.TickCount64 - start, 0, (long)Patience.TotalMilliseconds / 2);
    }

    [Fact]
    public void An_answer_is_good_for_a_while()
    {
        string path = Write("a.mp4");
        _residency.Refresh([(path, Length)], Patience);
        File.Delete(path);
        _residency.Refresh([(path, Length)], Patience);
        Assert.Equal(1.0, _residency.GetShare(path));
    }

    [Fact]
    public void Of_what_is_not_the_served_file_any_more_nothing_is_known()
    {
        string shorter = Write("a.mp4");
        string gone = Path.Combine(_folder.Path, "gone.mp4");
        _residency.Refresh([(shorter, Length + 1), (gone, Length), ("\0", Length), (shorter + "x", 0)], Patience);
        Assert.Null(_residency.GetShare(shorter));
        Assert.Null(_residency.GetShare(gone));
        Assert.Null(_residency.GetShare("\0"));
        Assert.Null(_residency.GetShare("never asked for"));
    }

    private string Write(string name)
    {
        string path = Path.Combine(_folder.Path, name);
        File.WriteAllBytes(path, new byte[Length]);
        return path;
    }
}
