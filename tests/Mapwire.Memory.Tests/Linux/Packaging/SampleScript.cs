using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace Mapwire.Memory.Tests.Linux.Packaging;

/// <summary>What a user would do with each sample, so that two builds of it can be compared by what they print. What chance decides is
/// checked here and left out.</summary>
internal static class SampleScript
{
    public static string Play(string sample, ProgramRun run) => sample switch
    {
        "Bookshelf" => run.Play("shelf.arena") + run.Play("shelf.arena"),
        "LinkedTree" => run.Play("tree", "plum", "apple", "quince", "apple") + run.Play("tree", "fig") + run.Play("tree"),
        "MmapRead" => MmapRead(run),
        "MmapWrite" => MmapWrite(run),
        "ObjectPool" => Regex.Replace(run.Play("20000"), @"\d+ KiB on the heap", "KiB on the heap"),
        "PrivateCopy" => PrivateCopy(run),
        "ProducerConsumer" => ProducerConsumer(run),
        "ReadersWriter" => ReadersWriter(run),
        "SharedCounter" => SharedCounter(run),
        "SharedUpdate" => run.Play("counter", "20"),
        "WordCount" => run.Play("--make", "text", "100000") + run.Play("words", "text") + run.Play("words", "text") + run.Play("words"),
        "ZeroPages" => run.Play(),
        _ => throw new ArgumentException($"a script is missing for the sample '{sample}'", nameof(sample)),
    };

    private static string MmapRead(ProgramRun run)
    {
        File.WriteAllText(run["number"], "21");
        return run.Play("number") + File.ReadAllText(run["number"]);
    }

    private static string MmapWrite(ProgramRun run)
    {
        string said = run.Play("number"), written = File.ReadAllText(run["number"]);
        Assert.Equal($"wrote: {written.TrimEnd('\0')}\n", said);
        return $"{written.Length} bytes";
    }

    private static string PrivateCopy(ProgramRun run)
    {
        File.WriteAllText(run["text"], "quiet words");
        return run.Play("text") + File.ReadAllText(run["text"]);
    }

    private static string ProducerConsumer(ProgramRun run)
    {
        string name = NewName();
        using Process consumer = run.Start(name);
        string ready = consumer.StandardOutput.ReadLine() + "\n";
        return ready + run.Play(name, "a", "b") + run.Play(name, "c", "end") + run.End(consumer);
    }

    private static string ReadersWriter(ProgramRun run)
    {
        string name = NewName();
        using Process writer = run.Start(name, "write", "2000"), reader = run.Start(name, "read", "2000");
        Assert.Matches(@"^read: (\d+) \1\n$", run.End(reader));
        return run.End(writer);
    }

    private static string SharedCounter(ProgramRun run)
    {
        string name = NewName();
        using Process one = run.Start(name, "5000"), two = run.Start(name, "5000");
        string[] counts = [one.StandardOutput.ReadLine()!, two.StandardOutput.ReadLine()!];
        Assert.Contains("count: 10000", counts); // the later one saw them all
        return "count: 10000\n" + run.End(one) + run.End(two);
    }

    private static string NewName() => $"sample-{Guid.NewGuid():n}";
}
