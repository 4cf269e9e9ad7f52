using System.Runtime.InteropServices;

namespace Mapwire.Server.Statistics;

/// <summary>What of a server stays as it is. Written once, before anybody can read it.</summary>
internal struct ServerFacts
{
    public int ProcessId;
    public int Workers;

    /// <summary>100 ns ticks, UTC.</summary>
    public long StartedTicks;

    /// <summary>The same moment of <see cref="Environment.TickCount64"/>, which is the same for all processes of a machine.</summary>
    public long StartedAt;

    /// <summary>The addresses that players connect to, with a blank between them.</summary>
    public int AddressLength;
    public int FolderLength;
    public Text1024 Address;
    public Text2048 Folder;
}

/// <summary>What a worker has done. Times are milliseconds of <see cref="Environment.TickCount64"/>.</summary>
internal struct WorkerRecord
{
    public long Bytes;

    /// <summary>Bytes a second at <see cref="SentAt"/>.</summary>
    public double Rate;
    public long SentAt;
    public long Plays;
    public int Connections;
    public int Stalls;
}

/// <summary>A title that is played or was played lately.</summary>
internal struct TitleRecord
{
    /// <summary>Never given twice by one server; 0: the place is free.</summary>
    public long Id;

    /// <summary>How often it was begun, by itself or in a playlist.</summary>
    public long Plays;

    /// <summary>Bytes sent to players that are done with it. Those of the others are with the players.</summary>
    public long PastBytes;

    /// <summary>Stalls of players that are done with it.</summary>
    public long PastStalls;

    /// <summary>Milliseconds.</summary>
    public long Duration;

    /// <summary>Bytes of the file.</summary>
    public long FileLength;

    /// <summary>The path below the served folder.</summary>
    public int NameLength;
    public Text512 Name;
}

/// <summary>Who a player is and what it plays: written when it comes, when a title begins and when it goes. Times are milliseconds of
/// <see cref="Environment.TickCount64"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal struct PlayerFacts
{
    public const int Size = 64;

    /// <summary>Never given twice by one server; 0: the place is free.</summary>
    public long Id;

    /// <summary>What is or was played last; 0 for nothing.</summary>
    public long TitleId;

    /// <summary>The bytes of the connection that came before the title.</summary>
    public long BytesBefore;
    public long OpenedAt;
    public long PlayedAt;
    public ulong AddressLow;
    public ulong AddressHigh;
    public ushort Port;

    /// <summary>Bytes of the address: 4, 16, or 0 if it was gone before it was looked at.</summary>
    public byte AddressLength;

    /// <summary>A <see cref="PlayerProtocol"/>.</summary>
    public byte Protocol;
}

/// <summary>
/// How a player stands: one cache line, stored field by field each time something happened to it. Times are milliseconds of
/// <see cref="Environment.TickCount64"/>, unless they are the title's.
/// </summary>
/// <remarks>
/// A worker meets each of thousands of players once a second, long after the processor's caches have forgotten it, so what counts is
/// how many lines are touched: this one is only written, and nobody waits for that. A reader looks at the version before and after. One
/// whose writer was killed in between may have fields of two moments, a second apart.
/// </remarks>
internal struct PlayerFigures
{
    public const int Size = 64;

    /// <summary>Its socket is full.</summary>
    public const byte Blocked = 1;

    /// <summary>What it watches is published as it is watched: its clock does not run ahead of what has come.</summary>
    public const byte Live = 2;

    /// <summary>The value of a latency that was not measured.</summary>
    public const ushort NoLatency = ushort.MaxValue;

    /// <summary>Odd while the rest is being written.</summary>
    public uint Version;
    public byte State;

    /// <summary>Some of the flags below.</summary>
    public byte Flags;

    /// <summary>Of the title at hand.</summary>
    public ushort Stalls;

    /// <summary>Bytes sent on the connection, headers and answers included.</summary>
    public long Bytes;

    /// <summary>Bytes a second at <see cref="SentAt"/>.</summary>
    public double Rate;
    public long SentAt;

    /// <summary>When <see cref="Position"/> was so.</summary>
    public long UpdatedAt;

    /// <summary>
    /// Where the player's clock is, in milliseconds of the title; before its beginning while the one before is still in hand.
    /// </summary>
    public long Position;

    /// <summary>Up to where the title was sent, in milliseconds of it.</summary>
    public long MediaTime;

    /// <summary>Which of the two copies of <see cref="PlayerFacts"/> counts: the other one may be half written.</summary>
    public uint FactsVersion;

    /// <summary>
    /// Of a viewer of a live stream: how long the oldest message was there that was sent to it last, in milliseconds, or
    /// <see cref="NoLatency"/>.
    /// </summary>
    public ushort Latency;

    /// <summary>The longest one of the last seconds, likewise.</summary>
    public ushort WorstLatency;

    /// <summary>Where the facts of a version stand.</summary>
    /// <param name="place">Of the player.</param>
    /// <param name="version">The next one stands in the other copy.</param>
    public static long FactsAt(long place, uint version) => place + Size + ((version & 1) * PlayerFacts.Size);
}

/// <summary>
/// What a publisher sends: one cache line, stored field by field each time something came, as <see cref="PlayerFigures"/> are.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal struct PublisherFigures
{
    public const int Size = 64;

    /// <summary>The value of what is not known.</summary>
    public const int None = int.MinValue;

    /// <summary>Odd while the rest is being written.</summary>
    public uint Version;

    /// <summary>Messages left out of the stream.</summary>
    public int LeftOut;

    /// <summary>Who publishes; 0: the place is free.</summary>
    public long PlayerId;

    /// <summary>The stream.</summary>
    public long TitleId;

    /// <summary>Bytes of pictures a second.</summary>
    public float VideoRate;

    /// <summary>Bytes of sound a second.</summary>
    public float AudioRate;

    /// <summary>Pictures a second.</summary>
    public float FrameRate;

    /// <summary>Milliseconds, or <see cref="None"/>.</summary>
    public int KeyframeInterval;

    /// <summary>How far the sound is ahead of the pictures, in milliseconds, or <see cref="None"/>.</summary>
    public int SoundAhead;

    /// <summary>Milliseconds.</summary>
    public float Jitter;

    /// <summary>Milliseconds.</summary>
    public int LongestPause;

    /// <summary>Messages that were not understood.</summary>
    public int Malformed;
}
