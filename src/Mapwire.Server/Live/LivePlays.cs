using Mapwire.Server.Loop;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Live;

/// <summary>
/// The live streams that one connection plays, and the order in which they send: the message that has begun first, then each in turn.
/// </summary>
internal sealed class LivePlays
{
    private readonly List<LivePlay> _plays = [];
    private LiveCursor? _cut; // whose message is on the wire in part
    private LiveCursor? _due; // of the gathering at hand
    private uint _turn;

    /// <summary>Whether nothing is played or waited for.</summary>
    public bool IsEmpty => _plays.Count == 0 && _cut is null;

    /// <summary>What it takes in memory besides what all viewers share, in bytes, about.</summary>
    public int ByteSize
    {
        get
        {
            int bytes = 0;
            foreach (LivePlay play in _plays)
            {
                bytes += play.ByteSize;
            }

            return bytes;
        }
    }

    /// <summary>Whether others are short of the pages that the rest of a message keeps.</summary>
    public bool PinsPages => _cut is { PinsPages: true };

    /// <summary>Whether a message is on the wire in part.</summary>
    public bool IsInsideMessage => _cut is not null;

    /// <summary>The play that is shown for this connection; null when there is none.</summary>
    public LivePlay? Watched => _plays is [var first, ..] ? first : null;

    /// <summary>Since when all that is played is paused, on the loop's clock; null while something is not.</summary>
    public long? PausedSince => _plays.Count > 0 && _plays.TrueForAll(static play => play.PausedSince is not null)
        ? _plays.Max(static play => play.PausedSince)
        : null;

    /// <summary>The play of a message stream; null when there is none.</summary>
    public LivePlay? Find(uint streamId) => _plays.Find(play => play.StreamId == streamId);

    /// <summary>Adds a play.</summary>
    public void Add(LivePlay play) => _plays.Add(play);

    /// <summary>Forgets a play; a message of it that has begun is still finished.</summary>
    public void Remove(uint streamId)
    {
        if (Find(streamId) is { } play)
        {
            play.Leave();
            _plays.Remove(play);
        }
    }

    /// <summary>Looks at what has happened to each stream, and forgets those that are over.</summary>
    public void Look(long now)
    {
        if (_cut is not null)
        {
            return; // nothing is said before its rest
        }

        foreach (LivePlay play in _plays)
        {
            play.Look(now);
        }

        _plays.RemoveAll(static play => play.IsOver);
    }

    /// <summary>Adds the rest of a message that was cut.</summary>
    /// <returns>False when the list could not take all of it.</returns>
    public bool GatherRest(GatherList list) => _cut is null || _cut.GatherRest(list);

    /// <summary>Adds what has come of one stream, the next one that has something.</summary>
    /// <param name="list">May hold the rest of a message already.</param>
    /// <param name="maxBytes">Stop after about this many bytes.</param>
    public void GatherDue(GatherList list, long maxBytes)
    {
        if (_cut is not null)
        {
            return; // what has happened meanwhile is looked at when its rest is sent
        }

        long before = list.Length;
        for (int i = 0; i < _plays.Count && list.Length == before; i++)
        {
            LivePlay play = _plays[(int)(_turn++ % (uint)_plays.Count)];
            if (play.IsSending)
            {
                _due = play.Cursor!;
                _due.Gather(list, play.DueUntil, maxBytes);
                if (list.Length == before)
                {
                    AdvanceDue(0); // past messages that are not sent
                }
            }
        }
    }

    /// <summary>Takes note of sent bytes of the message that was cut.</summary>
    public void AdvanceRest(long bytes)
    {
        if (_cut is not null && bytes > 0)
        {
            _cut.Advance(bytes);
            _cut = _cut.IsInsideMessage ? _cut : null;
        }
    }

    /// <summary>Takes note of sent bytes of what was due.</summary>
    /// <returns>Whether they were of a live stream.</returns>
    public bool AdvanceDue(long bytes)
    {
        if (_due is not { } due)
        {
            return false;
        }

        _due = null;
        due.Advance(bytes);
        _cut = due.IsInsideMessage ? due : _cut;
        return true;
    }

    /// <summary>When to look again though nothing comes, on the loop's clock.</summary>
    public long NextWake()
    {
        long next = TimerWheel.Never;
        foreach (LivePlay play in _plays)
        {
            next = Math.Min(next, play.NextWake);
        }

        return next;
    }

    /// <summary>The connection is gone.</summary>
    public void Abandon()
    {
        _cut?.Abandon();
        _cut = null;
        foreach (LivePlay play in _plays)
        {
            play.Cursor?.Abandon();
            play.Leave();
        }

        _plays.Clear();
    }
}
