using Mapwire.Memory.Sharing;

namespace Mapwire.Server.Statistics;

/// <summary>Where in a server's segment what is.</summary>
/// <remarks>
/// <code>
///    0  cell of ServerFacts
/// 8192  workers: 320 bytes each, a cell of WorkerRecord and on a line of its own when it was last seen
///    …  chunks of 16 KiB from a multiple of that: kind (4), then from the next line on places of
///       players: PlayerFigures (64), PlayerFacts twice; or titles: a cell of TitleRecord; or publishers:
///       PublisherFigures (64)
/// </code>
/// Cells and facts have one writer, so that a reader finds them whole even after their writer was killed in the middle. A chunk is made
/// when more players or titles come than ever before; behind the last one is room for some more, whose kind is 0.
/// </remarks>
internal static class StatisticsLayout
{
    /// <summary>What segments of servers are called, before the server's own name.</summary>
    public const string Prefix = "mapwire-serve-";

    /// <summary>The longest name of a server: with the prefix it is a name of shared memory.</summary>
    public const int LongestName = 80;

    /// <summary>The most workers that a server has.</summary>
    public const int MostWorkers = 1024;

    public const int Version = 5;
    public const int FactsAt = 0;
    public const int WorkersAt = 8192;
    public const int WorkerSize = 320;

    /// <summary>Within a worker's place.</summary>
    public const int SeenAt = 256;

    public const int ChunkSize = 16 * 1024;

    /// <summary>The first place of a chunk, after its kind.</summary>
    public const int PlacesAt = 64;

    public const int PlayersKind = 1;
    public const int TitlesKind = 2;
    public const int PublishersKind = 3;

    public static readonly Guid LayoutId = new("6b7e8e30-9a54-4c5b-8a52-2f6d2c3f9a17");

    public const int PlayerSize = PlayerFigures.Size + (2 * PlayerFacts.Size);
    public static readonly int TitleSize = SharedCell.SizeFor<TitleRecord>();
    public static readonly int PlayersPerChunk = (ChunkSize - PlacesAt) / PlayerSize;
    public static readonly int TitlesPerChunk = (ChunkSize - PlacesAt) / TitleSize;
    public const int PublishersPerChunk = (ChunkSize - PlacesAt) / PublisherFigures.Size;

    /// <summary>The first chunk of a server with so many workers.</summary>
    public static long ChunksAt(int workers) => (WorkersAt + ((long)workers * WorkerSize) + ChunkSize - 1) / ChunkSize * ChunkSize;

    /// <summary>Where segments are looked for, and that they are ours alone.</summary>
    /// <param name="folder">A folder to use in place of the user's own; null for that.</param>
    public static SharedMemoryOptions Options(string? folder) => new() { Folder = folder, LayoutId = LayoutId, LayoutVersion = Version };

    /// <summary>Whether a server may be called so.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name[^1] != '.'
        && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
