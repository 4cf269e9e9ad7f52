using System.Diagnostics;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>The samples, run as several processes at once.</summary>
public sealed class SampleTests
{
    private readonly string _name = $"sample-{Guid.NewGuid():n}";

    [Fact]
    public void Two_counters_lose_no_count()
    {
        using Process one = Start("SharedCounter", _name, "20000"), two = Start("SharedCounter", _name, "20000");
        string[] counts = [one.StandardOutput.ReadLine()!, two.StandardOutput.ReadLine()!];
        Assert.Contains("count: 40000", counts); // whoever was last saw them all
        one.StandardInput.Close();
        two.StandardInput.Close();
        Assert.Equal((0, 0), (End(one), End(two)));
    }

    [Fact]
    public void A_consumer_gets_what_two_producers_say()
    {
        using Process consumer = Start("ProducerConsumer", _name);
        Assert.Equal("ready", consumer.StandardOutput.ReadLine());
        using Process one = Start("ProducerConsumer", _name, "a", "b"), two = Start("ProducerConsumer", _name, "c");
        Assert.Equal((0, 0), (End(one), End(two)));
        using Process last = Start("ProducerConsumer", _name, "end");
        string[] got =
            consumer.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(["got: a", "got: b", "got: c", "got: end"], got.Order());
        Assert.Equal("got: end", got[^1]);
        Assert.True(Array.IndexOf(got, "got: a") < Array.IndexOf(got, "got: b"));
        Assert.Equal((0, 0), (End(last), End(consumer)));
    }

    [Fact]
    public void Readers_never_see_the_writer_half_way()
    {
        using Process writer = Start("ReadersWriter", _name, "write", "20000");
        using Process one = Start("ReadersWriter", _name, "read", "20000"), two = Start("ReadersWriter", _name, "read", "20000");
        Assert.StartsWith("write: 20000 20000", writer.StandardOutput.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal((0, 0, 0), (End(writer), End(one), End(two)));
    }

    private static int End(Process process)
    {
        Assert.True(process.WaitForExit(60_000));
        return process.ExitCode;
    }

    /// <summary>A sample is published beside the tests, or is where its own build left it.</summary>
    private static Process Start(string sample, params string[] arguments)
    {
        string file = OperatingSystem.IsWindows() ? sample + ".exe" : sample;
        string beside = Path.Combine(AppContext.BaseDirectory, file);
        string configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))!);
        string built = Path.GetFullPath(Path.Combine(
            AppContext.BaseDirectory, "../../../../..", "samples", sample, "bin", configuration, "net10.0", file));
        return PatientStart.Of(new ProcessStartInfo(File.Exists(Path.ChangeExtension(beside, ".dll")) ? beside : built, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        });
    }
}
