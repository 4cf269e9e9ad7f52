using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mapwire.Arenas.Tests.Support;
using Mapwire.Memory.Arenas;
using Mapwire.Memory.Formats;
using Xunit;

namespace Mapwire.Arenas.Tests.Memory;

public sealed class TypeLayoutTests
{
    [Fact]
    public void Types_that_mean_the_same_in_every_run_are_taken()
    {
        using MemoryArena memory = new();
        Taken<byte>(memory);
        Taken<decimal>(memory);
        Taken<Guid>(memory);
        Taken<Half>(memory);
        Taken<Int128>(memory);
        Taken<UInt128>(memory);
        Taken<TimeSpan>(memory);
        Taken<DateTime>(memory);
        Taken<DateTimeOffset>(memory);
        Taken<DateOnly>(memory);
        Taken<TimeOnly>(memory);
        Taken<Complex>(memory);
        Taken<DayOfWeek>(memory);
        Taken<Nested>(memory);
        Taken<Packed>(memory);
        Taken<Union>(memory);
        Taken<Row>(memory);
        Taken<Buffered>(memory);
        Taken<Everything>(memory);
        Taken<Empty>(memory);
        Taken<Offset<Nested>>(memory);
        Taken<Offset<ListHeader<Nested>>>(memory);
        Taken<MappedString>(memory);
        Assert.Equal(0, memory.Arena.UsedBlocks);
    }

    [Fact]
    public void Times_and_numbers_of_the_framework_come_back_as_they_were_stored()
    {
        using MemoryArena memory = new();
        Everything stored = new(
            Guid.NewGuid(), TimeSpan.FromTicks(-5), new DateTime(2026, 11, 28, 12, 0, 0, DateTimeKind.Utc),
            new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.FromMinutes(-210)), -1.25m, (Half)0.5, Int128.MinValue + 1, 7);
        MappedList<Everything> list = new(memory.Arena) { stored };
        Assert.Equal(stored, new MappedList<Everything>(memory.Arena, list.Offset)[0]);
        MappedDictionary<Guid, DateTimeOffset> dictionary = new(memory.Arena);
        dictionary[stored.Id] = stored.There;
        Assert.Equal(stored.There, dictionary[stored.Id]);
    }

    [Fact]
    public void Types_that_do_not_are_refused_with_the_reason()
    {
        using MemoryArena memory = new();
        Refused<nint>(memory, "native integer");
        Refused<(int, long)>(memory, "automatic layout");
        Refused<Auto>(memory, "automatic layout");
        Refused<Unmarked>(memory, "[ArenaType]");
        Assert.Contains("automatic layout", Assert.Throws<ArgumentException>(() => new MappedList<Auto>(memory.Arena)).Message);
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
            TypeLayout.Of<DateTime>().Fingerprint, TypeLayout.Of<DateTimeOffset>().Fingerprint,
        ];
        Assert.Distinct(prints);
        Assert.Equal(TypeLayout.Of<long>().Fingerprint, TypeLayout.Of<Only>().Fingerprint); // the same bytes by another name
    }

    /// <summary>What stands in files of before: fingerprints that were worked out by reflection.</summary>
    [Fact]
    public void Fingerprints_are_those_of_version_1()
    {
        Assert.Equal(Reflected(typeof(Guid), 16), TypeLayout.Of<Guid>().Fingerprint);
        Assert.Equal(Reflected(typeof(decimal), 16), TypeLayout.Of<decimal>().Fingerprint);
        Assert.Equal(Reflected(typeof(TimeSpan), 8), TypeLayout.Of<TimeSpan>().Fingerprint);
        Assert.Equal(Reflected(typeof(DateOnly), 4), TypeLayout.Of<DateOnly>().Fingerprint);
        Assert.Equal(Reflected(typeof(TimeOnly), 8), TypeLayout.Of<TimeOnly>().Fingerprint);
        Assert.Equal(Reflected(typeof(System.Text.Rune), 4), TypeLayout.Of<System.Text.Rune>().Fingerprint);
        Assert.Equal(Reflected(typeof(Complex), 16), TypeLayout.Of<Complex>().Fingerprint);
        Assert.Equal(Reflected(typeof(Vector2), 8), TypeLayout.Of<Vector2>().Fingerprint);
        Assert.Equal(Reflected(typeof(Vector3), 12), TypeLayout.Of<Vector3>().Fingerprint);
        Assert.Equal(Reflected(typeof(Vector4), 16), TypeLayout.Of<Vector4>().Fingerprint);
        Assert.Equal(Reflected(typeof(Quaternion), 16), TypeLayout.Of<Quaternion>().Fingerprint);
        Assert.Equal(Reflected(typeof(MappedString), 8), TypeLayout.Of<MappedString>().Fingerprint);
        Assert.Equal(Reflected(typeof(TextKey), 8), TypeLayout.Of<TextKey>().Fingerprint);
        Assert.Equal(Reflected(typeof(Nested), MemoryMarshal.AsBytes<Nested>(new Nested[1]).Length), TypeLayout.Of<Nested>().Fingerprint);
        Assert.Equal(Reflected(typeof(Packed), 9), TypeLayout.Of<Packed>().Fingerprint);
        Assert.Equal(Reflected(typeof(Only), 8), TypeLayout.Of<Only>().Fingerprint);
        Assert.Equal(Reflected(typeof(Empty), 1), TypeLayout.Of<ListHeader<long>>().Fingerprint); // a root that is a list
    }

    [Fact]
    public void Padding_is_seen()
    {
        Assert.True(TypeLayout.Of<Nested>().HasPadding);
        Assert.False(TypeLayout.Of<Packed>().HasPadding);
        Assert.False(TypeLayout.Of<Row>().HasPadding);
        Assert.False(TypeLayout.Of<Buffered>().HasPadding);
        Assert.False(TypeLayout.Of<Guid>().HasPadding);
        Assert.True(TypeLayout.Of<Gap>().HasPadding);
        Assert.True(TypeLayout.Of<DateTimeOffset>().HasPadding);
        Assert.False(TypeLayout.Of<Union>().HasPadding);
    }

    private static void Taken<T>(MemoryArena memory) where T : unmanaged => memory.Arena.Free(memory.Arena.Allocate<T>());

    private static void Refused<T>(MemoryArena memory, string reason) where T : unmanaged =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => memory.Arena.Allocate<T>()).Message);

    private static ulong Reflected(Type type, int size)
    {
        List<(int At, Type Leaf)> leaves = [];
        Walk(type, 0);
        ulong hash = (14695981039346656037 ^ (uint)size) * 1099511628211;
        foreach ((int at, Type leaf) in leaves)
        {
            foreach (int part in (int[])[at, SizeOf(leaf), (int)Type.GetTypeCode(leaf)])
            {
                hash = (hash ^ (uint)part) * 1099511628211;
            }
        }

        return hash;

        (int Size, int Alignment) Walk(Type at, int offset)
        {
            if (at.IsPrimitive)
            {
                leaves.Add((offset, at));
                return (SizeOf(at), SizeOf(at));
            }

            int end = 0, alignment = 1, pack = at.StructLayoutAttribute!.Pack is 0 or 8 ? 16 : at.StructLayoutAttribute.Pack;
            foreach (FieldInfo field in at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            {
                int before = leaves.Count;
                (int length, int aligned) = Walk(field.FieldType, 0);
                aligned = Math.Min(aligned, pack);
                int place = (end + aligned - 1) / aligned * aligned;
                for (int i = before; i < leaves.Count; i++)
                {
                    leaves[i] = (leaves[i].At + place + offset, leaves[i].Leaf);
                }

                (end, alignment) = (place + length, Math.Max(alignment, aligned));
            }

            return (Math.Max(1, (end + alignment - 1) / alignment * alignment), alignment);
        }

        static int SizeOf(Type leaf) => leaf == typeof(bool) ? 1 : leaf == typeof(char) ? 2 : Marshal.SizeOf(leaf);
    }

    [ArenaType]
    internal record struct Nested(byte One, Only Two, Packed Three);

    [ArenaType]
    internal record struct Only(long Value);

    [ArenaType]
    internal struct Empty;

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal record struct Packed(byte One, long Two); // registered with what it is in

    [ArenaType]
    [StructLayout(LayoutKind.Explicit)]
    internal struct Union
    {
        [FieldOffset(0)]
        public long Whole;
        [FieldOffset(4)]
        public int Upper;
    }

    [ArenaType]
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    internal struct Gap
    {
        [FieldOffset(0)]
        public int One;
        [FieldOffset(12)]
        public int Two;
    }

    [ArenaType]
    [InlineArray(5)]
    internal struct Row
    {
        public int First;
    }

    [ArenaType]
    internal record struct Buffered(Row One, Row Two);

    [ArenaType]
    internal record struct Everything(
        Guid Id, TimeSpan Span, DateTime When, DateTimeOffset There, decimal Amount, Half Half, Int128 Large, byte Last);

    internal record struct Unmarked(int One);

    [StructLayout(LayoutKind.Auto)]
    internal record struct Auto(byte One, long Two);
}
