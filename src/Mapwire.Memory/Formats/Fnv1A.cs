namespace Mapwire.Memory.Formats;

/// <summary>FNV-1a of 64 bits: names a layout by a number. It keeps apart what differs by mistake, not what is forged.</summary>
internal static class Fnv1A
{
    public const ulong Seed = 0xcbf2_9ce4_8422_2325;

    public static ulong Add(ulong hash, uint value) => (hash ^ value) * 0x100_0000_01b3;

    public static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (byte one in bytes)
        {
            hash = Add(hash, one);
        }

        return hash;
    }
}
