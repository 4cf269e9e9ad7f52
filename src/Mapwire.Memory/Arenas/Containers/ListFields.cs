namespace Mapwire.Memory.Arenas;

/// <summary>The header of a <see cref="MappedList{T}"/>: bytes from its beginning, each field 8 bytes.</summary>
internal static class ListFields
{
    public const int Layout = 0;
    public const int ElementSize = 8;
    public const int Items = 16;
    public const int Capacity = 24;

    /// <summary>Items (lower half) and changes (upper half): one store changes both.</summary>
    public const int Count = 32;

    public const int Bytes = 40;
}
