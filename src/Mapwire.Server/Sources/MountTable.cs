using System.Text;

namespace Mapwire.Server.Sources;

/// <summary>
/// Which file systems are mounted where (Linux, proc_pid_mountinfo(5)), to tell the files that may be opened from those whose file system
/// may never answer.
/// </summary>
/// <remarks>
/// A thread that waits for a dead file system in user space (FUSE), or for a server over the network, often cannot be ended, even by
/// SIGKILL, and keeps its process from ending: the kernel waits for the answer. So such a file must not be touched at all where the process
/// has to end in time.
/// </remarks>
internal sealed class MountTable
{
    private const string Source = "/proc/self/mountinfo";

    /// <summary>As the kernel: more links than this in one path are a loop (path_resolution(7)).</summary>
    private const int MaxLinks = 40;

    private readonly Dictionary<string, bool> _isLocal = new(StringComparer.Ordinal);

    private MountTable()
    {
    }

    /// <summary>What is mounted now.</summary>
    /// <returns>Null where the system has no such table: then nothing is known of any path.</returns>
    public static MountTable? Read()
    {
        try
        {
            return OperatingSystem.IsLinux() && File.Exists(Source) ? Parse(File.ReadAllLines(Source)) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads a table.</summary>
    /// <param name="lines">
    /// Each <c>ID PARENT MAJOR:MINOR ROOT MOUNT_POINT OPTIONS [FIELD...] - TYPE SOURCE OPTIONS</c>; a later one of the same point covers an
    /// earlier one. Lines of another form are left out.
    /// </param>
    public static MountTable Parse(IEnumerable<string> lines)
    {
        MountTable table = new();
        foreach (string line in lines)
        {
            string[] words = line.Split(' ');
            int separator = Array.IndexOf(words, "-", Math.Min(words.Length, 6));
            if (separator > 0 && separator + 1 < words.Length)
            {
                table._isLocal[Unescape(words[4])] = LocalFileSystem.IsLocal(words[separator + 1]);
            }
        }

        return table;
    }

    /// <summary>Whether a file, and all that leads to it, lies on file systems of this machine's own.</summary>
    /// <param name="path">Its full path. Links in it are followed; nothing on another file system is touched to find out.</param>
    /// <param name="readLink">What a link leads to, null for what is none; null for <see cref="FileSystemInfo.LinkTarget"/>.</param>
    public bool IsLocal(string path, Func<string, string?>? readLink = null)
    {
        readLink ??= static link => new FileInfo(link).LinkTarget;
        Stack<string> left = new();
        Push(left, path);
        string reached = "/";
        int links = 0;
        if (!path.StartsWith('/') || !IsLocalMount(reached))
        {
            return false;
        }

        while (left.TryPop(out string? name))
        {
            if (name == "..")
            {
                reached = Path.GetDirectoryName(reached) ?? "/"; // no links are in what was reached
                continue;
            }

            string next = reached == "/" ? "/" + name : $"{reached}/{name}";
            if (_isLocal.TryGetValue(next, out bool isLocal))
            {
                if (!isLocal)
                {
                    return false;
                }
            }
            else if (readLink(next) is { } target)
            {
                if (++links > MaxLinks)
                {
                    return false;
                }

                Push(left, target);
                reached = target.StartsWith('/') ? "/" : reached;
                continue;
            }

            reached = next;
        }

        return true;
    }

    private bool IsLocalMount(string point) => !_isLocal.TryGetValue(point, out bool isLocal) || isLocal;

    private static void Push(Stack<string> left, string path)
    {
        foreach (string name in path.Split('/').Reverse())
        {
            if (name.Length > 0 && name != ".")
            {
                left.Push(name);
            }
        }
    }

    /// <summary>The table writes blanks, tabs, line feeds and backslashes as a backslash and three octal digits.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        StringBuilder plain = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            bool isEscaped = text[i] == '\\' && i + 3 < text.Length && text.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0;
            plain.Append(isEscaped ? (char)(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0')) : text[i]);
            i += isEscaped ? 3 : 0;
        }

        return plain.ToString();
    }
}
