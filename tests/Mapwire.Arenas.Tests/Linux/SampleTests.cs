using System.Text;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Arenas.Tests.Linux;

/// <summary>The samples with arenas, run as processes. MAPWIRE_WORDS_MIB says how much text is counted.</summary>
public sealed class SampleTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_tree_built_by_some_runs_is_walked_by_the_next()
    {
        string path = _folder["tree"];
        Assert.Equal((0, "", ""), Run("LinkedTree", path, "plum", "apple", "quince", "apple"));
        Assert.Equal((0, "", ""), Run("LinkedTree", path, "fig", "plum"));
        Assert.Equal((0, "apple 2\nfig 1\nplum 2\nquince 1\n", ""), Run("LinkedTree", path));
        Assert.Equal((0, "apple 2\nfig 1\nplum 2\nquince 1\n", ""), Run("LinkedTree", path));
    }

    [Fact]
    public void Words_are_counted_into_a_file_on_top_of_what_is_there()
    {
        string text = _folder["text"], arena = _folder["arena"];
        long bytes = (long)Rounds.Of("MAPWIRE_WORDS_MIB", usual: 8) << 20;
        Assert.Equal((0, "", ""), Run("WordCount", "--make", text, $"{bytes}"));
        Assert.InRange(new FileInfo(text).Length, bytes, bytes + 100);
        Dictionary<string, long> model = [];
        foreach (string line in File.ReadLines(text))
        {
            foreach (string word in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(model, word, out _)++;
            }
        }

        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        string counted = Run("WordCount", arena, text).Output;
        output.WriteLine($"{bytes >> 20} MiB in {System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s; {counted}");
        Assert.Equal(Expected(model, 1), counted);
        Assert.Equal((0, Expected(model, 1), ""), Run("WordCount", arena));
        if (bytes > 1L << 28)
        {
            return;
        }

        Run("WordCount", arena, text);
        Assert.Equal((0, Expected(model, 2), ""), Run("WordCount", arena));
    }

    [Fact]
    public void A_pool_on_dev_zero_makes_no_more_than_are_out()
    {
        (int exit, string said, string error) = Run("ObjectPool", "100000");
        Assert.Equal((0, ""), (exit, error));
        string[] lines = said.Split('\n');
        Assert.Equal("100000 taken, 1001 made, 1003 blocks of 64 MiB", lines[0]);
        Assert.StartsWith("sum: 0; ", lines[1], StringComparison.Ordinal);
    }

    private static string Expected(Dictionary<string, long> model, int times)
    {
        StringBuilder text = new($"{model.Count} words, {model.Values.Sum() * times} counted\n");
        foreach ((string word, long count) in model.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Take(10))
        {
            text.Append($"{count * times,12} {word}\n");
        }

        return text.ToString();
    }

    private static (int ExitCode, string Output, string Error) Run(string sample, params string[] arguments) =>
        BuiltProgram.Run(Path.Combine("samples", sample), sample, arguments);
}
