using System.Runtime.CompilerServices;

namespace Mapwire.Rules;

/// <summary>The working tree: where it is and what is in it. Build output and what git ignores is left out.</summary>
internal static class Repository
{
    private static readonly string[] Ignored =
        ["bin", "obj", "out", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts", ".git", ".vs", ".idea"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every file below a folder of the repository, by paths from the root with forward slashes, in order.</summary>
    public static IReadOnlyList<string> Files(string folder = "", string pattern = "*")
    {
        List<string> found = [];
        Walk(Path.Combine(Root, folder), pattern, found);
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>The C# files below a folder.</summary>
    public static IReadOnlyList<SourceFile> Sources(string folder) =>
        [.. Files(folder, "*.cs").Select(path => new SourceFile(path, Read(path)))];

    /// <summary>The project files below a folder.</summary>
    public static IReadOnlyList<ProjectFile> Projects(string folder) =>
        [.. Files(folder, "*.csproj").Select(path => new ProjectFile(path, Read(path)))];

    private static void Walk(string directory, string pattern, List<string> found)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        // In a linked worktree .git is a file, and an absolute path is in it.
        found.AddRange(
            Directory.EnumerateFiles(directory, pattern).Where(file => Path.GetFileName(file) != ".git")
                .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/')));
        foreach (string child in Directory.EnumerateDirectories(directory))
        {
            if (!Ignored.Contains(Path.GetFileName(child), StringComparer.Ordinal) && new DirectoryInfo(child).LinkTarget is null)
            {
                Walk(child, pattern, found);
            }
        }
    }

    private static string FindRoot([CallerFilePath] string here = "")
    {
        // The tests run from the build output, which lies in the tree; the source path serves when it was moved away.
        foreach (string? start in (string?[])[AppContext.BaseDirectory, Path.GetDirectoryName(here)])
        {
            for (string? directory = start; directory is not null; directory = Path.GetDirectoryName(directory))
            {
                if (File.Exists(Path.Combine(directory, "Mapwire.slnx")))
                {
                    return directory;
                }
            }
        }

        throw new DirectoryNotFoundException("Mapwire.slnx lies in no folder above the tests.");
    }
}
