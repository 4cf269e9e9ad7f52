namespace Mapwire.Memory.Sharing;

/// <summary>The 8 bytes before a message in a ring: its state, and by state its length, its producer or a mark.</summary>
/// <remarks>
/// <code>
/// bits 60-63   bits 0-59
/// 0 free       mark of the round that the word is free for
/// 2 ready      length of the message (28 bits)
/// 3 padding    length without the header (28 bits)
/// 8-15 claimed generation (33-62) and slot (24-32) of the producer, length of the record in units of 8 bytes less one (0-23)
/// </code>
/// A producer that was stopped between looking at the tail and claiming it may find a later round's payload there. It claims only a
/// word that is marked free for its round, and the mark is 60 bits of a secret of the ring: payload is not equal to it by chance.
/// </remarks>
internal static class RingRecord
{
    public const int HeaderLength = 8;
    public const int Alignment = 8;
    public const uint Free = 0;
    public const uint Ready = 2;
    public const uint Padding = 3;

    private const int StateShift = 60;
    private const ulong ClaimedBit = 1ul << 63;
    private const ulong MarkMask = (1ul << StateShift) - 1;
    private const int LengthMask = (1 << 28) - 1;
    private const int UnitsMask = (1 << 24) - 1;
    private const int SlotShift = 24;
    private const int SlotMask = (1 << 9) - 1;
    private const int GenerationShift = 33;

    public static ulong Pack(uint state, int length) => (ulong)state << StateShift | (uint)length;

    public static ulong PackClaim(int length, ulong token) =>
        ClaimedBit | (ulong)ProcessSlots.GenerationOf(token) << GenerationShift | (ulong)(uint)ProcessSlots.SlotOf(token) << SlotShift
            | (uint)(SpanOf(length) / Alignment - 1);

    /// <summary>The mark of a word that is free for a round (splitmix64 of the ring's secret and the round).</summary>
    public static ulong PackFree(ulong secret, ulong round)
    {
        ulong mixed = secret + (round + 1) * 0x9e37_79b9_7f4a_7c15;
        mixed = (mixed ^ mixed >> 30) * 0xbf58_476d_1ce4_e5b9;
        mixed = (mixed ^ mixed >> 27) * 0x94d0_49bb_1331_11eb;
        return (mixed ^ mixed >> 31) & MarkMask;
    }

    public static uint StateOf(ulong header) => (uint)(header >> StateShift);

    public static bool IsClaimed(ulong header) => (header & ClaimedBit) != 0;

    /// <summary>The length of a message or of padding.</summary>
    public static int MessageLengthOf(ulong header) => (int)header & LengthMask;

    /// <summary>Of a message or padding; of a claim a length with the same span.</summary>
    public static int LengthOf(ulong header) =>
        IsClaimed(header) ? ((int)header & UnitsMask) * Alignment + Alignment - HeaderLength : MessageLengthOf(header);

    /// <summary>The producer of a claim.</summary>
    public static ulong TokenOf(ulong header) =>
        ProcessSlots.PackToken((int)(header >> SlotShift) & SlotMask, (uint)(header >> GenerationShift) & ProcessSlots.GenerationMask);

    /// <summary>Bytes that a message takes in the ring.</summary>
    public static int SpanOf(int length) => HeaderLength + length + Alignment - 1 & ~(Alignment - 1);
}
