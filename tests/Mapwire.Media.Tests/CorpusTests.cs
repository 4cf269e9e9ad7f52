using System.Diagnostics;
using Mapwire.Media.Flv;
using Mapwire.Media.Mp4;
using Xunit;

namespace Mapwire.Media.Tests;

/// <summary>
/// Every file that once broke a reader, ours or another's, is read or refused as its name says: the error, or <c>Accepted</c>, up to the
/// first hyphen. To add one, copy it into Corpus.
/// </summary>
public sealed class CorpusTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Corpus")).Select(path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void Is_read_or_refused_as_its_name_says(string name)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Corpus", name));
        Stopwatch watch = Stopwatch.StartNew();
        string outcome = "Accepted";
        try
        {
            MovieFileReader reader = new(file.Length);
            while (reader.TryGetNext(out long offset, out int length))
            {
                reader.Add(file.AsSpan((int)offset, length));
            }

            foreach (Track track in reader.ToMovie().Tracks)
            {
                Assert.All(track.Samples, sample => Assert.InRange(sample.Offset, 0, file.Length - sample.Size));
            }
        }
        catch (MediaFormatException e)
        {
            outcome = e is FlvFormatException flv ? flv.Error.ToString() : ((Mp4FormatException)e).Error.ToString();
        }

        Assert.Equal(name[..name.IndexOf('-', StringComparison.Ordinal)], outcome);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"It took {watch.Elapsed}.");
    }

    [Fact]
    public void The_corpus_is_there() => Assert.True(Files.Count > 10);
}
