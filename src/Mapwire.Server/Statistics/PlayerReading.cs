using System.Buffers.Binary;
using System.Net;
using Mapwire.Memory.Sharing;

namespace Mapwire.Server.Statistics;

/// <summary>A player's place as it was read, and what follows from it for a moment.</summary>
/// <param name="Facts">Who it is.</param>
/// <param name="Figures">How it stands.</param>
internal readonly record struct PlayerReading(PlayerFacts Facts, PlayerFigures Figures)
{
    /// <summary>Looks before a version that does not become even is its writer's who was stopped or killed in the middle.</summary>
    private const int MostLooks = 100;

    public PlayerState State => (PlayerState)Math.Min(Figures.State, (byte)PlayerState.Publishing);

    public PlayerProtocol Protocol => (PlayerProtocol)Math.Min(Facts.Protocol, (byte)PlayerProtocol.File);

    /// <summary>Bytes of the title at hand.</summary>
    public long PlayBytes => Math.Max(0, Figures.Bytes - Facts.BytesBefore);

    public IPEndPoint? Peer
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, Facts.AddressLow);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Facts.AddressHigh);
            return Facts.AddressLength is 4 or 16 ? new IPEndPoint(new IPAddress(bytes[..Facts.AddressLength]), Facts.Port) : null;
        }
    }

    /// <summary>Reads a place; null if it is free.</summary>
    public static PlayerReading? Of(SharedMemory memory, long place)
    {
        if (FactsOf(memory, place) is not { Id: not 0 } facts)
        {
            return null;
        }

        PlayerFigures figures = default;
        for (int look = 0; look < MostLooks; look++)
        {
            figures = memory.Read<PlayerFigures>(place);
            Volatile.ReadBarrier();
            if (figures.Version % 2 == 0 && figures.Version == memory.Read<uint>(place))
            {
                break;
            }

            Thread.SpinWait(10);
        }

        return new PlayerReading(facts, figures);
    }

    /// <summary>The copy that counts: whole if it still does after it was read, since the next one is written over the other.</summary>
    private static PlayerFacts? FactsOf(SharedMemory memory, long place)
    {
        for (int look = 0; look < MostLooks; look++)
        {
            uint version = memory.Read<PlayerFigures>(place).FactsVersion;
            Volatile.ReadBarrier();
            PlayerFacts facts = memory.Read<PlayerFacts>(PlayerFigures.FactsAt(place, version));
            Volatile.ReadBarrier();
            if (memory.Read<PlayerFigures>(place).FactsVersion == version)
            {
                return facts;
            }
        }

        return null;
    }

    /// <summary>Whether it watches a live stream.</summary>
    public bool IsLiveViewer => (Figures.Flags & PlayerFigures.Live) != 0 && State is PlayerState.Playing or PlayerState.Paused;

    /// <summary>How far a viewer of a live stream is behind the newest message, in milliseconds.</summary>
    public long Lag => Math.Max(0, Figures.Position - Figures.MediaTime);

    /// <summary>How long messages wait for a viewer of a live stream, in milliseconds: the last ones, and the worst; null where that is
    /// not known.</summary>
    public (long Last, long Worst)? Latency => IsLiveViewer && Figures.Latency != PlayerFigures.NoLatency
        ? (Figures.Latency, Figures.WorstLatency)
        : null;

    /// <summary>
    /// Where the player's clock is: it runs while it plays, whether the server writes or not. That of a live stream stands where its
    /// publisher does.
    /// </summary>
    public long PositionAt(long now) =>
        State == PlayerState.Playing && !IsLiveViewer ? Figures.Position + Math.Max(0, now - Figures.UpdatedAt) : Figures.Position;

    /// <summary>Media in hand, in milliseconds; negative: missing.</summary>
    public long LeadAt(long now) => Figures.MediaTime - PositionAt(now);

    /// <summary>Bytes a second.</summary>
    public double RateAt(long now) => ByteRate.Fading(Figures.Rate, now - Figures.SentAt);
}
