namespace Mapwire.Server.Strips;

/// <summary>
/// A moment of a title: milliseconds from the start of its file's strip, the decoders' run-up included. A different kind of time than
/// <see cref="ReelTime"/> and <see cref="PlayerTime"/>, so that none is taken for another; how long something takes is a plain number.
/// </summary>
/// <param name="Milliseconds">Negative before that.</param>
internal readonly record struct TitleTime(long Milliseconds)
{
    /// <summary>The start.</summary>
    public static TitleTime Zero => default;

    /// <summary>Later than all others. Nothing may be added to it.</summary>
    public static TitleTime MaxValue => new(long.MaxValue);

    /// <summary>Earlier than all others. Nothing may be taken from it.</summary>
    public static TitleTime MinValue => new(long.MinValue);

    /// <summary>What a player calls this time.</summary>
    /// <param name="zero">The title's time that the player calls 0.</param>
    public PlayerTime ToPlayer(TitleTime zero) => new(Milliseconds - zero.Milliseconds);

    /// <summary>The later of two.</summary>
    public static TitleTime Max(TitleTime one, TitleTime other) => one > other ? one : other;

    /// <summary>The earlier of two.</summary>
    public static TitleTime Min(TitleTime one, TitleTime other) => one < other ? one : other;

    /// <summary>The time so many milliseconds later.</summary>
    public static TitleTime operator +(TitleTime time, long milliseconds) => new(time.Milliseconds + milliseconds);

    /// <summary>The time so many milliseconds earlier.</summary>
    public static TitleTime operator -(TitleTime time, long milliseconds) => new(time.Milliseconds - milliseconds);

    /// <summary>How much later a time is than another, in milliseconds.</summary>
    public static long operator -(TitleTime time, TitleTime other) => time.Milliseconds - other.Milliseconds;

    /// <summary>Whether a time is earlier than another.</summary>
    public static bool operator <(TitleTime time, TitleTime other) => time.Milliseconds < other.Milliseconds;

    /// <summary>Whether a time is later than another.</summary>
    public static bool operator >(TitleTime time, TitleTime other) => time.Milliseconds > other.Milliseconds;

    /// <summary>Whether a time is not later than another.</summary>
    public static bool operator <=(TitleTime time, TitleTime other) => time.Milliseconds <= other.Milliseconds;

    /// <summary>Whether a time is not earlier than another.</summary>
    public static bool operator >=(TitleTime time, TitleTime other) => time.Milliseconds >= other.Milliseconds;
}

/// <summary>
/// A moment of a reel, the one time line of all its parts: milliseconds from where its first part begins. What clients start at and seek
/// to; in a reel that loops it may lie in a later round.
/// </summary>
/// <param name="Milliseconds">Negative before that.</param>
internal readonly record struct ReelTime(long Milliseconds)
{
    /// <summary>Where the first part begins.</summary>
    public static ReelTime Zero => default;

    /// <summary>Later than all others. Nothing may be added to it.</summary>
    public static ReelTime MaxValue => new(long.MaxValue);

    /// <summary>What a player calls this time.</summary>
    /// <param name="zero">The player's time at which the reel, or the round of it that is meant, begins.</param>
    public PlayerTime ToPlayer(PlayerTime zero) => zero + Milliseconds;

    /// <summary>The later of two.</summary>
    public static ReelTime Max(ReelTime one, ReelTime other) => one > other ? one : other;

    /// <summary>The earlier of two.</summary>
    public static ReelTime Min(ReelTime one, ReelTime other) => one < other ? one : other;

    /// <summary>The time so many milliseconds later.</summary>
    public static ReelTime operator +(ReelTime time, long milliseconds) => new(time.Milliseconds + milliseconds);

    /// <summary>The time so many milliseconds earlier.</summary>
    public static ReelTime operator -(ReelTime time, long milliseconds) => new(time.Milliseconds - milliseconds);

    /// <summary>How much later a time is than another, in milliseconds.</summary>
    public static long operator -(ReelTime time, ReelTime other) => time.Milliseconds - other.Milliseconds;

    /// <summary>Whether a time is earlier than another.</summary>
    public static bool operator <(ReelTime time, ReelTime other) => time.Milliseconds < other.Milliseconds;

    /// <summary>Whether a time is later than another.</summary>
    public static bool operator >(ReelTime time, ReelTime other) => time.Milliseconds > other.Milliseconds;

    /// <summary>Whether a time is not later than another.</summary>
    public static bool operator <=(ReelTime time, ReelTime other) => time.Milliseconds <= other.Milliseconds;

    /// <summary>Whether a time is not earlier than another.</summary>
    public static bool operator >=(ReelTime time, ReelTime other) => time.Milliseconds >= other.Milliseconds;
}

/// <summary>
/// A moment as a player is told it, the timestamp of its messages before that wraps at 32 bits: milliseconds that go on through all that a
/// message stream plays in one go, whatever titles and reels that is made of.
/// </summary>
/// <param name="Milliseconds">Not negative in what is sent.</param>
internal readonly record struct PlayerTime(long Milliseconds)
{
    /// <summary>What a play command with reset begins at.</summary>
    public static PlayerTime Zero => default;

    /// <summary>Later than all others. Nothing may be added to it.</summary>
    public static PlayerTime MaxValue => new(long.MaxValue);

    /// <summary>The title's time that the player calls by this one.</summary>
    /// <param name="zero">The title's time that the player calls 0.</param>
    public TitleTime ToTitle(TitleTime zero) => zero + Milliseconds;

    /// <summary>The reel's time that the player calls by this one.</summary>
    /// <param name="zero">The player's time at which the reel, or the round of it that is meant, begins.</param>
    public ReelTime ToReel(PlayerTime zero) => new(Milliseconds - zero.Milliseconds);

    /// <summary>The later of two.</summary>
    public static PlayerTime Max(PlayerTime one, PlayerTime other) => one > other ? one : other;

    /// <summary>The earlier of two.</summary>
    public static PlayerTime Min(PlayerTime one, PlayerTime other) => one < other ? one : other;

    /// <summary>The time so many milliseconds later.</summary>
    public static PlayerTime operator +(PlayerTime time, long milliseconds) => new(time.Milliseconds + milliseconds);

    /// <summary>The time so many milliseconds earlier.</summary>
    public static PlayerTime operator -(PlayerTime time, long milliseconds) => new(time.Milliseconds - milliseconds);

    /// <summary>How much later a time is than another, in milliseconds.</summary>
    public static long operator -(PlayerTime time, PlayerTime other) => time.Milliseconds - other.Milliseconds;

    /// <summary>Whether a time is earlier than another.</summary>
    public static bool operator <(PlayerTime time, PlayerTime other) => time.Milliseconds < other.Milliseconds;

    /// <summary>Whether a time is later than another.</summary>
    public static bool operator >(PlayerTime time, PlayerTime other) => time.Milliseconds > other.Milliseconds;

    /// <summary>Whether a time is not later than another.</summary>
    public static bool operator <=(PlayerTime time, PlayerTime other) => time.Milliseconds <= other.Milliseconds;

    /// <summary>Whether a time is not earlier than another.</summary>
    public static bool operator >=(PlayerTime time, PlayerTime other) => time.Milliseconds >= other.Milliseconds;
}
