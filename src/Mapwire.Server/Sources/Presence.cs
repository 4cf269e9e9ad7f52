using Mapwire.Memory;

namespace Mapwire.Server.Sources;

/// <summary>
/// Which ranges of a mapped file can be sent without waiting for a disk. A worker sends what is here and asks for the rest ahead of time;
/// threads of the file's device bring it. The reasons: docs/adr/0015-presence.md.
/// </summary>
/// <remarks>
/// Windows of 128 KiB, each unknown, asked for or here. <em>Here</em> is a lease of some seconds: the system takes pages back when memory
/// is short, and does not say so. A look at a window is the load of an array's element; any thread may look and ask.
/// </remarks>
internal sealed class Presence
{
    /// <summary>
    /// As much as most systems read at once, and half a second of most films: a first picture waits for one read, what was read is sent
    /// soon, and little is read in vain.
    /// </summary>
    public const int WindowLength = 1 << WindowShift;

    /// <summary>
    /// How long a window counts as here, in milliseconds: longer than it takes from being asked for ahead of time to being sent.
    /// </summary>
    public const long Lease = 4_000;

    /// <summary>
    /// The same on a device that nothing was read from for a while before, nor has been since: who reads nothing displaces nothing. Longer
    /// than most films take to go over a window, so that each is found once.
    /// </summary>
    public const long QuietLease = 15_000;

    /// <summary>A window that is here for a shorter time is asked for again before it is needed, in milliseconds.</summary>
    public const long RenewBefore = 3_000;

    /// <summary>
    /// How long the system is trusted to keep a window while the device is read from, in milliseconds. After that the window is looked at
    /// again before it is sent: when memory becomes short for the first time, the system takes what has been here for longest, whoever uses
    /// it.
    /// </summary>
    public const long TrustedFor = 200;

    private const int WindowShift = 17;

    private const int LeafShift = 10;

    private const int LeafLength = 1 << LeafShift;

    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly DeviceReader _reader;
    private readonly Action<string> _fail;
    private readonly bool _isLocal; // asking what of it is in memory costs a microsecond, always
    private readonly long[]?[] _found; // when it was last found or brought, by window, in leaves made when they are first used
    private readonly long[]?[] _seen; // when it was last looked at and still here, the same; only where the device is read from
    private readonly Dictionary<int, PresenceRequest> _asked = [];
    private readonly Lock _gate = new();
    private volatile bool _saysWhatIsCached; // the system tells this process, which owns the file or may write it
    private long _length; // of what may be asked for, under the gate: the region has none once it is unmapped

    /// <param name="file">The open file.</param>
    /// <param name="region">All of it, mapped.</param>
    /// <param name="maxLength">The most bytes that the region will have, if it grows.</param>
    /// <param name="reader">Of its device.</param>
    /// <param name="fail">Told why the file can no longer be read.</param>
    /// <param name="isLocal">
    /// Whether the file system answers from this machine's memory: what is in memory then is found here, by whoever asks for it, without
    /// a change of threads.
    /// </param>
    public Presence(
        MappedFile file, MappedRegion region, long maxLength, DeviceReader reader, Action<string> fail, bool isLocal = false)
    {
        _isLocal = isLocal;
        _file = file;
        _region = region;
        _length = region.Length;
        _reader = reader;
        _fail = fail;
        Native.PageCache.ReadExactly(file);
        long windows = (maxLength + WindowLength - 1) >> WindowShift;
        _found = new long[]?[(windows + LeafLength - 1) >> LeafShift];
        _seen = new long[]?[_found.Length];
    }

    /// <summary>The windows that a range touches, as a range of bytes.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="length">At least 1.</param>
    public static (long From, long To) WindowsOf(long offset, int length) =>
        (offset >> WindowShift << WindowShift, ((offset + length - 1) >> WindowShift << WindowShift) + WindowLength);

    /// <summary>Whether a range can be sent now.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="length">At least 1, inside the file.</param>
    /// <param name="now">Milliseconds of the system's clock that never goes back.</param>
    public bool IsHere(long offset, int length, long now)
    {
        long last = (offset + length - 1) >> WindowShift;
        for (long window = offset >> WindowShift; window <= last; window++)
        {
            if (LeftOf(window, now) <= 0 || HasLeft(window, now))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// How much of a range is in memory at this moment, for a send that goes by the file and needs no mapping; null where that is not
    /// known at once. Nothing is asked for, and nothing counts as here from then on.
    /// </summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="length">At least 1, inside the file.</param>
    public long? CachedLength(long offset, long length)
    {
        if (!_isLocal || !_reader.AllowsFinding)
        {
            return null;
        }

        long unasked = UnaskedLength(offset, length);
        return unasked == 0 ? 0 : Native.PageCache.CachedLength(_file, _region, offset, unasked);
    }

    /// <summary>How much of a range comes before the first window that is being read: the system counts its pages already.</summary>
    private long UnaskedLength(long offset, long length)
    {
        lock (_gate)
        {
            for (long at = offset; _asked.Count > 0 && at < offset + length; at = WindowsOf(at, 1).To)
            {
                if (_asked.ContainsKey((int)(at >> WindowShift)))
                {
                    return at - offset;
                }
            }
        }

        return length;
    }

    /// <summary>Asks for a range ahead of time, unless it stays here for long enough.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="length">At least 1, inside the file.</param>
    /// <param name="now">Milliseconds of the system's clock that never goes back.</param>
    /// <param name="neededAt">When it will be sent, by the same clock: of two ranges the one that is needed earlier is brought
    /// first.</param>
    public void Want(long offset, int length, long now, long neededAt)
    {
        long last = (offset + length - 1) >> WindowShift;
        for (long window = offset >> WindowShift; window <= last; window++)
        {
            if (LeftOf(window, now) < RenewBefore && !TryFind((int)window))
            {
                Ask((int)window, neededAt, arrived: null);
            }
        }
    }

    /// <summary>Asks for a range that is needed now.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="length">At least 1, inside the file.</param>
    /// <param name="now">Milliseconds of the system's clock that never goes back.</param>
    /// <param name="neededAt">When it was to be sent.</param>
    /// <param name="arrived">Called on any thread when a window of it has come or cannot be brought; at once when all of it is
    /// here.</param>
    public void WaitFor(long offset, int length, long now, long neededAt, Action arrived)
    {
        bool isHere = true;
        long last = (offset + length - 1) >> WindowShift;
        for (long window = offset >> WindowShift; window <= last; window++)
        {
            if (LeftOf(window, now) <= 0 && !TryFind((int)window))
            {
                isHere = false;
                Ask((int)window, neededAt, arrived);
            }
        }

        if (isHere)
        {
            arrived(); // it came meanwhile
        }
    }

    /// <summary>
    /// The file has grown, and its mapping with it. What was brought of its last window is not what the window has now, so that is not here
    /// any more. Before anybody can ask for what is new.
    /// </summary>
    /// <param name="length">Of the file now, in bytes.</param>
    public void Extend(long length)
    {
        lock (_gate)
        {
            int last = (int)(_length >> WindowShift); // a window that was whole lies before it
            _length = Math.Max(_length, length);
            if (FoundOf(last) > 0)
            {
                Volatile.Write(ref LeafOf(_found, last)[last & (LeafLength - 1)], 0);
            }
        }
    }

    /// <summary>Whether a window is in memory, as far as that can be told without waiting for it; null when it cannot.</summary>
    internal bool? Probe(PresenceRequest request) => request.WasHere
        ? Native.PageCache.IsResident(_file, request.Offset, request.Length)
        : WindowReader.ReadResident(_file, request.Offset, request.Length);

    /// <summary>Brings a window into memory and into this process's page tables, so that sending it waits for nothing.</summary>
    internal void Bring(PresenceRequest request, bool isCold)
    {
        string? fault = null;
        bool isHere = false;
        try
        {
            WindowReader.Bring(_file, _region, request.Offset, request.Length, isCold);
            isHere = true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            fault = exception.Message;
        }
        catch (ObjectDisposedException)
        {
            // nobody plays it any more
        }

        if (fault is not null)
        {
            _fail(fault);
        }

        Finish(request, isHere);
    }

    /// <summary>
    /// Bringing a window failed for a reason of ours. The file is lost: its players would ask again at once, and again. Never throws.
    /// </summary>
    internal void Abandon(PresenceRequest request, Exception fault)
    {
        _reader.Report(fault);
        try
        {
            _fail(fault.Message);
        }
        catch (Exception exception)
        {
            _reader.Report(exception);
        }

        Finish(request, isHere: false);
    }

    /// <summary>
    /// A window has come, or will not be brought: too late, or the server ends. Whoever still needs it asks again. Never throws.
    /// </summary>
    internal void Finish(PresenceRequest request, bool isHere)
    {
        Action[] waiting;
        lock (_gate)
        {
            if (!_asked.TryGetValue(request.Window, out PresenceRequest? asked) || asked != request)
            {
                return; // it is finished already
            }

            _asked.Remove(request.Window);
            waiting = [.. request.Waiting];
            if (isHere)
            {
                TakeHere(request.Window, request.Length);
            }
        }

        foreach (Action arrived in waiting)
        {
            try
            {
                arrived();
            }
            catch (Exception exception)
            {
                _reader.Report(exception); // the others wait, too
            }
        }
    }

    /// <summary>
    /// Finds a window in memory and has it mapped, which waits for nothing: some microseconds, where a thread of the device takes thirty.
    /// </summary>
    /// <returns>Whether it is here from now on.</returns>
    private bool TryFind(int window)
    {
        if (!_isLocal || !_reader.AllowsFinding)
        {
            return false;
        }

        int length;
        bool wasHere;
        lock (_gate)
        {
            if (_asked.ContainsKey(window))
            {
                return false; // it is being read
            }

            length = LengthOf(window);
            wasHere = LeftOf(window, Environment.TickCount64) > 0;
        }

        return Find(window, length, wasHere);
    }

    /// <summary>Asks the system for a window, by what it costs least, and has it mapped where it was not.</summary>
    private bool Find(int window, int length, bool wasHere)
    {
        long offset = (long)window << WindowShift;
        bool? isCached = wasHere && _saysWhatIsCached ? Native.PageCache.IsStillCached(_region, offset, length)
            : Native.PageCache.IsCached(_file, _region, offset, length);
        _saysWhatIsCached |= isCached is not null;
        if (!(isCached ?? (wasHere && Native.PageCache.IsResident(_file, offset, length) is true)))
        {
            return false;
        }

        try
        {
            // Again when it is renewed, too: the system takes first what nobody has touched.
            WindowReader.Bring(_file, _region, offset, length, isCold: false);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            return false; // the thread that reads it says what is wrong
        }

        lock (_gate)
        {
            TakeHere(window, length);
        }

        return true;
    }

    /// <summary>A window was brought. Under the gate.</summary>
    private void TakeHere(int window, int length)
    {
        if (length == LengthOf(window)) // else it has grown meanwhile
        {
            Volatile.Write(ref LeafOf(_found, window)[window & (LeafLength - 1)], Environment.TickCount64);
        }
    }

    private int LengthOf(int window) => (int)Math.Min(WindowLength, _length - ((long)window << WindowShift)); // under the gate

    /// <summary>When a window was last found or brought; 0 for one that never was.</summary>
    private long FoundOf(long window) => TimeOf(_found, window);

    private static long TimeOf(long[]?[] times, long window) =>
        Volatile.Read(ref times[window >> LeafShift]) is { } leaf ? Volatile.Read(ref leaf[window & (LeafLength - 1)]) : 0;

    /// <summary>For how much longer a window counts as here, in milliseconds; not above 0 when it does not.</summary>
    private long LeftOf(long window, long now) =>
        FoundOf(window) is > 0 and long found ? found + (_reader.IsQuiet(found) ? QuietLease : Lease) - now : 0;

    /// <summary>
    /// Whether the system has taken back a window that counts as here, and says so. It does not count as here any more then.
    /// </summary>
    private bool HasLeft(long window, long now)
    {
        long found = FoundOf(window);
        if (now - found < TrustedFor || !_saysWhatIsCached || _reader.IsQuiet(now) || now - TimeOf(_seen, window) < TrustedFor)
        {
            return false;
        }

        lock (_gate)
        {
            bool isHere = Native.PageCache.IsStillCached(_region, window << WindowShift, LengthOf((int)window)) is not false;
            if (isHere)
            {
                Volatile.Write(ref LeafOf(_seen, (int)window)[window & (LeafLength - 1)], now);
            }
            else if (FoundOf(window) == found)
            {
                Volatile.Write(ref LeafOf(_found, (int)window)[window & (LeafLength - 1)], 0);
            }

            return !isHere;
        }
    }

    private static long[] LeafOf(long[]?[] times, int window) => times[window >> LeafShift] ??= new long[LeafLength]; // under the gate

    private void Ask(int window, long neededAt, Action? arrived)
    {
        PresenceRequest? request = null;
        lock (_gate)
        {
            bool hasCome = arrived is not null && LeftOf(window, Environment.TickCount64) > 0;
            if (_asked.TryGetValue(window, out PresenceRequest? asked))
            {
                if (arrived is not null && !asked.Waiting.Contains(arrived))
                {
                    asked.Waiting.Add(arrived);
                }

                return;
            }

            if (!hasCome)
            {
                request = new PresenceRequest(this, window, LengthOf(window), neededAt, wasHere: FoundOf(window) > 0);
                if (arrived is not null)
                {
                    request.Waiting.Add(arrived);
                }

                _asked.Add(window, request);
            }
        }

        if (request is not null)
        {
            _reader.Add(request);
        }
        else
        {
            arrived!();
        }
    }
}
