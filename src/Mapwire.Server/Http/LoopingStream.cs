using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Http;

/// <summary>
/// The body of one fragmented MP4 that begins again when it is over, with times that go on, until the client leaves. It has no length, so
/// it is sent by the clock and some seconds ahead: a client that takes all that it gets would be sent days of it.
/// </summary>
internal sealed class LoopingStream : IBody
{
    /// <summary>
    /// How far ahead of the clock it is sent, in milliseconds: players begin with some seconds, and pauses of networks take as long.
    /// </summary>
    private const long Ahead = 15_000;

    /// <summary>How often its file is looked at when nothing is due, in milliseconds.</summary>
    private const long LookInterval = 500;

    /// <summary>What is shorter does not begin again, as over RTMP.</summary>
    private static readonly TimeSpan ShortestLoop = TimeSpan.FromMilliseconds(100);

    private readonly BodyCursor _cursor;
    private long? _begun;
    private long _due; // when the part at hand is presented, from the beginning of the first

    /// <param name="resource">One that can begin again; its files are held for the body, which releases it.</param>
    /// <param name="arrived">Called on any thread when what was waited for has come: to be gathered again.</param>
    public LoopingStream(Resource resource, Action arrived) => _cursor = new BodyCursor(resource, PartsOf(resource), arrived);

    /// <inheritdoc/>
    public bool IsOver => _cursor.IsOver;

    /// <inheritdoc/>
    public string? LostReason { get; private set; }

    /// <summary>Whether a body can begin again.</summary>
    public static bool IsPossible(MadeBody body) => body.LoopDuration >= ShortestLoop;

    /// <inheritdoc/>
    public string? FindLost() => _cursor.FindLost();

    /// <inheritdoc/>
    public void Gather(GatherList list, long most, long now)
    {
        _begun ??= now;
        if (now < Due)
        {
            LostReason ??= FindLost();
            return;
        }

        _cursor.Gather(list, most, now);
        LostReason = _cursor.LostReason;
    }

    /// <inheritdoc/>
    public void Advance(long sent) => _cursor.Advance(sent);

    /// <inheritdoc/>
    public long NextTurn(long now) => now < Due ? Math.Min(Due, now + LookInterval) : _cursor.NextTurn(now);

    /// <inheritdoc/>
    public void Release() => _cursor.Release();

    /// <summary>When the part at hand is sent, by the loop's clock.</summary>
    private long Due => _begun.GetValueOrDefault() + _due - Ahead;

    private IEnumerable<BodyPart> PartsOf(Resource resource)
    {
        foreach ((TimeSpan time, int file, PieceList pieces) in resource.Body.Loop())
        {
            _due = (long)time.TotalMilliseconds;
            yield return new BodyPart(resource.Files[file], pieces);
        }
    }
}
