namespace Mapwire.Memory.Sharing;

/// <summary>What a wait waits for: a step that is tried until it is done.</summary>
internal interface IWaitStep<TResult>
{
    /// <summary>The result if the timeout passes.</summary>
    TResult TimedOut { get; }

    /// <summary>Tries once. A step that is blocked and has to sleep announces it in shared memory, looks once more and says by
    /// <see cref="WaitLook.Block"/> on which word.</summary>
    bool TryFinish(ref WaitLook look, out TResult result);

    /// <summary>The wait is over without a result: takes back what was announced or taken so far.</summary>
    void Cancel();
}

/// <summary>One look of one or many waits at a segment.</summary>
internal ref struct WaitLook
{
    private readonly ProcessSlots _slots;
    private LivenessCache? _liveness;

    public WaitLook(ProcessSlots slots) => _slots = slots;

    /// <summary>Whether a step that is blocked is going to sleep.</summary>
    public bool Sleeps { get; private set; }

    /// <summary>Whether this is the only try: the timeout is zero.</summary>
    public bool IsOnly { get; init; }

    /// <summary>Whether dead owners are looked for, which costs a system call each.</summary>
    public bool LooksForDead { get; private set; }

    /// <summary>The byte offset of the word to sleep on in the object.</summary>
    public int Word { get; private set; }

    /// <summary>The value to sleep on.</summary>
    public uint Expected { get; private set; }

    public void Begin(bool sleeps, bool looksForDead)
    {
        Sleeps = sleeps;
        LooksForDead = looksForDead;
        if (looksForDead)
        {
            _liveness ??= LivenessCache.ForThread;
            _liveness.Begin();
        }
    }

    /// <summary>Whether the thread that looks remembers for each wait where it is blocked.</summary>
    public bool RemembersWords { get; init; }

    /// <summary>Whether the step stays blocked as long as the word has the expected value.</summary>
    public bool IsWordEnough { get; private set; }

    /// <summary>A step is going to be tried.</summary>
    public void BeginTry() => IsWordEnough = false;

    /// <summary>The step is blocked as long as a word has a value, unless an owner dies.</summary>
    public void Block(int word, uint expected) => (Word, Expected, IsWordEnough) = (word, expected, true);

    /// <summary>The step is blocked and sleeps on a flag. Another waiter may set it again, so its value does not say that nothing has
    /// happened.</summary>
    public void BlockAtFlag(int word, uint expected) => (Word, Expected, IsWordEnough) = (word, expected, false);

    /// <summary>The step is blocked at several words.</summary>
    public void BlockAtSeveral() => IsWordEnough = false;

    /// <summary>Whether dead owners are looked for and this is one.</summary>
    public readonly bool IsDead(ulong token) => LooksForDead && !_liveness!.IsAlive(_slots, token);
}

/// <summary>Remembers within one look which owners live: many waits, or many permits, often have the same few owners.</summary>
internal sealed class LivenessCache
{
    [ThreadStatic]
    private static LivenessCache? _forThread;

    private readonly ulong[] _tokens = new ulong[ProcessSlots.Count];
    private readonly long[] _looks = new long[ProcessSlots.Count];
    private readonly bool[] _alive = new bool[ProcessSlots.Count];
    private long _look;

    public static LivenessCache ForThread => _forThread ??= new LivenessCache();

    public void Begin() => _look++;

    public bool IsAlive(ProcessSlots slots, ulong token)
    {
        token &= ProcessSlots.TokenMask;
        int slot = ProcessSlots.SlotOf(token);
        if ((uint)slot >= ProcessSlots.Count)
        {
            return false;
        }

        if (_looks[slot] != _look || _tokens[slot] != token)
        {
            (_tokens[slot], _looks[slot], _alive[slot]) = (token, _look, slots.IsAlive(token));
        }

        return _alive[slot];
    }
}
