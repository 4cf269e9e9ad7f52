using System.Diagnostics.CodeAnalysis;
using System.Net;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>
/// What one player has opened: off its worker's thread, a few at a time, and back on that thread with what came of it.
/// </summary>
/// <param name="context">Opens them, in the address's turn.</param>
/// <param name="address">The player's; null when it is not known.</param>
/// <param name="post">Runs something on the worker's thread, later.</param>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer and no handle, so that nothing is left to dispose of.")]
internal sealed class ReelOpenings(PlayerContext context, IPAddress? address, Action<Action> post)
{
    /// <summary>What is being opened or waits for it: the plays lined up in one go, and what plays before them.</summary>
    public const int Max = PlayQueue.MaxLength + 1;

    /// <summary>At once: a client that asks for many takes no more of the disks and processors than others.</summary>
    private const int AtOnce = 4;

    private readonly CancellationTokenSource _abandoned = new();
    private Task?[]? _lanes; // in each one is opened after the other; null while nothing is opened
    private uint _nextLane;
    private int _count;

    /// <summary>Whether nothing more may be begun until something has come back.</summary>
    public bool IsFull => _count == Max;

    /// <summary>Whether all that was begun has come back.</summary>
    public bool IsIdle => _count == 0;

    /// <summary>What the names of all that is being opened take in memory, in bytes.</summary>
    public int ByteSize { get; private set; }

    /// <summary>Opens what a name means.</summary>
    /// <param name="name">What the player named.</param>
    /// <param name="abilities">What the player can show.</param>
    /// <param name="after">Never fails; the result is not given before it.</param>
    /// <param name="opened">Given the reel, or why there is none; not called after <see cref="Abandon"/>.</param>
    /// <returns>Over when the result is on its way; never fails.</returns>
    public Task OpenAsync(PlayName name, PlayerAbilities abilities, Task after, Action<Reel?, Exception?> opened)
    {
        _count++;
        ByteSize += name.ByteSize;
        if (name.IsTooLong)
        {
            TitleException refusal = new(
                TitleError.NotFound,
                $"no title has a name of {name.Folder.Length + name.Sent.Length} characters: {PlayName.MaxLength} are the most");
            return GiveAsync(name, null, refusal, after, opened);
        }

        _lanes ??= new Task?[AtOnce];
        ref Task? lane = ref _lanes[_nextLane++ % AtOnce];
        lane = OpenAsync(name, abilities, lane ?? Task.CompletedTask, after, opened);
        return lane;
    }

    /// <summary>The connection is gone: what waits for its turn is forgotten, and what comes back later is let go.</summary>
    public void Abandon() => _abandoned.Cancel();

    private async Task OpenAsync(PlayName name, PlayerAbilities abilities, Task lane, Task after, Action<Reel?, Exception?> opened)
    {
        string turn = $"{name.Folder}/{name.Path}"; // wishes in the query are of the same file
        Reel? reel = null;
        Exception? fault = null;
        try
        {
            await lane.ConfigureAwait(false); // never fails, as this does not
            await context.Openings.EnterAsync(address, turn, _abandoned.Token).ConfigureAwait(false);
            try
            {
                reel = _abandoned.IsCancellationRequested ? null : await context.Reels.OpenAsync(name, abilities).ConfigureAwait(false);
            }
            finally
            {
                context.Openings.Leave(address, turn);
            }
        }
        catch (Exception refused)
        {
            fault = refused;
        }

        await GiveAsync(name, reel, fault, after, opened).ConfigureAwait(false);
    }

    private async Task GiveAsync(PlayName name, Reel? reel, Exception? fault, Task after, Action<Reel?, Exception?> opened)
    {
        await after.ConfigureAwait(false); // never fails: see above
        post(() => ComeBack(name, reel, fault, opened));
    }

    private void ComeBack(PlayName name, Reel? reel, Exception? fault, Action<Reel?, Exception?> opened)
    {
        _count--;
        ByteSize -= name.ByteSize;
        _lanes = _count == 0 ? null : _lanes;
        if (_abandoned.IsCancellationRequested)
        {
            reel?.Release();
        }
        else
        {
            opened(reel, fault);
        }
    }
}
