using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Native;

/// <summary>
/// A view of a folder whose reads fail, hang or work, as the last word says: a file system of its own (FUSE), the one of bench/cold.
/// </summary>
internal sealed class SlowFolder : IAsyncDisposable
{
    private static readonly Lazy<Task<string>> Program = new(BuildAsync);

    private readonly string _mount;
    private readonly string _wordFile;
    private readonly ServerProcess _process;

    private SlowFolder(string mount, string wordFile, ServerProcess process)
    {
        _mount = mount;
        _wordFile = wordFile;
        _process = process;
    }

    /// <summary>Whether this system lets the tests mount one.</summary>
    public static bool IsPossible
    {
        get
        {
            try
            {
                using FileStream device = new("/dev/fuse", FileMode.Open, FileAccess.ReadWrite);
                return true;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>Mounts the view.</summary>
    /// <param name="folder">What is viewed.</param>
    /// <param name="mount">An empty folder.</param>
    public static async Task<SlowFolder> MountAsync(string folder, string mount)
    {
        string wordFile = Path.Combine(TemporaryFolder.Create("word"), "word");
        await File.WriteAllTextAsync(wordFile, "ok");
        SlowFolder view = new(mount, wordFile, ServerProcess.Start(await Program.Value, [folder, wordFile, mount]));
        string name = Path.GetFileName(Directory.GetFiles(folder)[0]);
        for (int i = 0; !File.Exists(Path.Combine(mount, name)); i++)
        {
            Assert.True(i < 200 && !view._process.HasExited, $"it does not mount: {view._process.Said}");
            await Task.Delay(50);
        }

        return view;
    }

    /// <summary>What reads do from now on: <c>ok</c>, <c>eio</c>, <c>hang</c>, <c>silent</c> (as all calls do), or
    /// <c>dead</c> at the next one.</summary>
    public Task SayAsync(string word) => File.WriteAllTextAsync(_wordFile, word);

    public async ValueTask DisposeAsync()
    {
        await SayAsync("ok"); // a program that hangs in a read cannot end
        await Tool.RunAsync("fusermount3", ["-u", "-z", _mount]);
        await _process.DisposeAsync();
    }

    private static async Task<string> BuildAsync()
    {
        string program = Path.Combine(TemporaryFolder.Create("slowfs"), "slowfs");
        await Tool.SucceedAsync("sh",
            ["-c", $"gcc -O1 '{Path.Combine(AppContext.BaseDirectory, "slowfs.c")}' -o '{program}' $(pkg-config --cflags --libs fuse3)"]);
        return program;
    }
}
