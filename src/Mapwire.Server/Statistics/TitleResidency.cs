using Mapwire.Memory;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Statistics;

/// <summary>
/// How much of served files is in memory. Looked at by the reader of the statistics, not by the server; and on threads of its own, since a
/// file on a dead file system holds whoever opens it, and the reader is what shows that. Files on file systems that wait for a program or
/// a peer are not looked at: a thread that waits there may not be ended, and would keep the reader's process from ending.
/// </summary>
internal sealed class TitleResidency
{
    /// <summary>How long an answer is good for, in milliseconds: a look costs one for some gigabytes.</summary>
    private const long Lifetime = 5000;

    /// <summary>The most files that are looked at at once; what hangs stays one of them.</summary>
    private const int MaxThreads = 8;

    /// <summary>Asked for at once, so that a huge file needs no huge answer.</summary>
    private const long Window = 1L << 30;

    private readonly object _gate = new();
    private readonly Dictionary<string, Answer> _answers = new(StringComparer.Ordinal);
    private int _running;

    /// <summary>Looks at files whose answers are old, and waits for the new ones.</summary>
    /// <param name="files">Their paths and lengths.</param>
    /// <param name="patience">How long to wait. A file that takes longer is not waited for again until it answers.</param>
    public void Refresh(IEnumerable<(string Path, long Length)> files, TimeSpan patience)
    {
        long until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        List<Answer> asked = [];
        Queue<(string Path, long Length)> waiting = new(files);
        Lazy<MountTable?> mounts = new(MountTable.Read); // by the threads: reading it could wait for a mount that is under way
        lock (_gate)
        {
            while (true)
            {
                while (_running < MaxThreads && waiting.TryDequeue(out (string Path, long Length) file))
                {
                    if (TryAsk(file.Path, file.Length, mounts) is { } answer)
                    {
                        asked.Add(answer);
                    }
                }

                int left = (int)(until - Environment.TickCount64);
                if ((waiting.Count == 0 && asked.TrueForAll(static answer => !answer.IsPending)) || left <= 0 || !Monitor.Wait(_gate, left))
                {
                    return;
                }
            }
        }
    }

    /// <summary>
    /// The part of a file that is in memory, 0 to 1; null where it is not known (yet), the file is another one now, or its file system is
    /// not this machine's own.
    /// </summary>
    public double? GetShare(string path)
    {
        lock (_gate)
        {
            return _answers.GetValueOrDefault(path)?.Share;
        }
    }

    private Answer? TryAsk(string path, long length, Lazy<MountTable?> mounts)
    {
        if (!_answers.TryGetValue(path, out Answer? answer))
        {
            _answers[path] = answer = new Answer();
        }

        if (answer.IsPending || (answer.At is { } at && Environment.TickCount64 - at < Lifetime))
        {
            return null;
        }

        answer.IsPending = true;
        _running++;
        if (!BackgroundThread.TryStart("mapwire residency", () => Run(answer, path, length, mounts)))
        {
            answer.IsPending = false; // the next look tries again
            _running--;
            return null;
        }

        return answer;
    }

    private void Run(Answer answer, string path, long length, Lazy<MountTable?> mounts)
    {
        double? share = ReadShare(path, length, mounts);
        lock (_gate)
        {
            (answer.Share, answer.At, answer.IsPending) = (share, Environment.TickCount64, false);
            _running--;
            Monitor.PulseAll(_gate);
        }
    }

    private static double? ReadShare(string path, long length, Lazy<MountTable?> mounts)
    {
        if (length <= 0 || !PlatformCapabilities.Supports(MemoryCapability.ResidencyOfPageCache))
        {
            return null;
        }

        try
        {
            if (mounts.Value?.IsLocal(path) == false)
            {
                return null;
            }

            using MappedFile file = MappedFile.Open(path);
            if (file.Identity.Length < length)
            {
                return null; // cut, or exchanged, since it was opened
            }

            using MappedRegion region = file.Map(0, length);
            long resident = 0;
            long pages = 0;
            for (long start = 0; start < length; start += Window)
            {
                PageResidency part = region.GetResidency(start, Math.Min(Window, length - start));
                resident += part.ResidentPages;
                pages += part.PageCount;
            }

            return (double)resident / pages;
        }
        // A file system's answer, or no path at all, of damaged statistics. What leaves this thread would end the process of the reader.
        catch (Exception)
        {
            return null;
        }
    }

    private sealed class Answer
    {
        public double? Share { get; set; }

        public long? At { get; set; }

        public bool IsPending { get; set; }
    }
}
