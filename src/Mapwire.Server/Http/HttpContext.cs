using System.Net;
using Mapwire.Server.Files;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Playback;
using Mapwire.Server.Sending;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Http;

/// <summary>What all HTTP conversations of a server share.</summary>
/// <param name="Application">The first segment of every path.</param>
/// <param name="Titles">What is served.</param>
/// <param name="Openings">In which the titles of one address are opened, those of RTMP too.</param>
/// <param name="HeadTimeout">How long a request head may take.</param>
/// <param name="IdleTimeout">How long a connection may ask for nothing.</param>
/// <param name="SegmentDuration">How long a segment should be.</param>
/// <param name="HasViewerIds">Whether playlists tell viewers apart.</param>
/// <param name="Log">Where lines go.</param>
/// <param name="Players">What those that watch streams share with players of RTMP.</param>
internal sealed record HttpContext(
    string Application, TitleCatalog Titles, AddressTurns Openings, TimeSpan HeadTimeout, TimeSpan IdleTimeout, TimeSpan SegmentDuration,
    bool HasViewerIds, ILogger Log, PlayerContext Players)
{
    /// <summary>
    /// What is kept of plans, playlists and headers of segments, in bytes: those of some fifty long films that are watched at once.
    /// </summary>
    private const long MadeBytes = 64 << 20;

    private long _connections;

    /// <summary>Whether the titles of a folder are listed at its path.</summary>
    public bool ListsTitles { get; init; }

    /// <summary>Whether a name is that of a live stream now, or was until lately.</summary>
    public bool IsLive(string name) => Players.Live?.Has(name) is true;

    /// <summary>Who watches by requests.</summary>
    public ViewerRegistry Viewers { get; init; } = new(PlayerLimits.None, null);

    /// <summary>
    /// Counts what a connection makes the server hold: what it has half said and does not read, and what was made for it alone.
    /// </summary>
    /// <param name="peer">The client.</param>
    /// <param name="counted">What was counted of it before; the connection keeps the number.</param>
    /// <param name="held">All of it, in bytes.</param>
    /// <param name="own">What of it the client could do without, in bytes.</param>
    /// <returns>True when it may stay; else it was logged why not, and it is to be closed.</returns>
    public bool TryHold(EndPoint? peer, ref int counted, int held, int own)
    {
        if (own > MaxConnectionBytes)
        {
            Server.Log.HoldsTooMuch(Log, peer, own, MaxConnectionBytes, MaxConnectionBytesOption);
            return false;
        }

        if (Held.Count(peer, ref counted, held) is not { } reason)
        {
            return true;
        }

        Server.Log.HoldTooMuchTogether(Log, peer, held, reason);
        return false;
    }

    /// <summary>A number that no other connection has.</summary>
    public long NumberConnection() => Interlocked.Increment(ref _connections);

    /// <summary>What all connections make the server hold.</summary>
    public HeldBytes Held { get; init; } = new(long.MaxValue, "no limit");

    /// <summary>What one connection may make the server hold besides what it asks for, in bytes.</summary>
    public long MaxConnectionBytes { get; init; } = long.MaxValue;

    /// <summary>What the operator calls that.</summary>
    public string MaxConnectionBytesOption { get; init; } = "no limit";

    /// <summary>In which texts that are one viewer's own are compressed: one an address.</summary>
    public AddressTurns Codings { get; } = new(1);

    /// <summary>In which live streams are waited for that nobody publishes: as many of an address as it may have opened at once.</summary>
    public AddressTurns Awaited { get; } = new(Players.Options.MaxOpeningsPerAddress);

    /// <summary>In which what is made for one wish of an address alone is made: <see cref="CutTurn"/>.</summary>
    public AddressTurns Cuts { get; } = new(1);

    /// <summary>What was made of films for all who ask.</summary>
    public MadeCache Made { get; } = new(MadeBytes);

    /// <summary>What was made of a film, or is made now, on a thread of the catalogue: of a long film that takes milliseconds.</summary>
    /// <param name="key">What it is.</param>
    /// <param name="name">Of the title: of one, one thing is made at a time.</param>
    /// <param name="make">Makes it.</param>
    /// <exception cref="TitleException">It cannot be made.</exception>
    public Task<T> MakeAsync<T>(MadeKey key, string name, Func<T> make)
        where T : class, IDerived => Made.Find<T>(key) is { } made
        ? Task.FromResult(made)
        : Titles.Files.ComputeAsync($"segments {name}", () => Made.Find<T>(key) ?? Made.Add(key, make()));
}
