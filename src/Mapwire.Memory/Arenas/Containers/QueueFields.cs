namespace Mapwire.Memory.Arenas;

/// <summary>The header of a <see cref="MappedQueue{T}"/>: bytes from its beginning, each field 8 bytes.</summary>
internal static class QueueFields
{
    public const int Layout = 0;
    public const int ElementSize = 8;
    public const int Items = 16;

    /// <summary>A power of two, or 0.</summary>
    public const int Capacity = 24;

    /// <summary>Items taken out since it was made. Item n is at n modulo the capacity.</summary>
    public const int Head = 32;

    /// <summary>Items put in since it was made.</summary>
    public const int Tail = 40;

    public const int Bytes = 56;
}
