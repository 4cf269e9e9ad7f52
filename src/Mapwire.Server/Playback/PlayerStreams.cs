using Mapwire.Server.Files;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>
/// The message streams of a player and the order in which they send: the message that has begun first, then each stream in turn.
/// </summary>
internal sealed class PlayerStreams
{
    private const long LeadOfOneTrack = 6000;

    private readonly PlayerOptions _options;
    private readonly CreateCursor _createCursor;
    private readonly Action<Action> _post;
    private PlayerStream[] _streams = []; // one, nearly always
    private Action? _wake;
    private StripCursor? _cut; // whose message is on the wire in part
    private long? _cutWaitsUntil; // when its rest is too late, on the worker's clock; null while it is not waited for
    private PlayerStream? _due; // the stream of the gathering at hand
    private StripCursor? _dueCursor;
    private uint _turn;

    /// <param name="options">How the player is served.</param>
    /// <param name="createCursor">Makes cursors whose messages are those of the player's protocol.</param>
    /// <param name="post">Runs something on the worker's thread, later; called on any thread.</param>
    public PlayerStreams(PlayerOptions options, CreateCursor createCursor, Action<Action> post)
    {
        _options = options;
        _createCursor = createCursor;
        _post = post;
    }

    /// <summary>Whether any stream has something to watch, paused or not.</summary>
    public bool IsActive => Array.Exists(_streams, static stream => stream.IsActive);

    /// <summary>One that has something to watch, or else the newest; null when there is none.</summary>
    public PlayerStream? Watched =>
        Array.Find(_streams, static stream => stream.IsActive) ?? (_streams is [.., var newest] ? newest : null);

    /// <summary>What the client's words for what plays and is lined up take in memory, in bytes.</summary>
    public int ByteSize
    {
        get
        {
            int bytes = 0;
            foreach (PlayerStream stream in _streams)
            {
                bytes += (sizeof(char) * stream.Name.Length) + (stream.Reel?.ByteSize ?? 0) + stream.Queue.ByteSize;
            }

            return bytes;
        }
    }

    /// <summary>The stream of an id, made when it is new: a session lets only created ids through.</summary>
    public PlayerStream this[uint id]
    {
        get
        {
            PlayerStream? stream = Find(id);
            if (stream is null)
            {
                stream = new PlayerStream(id, _createCursor);
                _streams = [.. _streams, stream];
            }

            return stream;
        }
    }

    /// <summary>The stream of an id, or null.</summary>
    public PlayerStream? Find(uint id)
    {
        foreach (PlayerStream stream in _streams)
        {
            if (stream.Id == id)
            {
                return stream;
            }
        }

        return null;
    }

    /// <summary>Forgets a stream; a message of it that has begun is still finished.</summary>
    public void Remove(uint id)
    {
        if (Find(id) is { } stream)
        {
            stream.Stop();
            _streams = [.. _streams.Where(other => other != stream)];
        }
    }

    /// <summary>A stream whose title has been sent to its end and about which nothing was done yet; null when there is none.</summary>
    public PlayerStream? FindEnded() => Array.Find(_streams, static stream => stream.HasEnded);

    /// <summary>Gives another turn when what was waited for has come. Made when it is first needed: most films are in memory.</summary>
    private Action Wake => _wake ??= () => _post(EndWaits);

    /// <summary>Whether a message is on the wire in part.</summary>
    public bool IsInsideMessage => _cut is not null;

    /// <summary>Whether a message that has begun cannot be finished: its bytes are gone, or do not come.</summary>
    public bool IsCutLost { get; private set; }

    /// <summary>A stream's cursor was moved to a byte of a message, whose rest comes first.</summary>
    public void BeginInside(PlayerStream stream, long now)
    {
        stream.MoveClock(now);
        _cut = stream.Cursor is { IsInsideMessage: true } cursor ? cursor : null;
    }

    /// <summary>Adds the rest of a message that was cut.</summary>
    /// <returns>False when the list could not take all of it, or it is not in memory.</returns>
    public bool GatherRest(GatherList list, long now)
    {
        _cutWaitsUntil = null;
        if (_cut is null)
        {
            return true;
        }

        // Before any byte of another file is sent as the rest of a message of this one.
        switch (_cut.Title.Watch.Look())
        {
            case FileState.Lost:
                IsCutLost = true;
                return false;
            case FileState.Unknown:
                _cut.Title.Watch.CallWhenKnown(Wake);
                _cutWaitsUntil = now + PatienceOf(_cut); // those who find it out take no longer
                return false;
        }

        if (_cut.GatherRest(list, now))
        {
            return true;
        }

        if (_cut.Waits)
        {
            IsCutLost = HasWaitedTooLong(_cut, now, out long until) || _cut.Title.Watch.Lost is not null;
            _cutWaitsUntil = until;
        }

        return false;
    }

    /// <summary>Adds what is due of one stream, the next one that has something.</summary>
    /// <param name="list">May hold the rest of a message already.</param>
    /// <param name="maxBytes">Stop after about this many bytes.</param>
    /// <param name="now">The worker's clock.</param>
    public void GatherDue(GatherList list, long maxBytes, long now)
    {
        long before = list.Length;
        for (int i = 0; i < _streams.Length && list.Length == before; i++)
        {
            PlayerStream stream = _streams[(int)(_turn++ % (uint)_streams.Length)];
            TitleTime until = stream.DueUntil(now, LeadOf(stream));
            if (stream.Cursor is not { HasMore: true } cursor || cursor.Time > until)
            {
                continue;
            }

            stream.EndWait();
            FileState file = cursor.Title.Watch.Look();
            if (file != FileState.Unchanged)
            {
                if (file == FileState.Lost)
                {
                    cursor.Lose(cursor.Title.Watch.Lost!); // before any byte of another file is sent by this file's index
                }
                else
                {
                    stream.BeginWait(now + PatienceOf(cursor)); // those who find it out take no longer
                    cursor.Title.Watch.CallWhenKnown(Wake);
                }

                continue;
            }

            _due = stream;
            _dueCursor = cursor;
            cursor.AskAhead(until, stream.DueUntil(now, lead: 0), now);
            cursor.Gather(list, until, maxBytes, now);
            if (list.Length == before)
            {
                if (cursor.Waits)
                {
                    if (HasWaitedTooLong(cursor, now, out long tooLate))
                    {
                        cursor.Lose($"the file can no longer be read: {cursor.Title.Watch.Patience.RefusalOfSilence}");
                    }
                    else
                    {
                        stream.BeginWait(tooLate);
                    }
                }

                AdvanceDue(0, now); // past samples that are not sent
            }
        }
    }

    /// <summary>Takes note of sent bytes of the message that was cut.</summary>
    public void AdvanceRest(long bytes)
    {
        if (_cut is not null && bytes > 0)
        {
            _cut.Advance(bytes, TitleTime.MinValue);
            _cut = _cut.IsInsideMessage ? _cut : null;
        }
    }

    /// <summary>Takes note of sent bytes of what was due.</summary>
    public void AdvanceDue(long bytes, long now)
    {
        if (_due is not null && _dueCursor is not null)
        {
            _dueCursor.Advance(bytes, _due.DueUntil(now, LeadOf(_due)));
            _cut = _dueCursor.IsInsideMessage ? _dueCursor : _cut;
        }

        _due = null;
        _dueCursor = null;
    }

    /// <summary>When the next stream has something to send, on the worker's clock.</summary>
    public long NextWake(long now)
    {
        if (_cutWaitsUntil is { } tooLate)
        {
            return tooLate; // nothing is sent before its rest, which calls when it comes
        }

        long next = long.MaxValue;
        foreach (PlayerStream stream in _streams)
        {
            next = Math.Min(next, stream.NextWake(now, LeadOf(stream)));
        }

        return next;
    }

    /// <summary>The connection is gone.</summary>
    public void Abandon()
    {
        bool isCutRetired = _cut is not null && !Array.Exists(_streams, stream => stream.Cursor == _cut);
        if (isCutRetired)
        {
            _cut!.Abandon();
        }

        foreach (PlayerStream stream in _streams)
        {
            stream.Abandon();
        }

        _cut = null;
        _streams = [];
    }

    /// <summary>Whether a player has waited for a part of its file for longer than the file's storage may take.</summary>
    /// <param name="cursor">The player's.</param>
    /// <param name="now">The worker's clock.</param>
    /// <param name="tooLate">When it has.</param>
    private bool HasWaitedTooLong(StripCursor cursor, long now, out long tooLate)
    {
        tooLate = now - cursor.WaitForNext(now, Wake) + PatienceOf(cursor) + 1;
        return now >= tooLate;
    }

    private static long PatienceOf(StripCursor cursor) => (long)cursor.Title.Watch.Patience.Time.TotalMilliseconds;

    /// <summary>
    /// Something that was waited for has come. Nothing is known of it until it is gathered, which a full socket or a spent limit can put
    /// off: until then each stream is looked at by the clock, as if it had not waited.
    /// </summary>
    private void EndWaits()
    {
        _cutWaitsUntil = null;
        foreach (PlayerStream stream in _streams)
        {
            stream.EndWait();
        }
    }

    /// <summary>
    /// What a player buffers by its own word; more of a film with one track: players made with ffmpeg look for a second one in the first
    /// five seconds before they show anything.
    /// </summary>
    private long LeadOf(PlayerStream stream)
    {
        long lead = Math.Max(stream.BufferLength ?? _options.DefaultLead, _options.MinLead);
        return Math.Min(stream.Cursor is { HasOneTrack: true } ? Math.Max(lead, LeadOfOneTrack) : lead, _options.MaxLead);
    }
}
