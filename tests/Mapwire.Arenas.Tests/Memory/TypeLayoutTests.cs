using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Xunit;

namespace Mapwire.Arenas.Tests.Memory;

public sealed class TypeLayoutTests
{
    [Fact]
    public void Types_that_mean_the_same_in_every_run_are_taken()
    {
        using MemoryArena memory = new();
        memory.Arena.Free(memory.Arena.Allocate<byte>());
        memory.Arena.Free(memory.Arena.Allocate<decimal>());
        memory.Arena.Free(memory.Arena.Allocate<Guid>());
        memory.Arena.Free(memory.Arena.Allocate<Int128>());
        memory.Arena.Free(memory.Arena.Allocate<DayOfWeek>());
        memory.Arena.Free(memory.Arena.Allocate<Nested>());
        memory.Arena.Free(memory.Arena.Allocate<Packed>());
        memory.Arena.Free(memory.Arena.Allocate<Union>());
        memory.Arena.Free(memory.Arena.Allocate<Row>());
        memory.Arena.Free(memory.Arena.Allocate<Offset<Nested>>());
        memory.Arena.Free(memory.Arena.Allocate<MappedString>());
        memory.Arena.Free(memory.Arena.Allocate<TimeSpan>());
        Assert.Equal(0, memory.Arena.UsedBlocks);
    }

    [Fact]
    public void Types_that_do_not_are_refused_with_the_reason()
    {
        using MemoryArena memory = new();
        Refused<nint>(memory, "native integer");
        Refused<WithPointer>(memory, "native integer");
        Refused<DateTime>(memory, "as it likes");
        Refused<Auto>(memory, "as it likes");
        Refused<WithAuto>(memory, "as it likes");
        Assert.Contains("as it likes", Assert.Throws<ArgumentException>(() => new MappedList<Auto>(memory.Arena)).Message);
        Assert.Contains("native integer", Assert.Throws<ArgumentException>(() => new MappedDictionary<int, nint>(memory.Arena)).Message);
        Assert.Equal(0, memory.Arena.UsedBlocks);
    }

    [Fact]
    public void Layouts_are_told_apart_by_what_is_where()
    {
        ulong[] prints =
        [
            TypeLayout.Of<long>().Fingerprint, TypeLayout.Of<ulong>().Fingerprint, TypeLayout.Of<double>().Fingerprint,
            TypeLayout.Of<int>().Fingerprint, TypeLayout.Of<Nested>().Fingerprint, TypeLayout.Of<Packed>().Fingerprint,
            TypeLayout.Of<Union>().Fingerprint, TypeLayout.Of<Row>().Fingerprint, TypeLayout.Of<Guid>().Fingerprint,
        ];
        Assert.Distinct(prints);
        Assert.Equal(TypeLayout.Of<long>().Fingerprint, TypeLayout.Of<Only>().Fingerprint); // the same bytes by another name
    }

    [Fact]
    public void Padding_is_seen()
    {
        Assert.True(TypeLayout.Of<Nested>().HasPadding);
        Assert.False(TypeLayout.Of<Packed>().HasPadding);
        Assert.False(TypeLayout.Of<Row>().HasPadding);
        Assert.False(TypeLayout.Of<Guid>().HasPadding);
        Assert.True(TypeLayout.Of<Gap>().HasPadding);
        Assert.False(TypeLayout.Of<Union>().HasPadding);
    }

    private static void Refused<T>(MemoryArena memory, string reason) where T : unmanaged =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => memory.Arena.Allocate<T>()).Message);

    private record struct Nested(byte One, Only Two, Packed Three);

    private record struct Only(long Value);

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private record struct Packed(byte One, long Two);

    [StructLayout(LayoutKind.Explicit)]
    private struct Union
    {
        [FieldOffset(0)]
        public long Whole;
        [FieldOffset(4)]
        public int Upper;
    }

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    private struct Gap
    {
        [FieldOffset(0)]
        public int One;
        [FieldOffset(12)]
        public int Two;
    }

    [InlineArray(5)]
    private struct Row
    {
        public int First;
    }

    [StructLayout(LayoutKind.Auto)]
    private record struct Auto(byte One, long Two);

    private record struct WithAuto(Auto Inner);

    private record struct WithPointer(int One, nint Two);
}
