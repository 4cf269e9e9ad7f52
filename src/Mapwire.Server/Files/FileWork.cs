using Mapwire.Media;

namespace Mapwire.Server.Files;

/// <summary>
/// Something that is done with a file on a thread of <see cref="FileThreads"/>, and what it waits for: the system, which may never answer,
/// or nothing but the processor.
/// </summary>
internal sealed class FileWork
{
    private static readonly SemaphoreSlim Processors = new(Environment.ProcessorCount);

    private readonly Action<FileWork> _run;
    private readonly Action<TitleException> _refuse;
    private readonly Lock _gate = new();
    private FileLocation? _place;
    private long _waitsSince = long.MaxValue;

    /// <param name="key">What it is about: of one key, one is done at a time.</param>
    /// <param name="limit">How long anybody waits for it.</param>
    /// <param name="run">Does it.</param>
    /// <param name="refuse">Tells whoever waits for it that it will not be waited for any longer.</param>
    public FileWork(string key, TimeLimit limit, Action<FileWork> run, Action<TitleException> refuse)
    {
        Key = key;
        Limit = limit;
        _run = run;
        _refuse = refuse;
    }

    /// <summary>What it is about.</summary>
    public string Key { get; }

    /// <summary>How long anybody waits for it.</summary>
    public TimeLimit Limit { get; }

    /// <summary>
    /// Whether it has to be done, however long that takes: then it has no key, and waits for its turn while others are refused.
    /// </summary>
    public bool IsOwed { get; init; }

    /// <summary>Others with its key, who come after it.</summary>
    public Queue<FileWork> Followers { get; set; } = [];

    /// <summary>When it began, in milliseconds of the system's clock.</summary>
    public long Started { get; private set; }

    /// <summary>What those who waited for it were told; null while it is in time.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What is read, or was last; null when nothing was yet.</summary>
    public FileLocation? Place
    {
        get
        {
            lock (_gate)
            {
                return _place;
            }
        }
    }

    /// <summary>For how long one call to the system has lasted, in milliseconds; 0 when it works.</summary>
    public long WaitsFor(long now)
    {
        lock (_gate)
        {
            return Math.Max(0, now - _waitsSince);
        }
    }

    /// <summary>
    /// Takes a processor for work that reads no file: as many at once as there are, however many files are being read. The workers' threads
    /// have to get theirs, too.
    /// </summary>
    /// <exception cref="OperationCanceledException">None was free in time.</exception>
    public static ProcessorUse Compute(CancellationToken cancellation)
    {
        Processors.Wait(cancellation);
        return default;
    }

    /// <summary>It is about to be done.</summary>
    public void Begin()
    {
        Started = Environment.TickCount64;
        BeginWait(); // for opening the file, which can hang as reading can
    }

    /// <summary>Does it, on this thread.</summary>
    public void Run() => _run(this);

    /// <summary>A call to the system begins.</summary>
    /// <param name="place">What is read; null when the call is about no place in a file.</param>
    public void BeginWait(FileLocation? place = null)
    {
        lock (_gate)
        {
            _place = place ?? _place;
            _waitsSince = Environment.TickCount64;
        }
    }

    /// <summary>The call has come back.</summary>
    public void EndWait()
    {
        lock (_gate)
        {
            _waitsSince = long.MaxValue;
        }
    }

    /// <summary>It will not be waited for any longer; when it ends, nobody wants what comes of it.</summary>
    public void Refuse(string reason)
    {
        Refusal = reason;
        _refuse(new TitleException(TitleError.Unreadable, reason)); // one for each: exceptions grow where they are thrown again
    }

    /// <summary>Gives the processor back.</summary>
    internal readonly struct ProcessorUse : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => Processors.Release();
    }
}
