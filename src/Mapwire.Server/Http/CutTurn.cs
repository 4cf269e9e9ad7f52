using System.Diagnostics;
using System.Net;
using Mapwire.Server.Sending;

namespace Mapwire.Server.Http;

/// <summary>
/// A turn of an address in which a piece of a film is cut. Times can be wished for without number, and the playlist of each costs what the
/// whole film's does, which is made once: so an address has one cut at a time, and its next one begins after a pause that is some times as
/// long. Who watches notices nothing of it, since a cut takes milliseconds; of all time an address gets a quarter of a processor.
/// </summary>
internal readonly struct CutTurn : IDisposable
{
    /// <summary>How much longer than the turn the pause behind it is.</summary>
    private const int Rest = 3;

    /// <summary>The longest pause, behind what takes a few seconds of a processor: a disk may be slow, which costs none.</summary>
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(8);

    /// <summary>What is found, and not made, takes less, and has no pause.</summary>
    private static readonly TimeSpan Free = TimeSpan.FromMilliseconds(2);

    private readonly AddressTurns _turns;
    private readonly IPAddress? _address;
    private readonly string _key;
    private readonly long _began;

    private CutTurn(AddressTurns turns, IPAddress? address, string key) =>
        (_turns, _address, _key, _began) = (turns, address, key, Stopwatch.GetTimestamp());

    /// <summary>Waits for a turn.</summary>
    /// <param name="turns">One an address.</param>
    /// <param name="address">The client's.</param>
    /// <param name="key">What is cut: who wishes for the same has the same turn.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<CutTurn> EnterAsync(AddressTurns turns, IPAddress? address, string key, CancellationToken cancellation)
    {
        await turns.EnterAsync(address, key, cancellation).ConfigureAwait(false);
        return new CutTurn(turns, address, key);
    }

    /// <summary>The turn is over; the next one begins behind the pause.</summary>
    public void Dispose()
    {
        TimeSpan took = Stopwatch.GetElapsedTime(_began);
        if (took < Free)
        {
            _turns.Leave(_address, _key);
        }
        else
        {
            _ = LeaveAfterAsync(took * Rest < MaxPause ? took * Rest : MaxPause);
        }
    }

    private async Task LeaveAfterAsync(TimeSpan pause)
    {
        await Task.Delay(pause).ConfigureAwait(false);
        _turns.Leave(_address, _key);
    }
}
