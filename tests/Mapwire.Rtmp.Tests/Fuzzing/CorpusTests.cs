using Mapwire.Fuzzing;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>
/// Every case that once broke something, and one for each way to be refused: its name says what it is given to, and what comes of it
/// (<c>server-AmfTooDeep-nested-arrays.bin</c>), which is an error or <c>Accepted</c>. To add one, copy it into Corpus.
/// </summary>
public sealed class CorpusTests
{
    private static readonly string[] Names = [.. Directory.GetFiles(Corpus.Folder).Select(path => Path.GetFileName(path)).Order()];

    public static TheoryData<string> Files => [.. Names];

    [Theory]
    [MemberData(nameof(Files))]
    public void Is_understood_or_refused_as_its_name_says(string name)
    {
        RtmpSubject subject = new();
        FuzzCase given = subject.Load(name, File.ReadAllBytes(Path.Combine(Corpus.Folder, name)));
        string expected = name.Split('-')[1];
        bool isAccepted = FuzzLoop.RunOne(subject, given);
        Assert.Equal(expected, subject.LastOutcome);
        Assert.Equal(expected == "Accepted", isAccepted);
    }

    [Fact]
    public void Every_error_is_in_the_corpus() =>
        Assert.All(Enum.GetNames<RtmpError>(), error => Assert.Contains(Names, name => name.Split('-')[1] == error));
}
