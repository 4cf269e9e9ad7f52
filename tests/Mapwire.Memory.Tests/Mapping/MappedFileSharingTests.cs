using Xunit;

namespace Mapwire.Memory.Tests.Mapping;

public sealed class MappedFileSharingTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_file_open_for_mapping_hinders_nobody_who_overwrites_it()
    {
        File.WriteAllText(_path, "before");
        using MappedFile file = MappedFile.Open(_path);
        File.WriteAllText(_path, "after it"); // .NET takes an exclusive flock for this on Unix
        Assert.Equal(8, file.Length);
    }

    [Fact]
    public void A_file_opened_without_sharing_is_kept_from_others()
    {
        using MappedFile file = MappedFile.Open(_path, new MappedFileOptions { Share = FileShare.None });
        Assert.Throws<IOException>(() => File.ReadAllText(_path));
    }
}
