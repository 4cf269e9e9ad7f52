namespace Mapwire.Memory.Sharing;

/// <summary>The 8 bytes before a message in a ring: state and length below, and above whose it is.</summary>
/// <remarks>
/// <code>
/// bits 0-27 length of the message | bits 28-31 state | bits 32-63 claimed: its producer's token; free: how often the ring went round
/// </code>
/// A free word tells for which round it is free, so that a producer that slept through a round cannot claim what is not the tail.
/// </remarks>
internal static class RingRecord
{
    public const int HeaderLength = 8;
    public const int Alignment = 8;
    public const uint Free = 0;
    public const uint Claimed = 1;
    public const uint Ready = 2;
    public const uint Padding = 3;

    private const int StateShift = 28;
    private const uint LengthMask = (1u << StateShift) - 1;

    public static ulong Of(uint state, int length, uint above = 0) => (ulong)above << 32 | state << StateShift | (uint)length;

    public static ulong FreeIn(uint round) => (ulong)round << 32;

    public static uint State(ulong header) => (uint)header >> StateShift;

    public static int LengthOf(ulong header) => (int)((uint)header & LengthMask);

    public static uint Above(ulong header) => (uint)(header >> 32);

    /// <summary>Bytes that a message takes in the ring.</summary>
    public static int Span(int length) => HeaderLength + length + Alignment - 1 & ~(Alignment - 1);
}
