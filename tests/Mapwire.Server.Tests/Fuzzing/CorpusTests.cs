using Mapwire.Fuzzing;
using Xunit;

namespace Mapwire.Server.Tests.Fuzzing;

/// <summary>
/// Every playlist that once broke something, and one for each way to be refused: its name says how it is read, and whether it is
/// (<c>json-Refused-half-a-surrogate.bin</c>). To add one, copy it into Corpus.
/// </summary>
public sealed class CorpusTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(PlaylistSubject.Corpus).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Is_read_or_refused_as_its_name_says(string name)
    {
        PlaylistSubject subject = new();
        FuzzCase given = subject.Load(name, File.ReadAllBytes(Path.Combine(PlaylistSubject.Corpus, name)));
        Assert.Equal(name.Split('-')[1], FuzzLoop.RunOne(subject, given) ? "Accepted" : "Refused");
    }

    public static TheoryData<string> Steps =>
        [.. Directory.GetFiles(PublishSubject.Corpus).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>Publishers that once broke something (<c>steps-Accepted-what.bin</c>, in Corpus/Publish).</summary>
    [Theory]
    [MemberData(nameof(Steps))]
    public void A_publisher_is_heard_or_ended_as_its_name_says(string name)
    {
        using PublishSubject subject = new();
        FuzzCase given = subject.Load(name, File.ReadAllBytes(Path.Combine(PublishSubject.Corpus, name)));
        Assert.Equal(name.Split('-')[1], FuzzLoop.RunOne(subject, given) ? "Accepted" : "Refused");
    }

    [Fact]
    public void The_corpus_is_there() => Assert.True(Files.Count > 10);
}
