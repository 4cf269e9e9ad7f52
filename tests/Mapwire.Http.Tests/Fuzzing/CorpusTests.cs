using Mapwire.Fuzzing;

namespace Mapwire.Http.Tests.Fuzzing;

/// <summary>
/// Every case that once broke something, and known attacks: its name says what it is given to, and what comes of it
/// (<c>head-TransferEncoding-smuggled.bin</c>), as <see cref="HttpSubject.LastOutcome"/> says it. To add one, copy it into Corpus.
/// </summary>
public sealed class CorpusTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Corpus.Folder).Select(path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void Is_understood_or_refused_as_its_name_says(string name)
    {
        HttpSubject subject = new();
        FuzzLoop.RunOne(subject, subject.Load(name, File.ReadAllBytes(Path.Combine(Corpus.Folder, name))));
        Assert.Equal(name.Split('-')[1], subject.LastOutcome);
    }
}
