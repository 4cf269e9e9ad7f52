using System.Buffers.Binary;
using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Mapwire.Memory.Native;

namespace Mapwire.Memory.Formats;

/// <summary>The bytes that a type is made of, determined once, and why a type cannot be stored.</summary>
/// <remarks>Bytes in a file or in shared memory are read by other programs than the one that wrote them. So a type must mean the same in
/// every run: numbers, <c>bool</c>, <c>char</c>, enumerations, some types of the framework, and structures of these whose fields the
/// source generator has registered (<see cref="FieldRegistry"/>). A pointer or native integer means something at one address or on one
/// system only, and what is laid out automatically may differ from one runtime to the next.</remarks>
internal sealed partial class TypeLayout
{
    private const int MaxLeaves = 1 << 16;

    private static readonly Dictionary<Type, int> Leaves = new()
    {
        [typeof(byte)] = 1,
        [typeof(sbyte)] = 1,
        [typeof(bool)] = 1,
        [typeof(short)] = 2,
        [typeof(ushort)] = 2,
        [typeof(char)] = 2,
        [typeof(Half)] = 2,
        [typeof(int)] = 4,
        [typeof(uint)] = 4,
        [typeof(float)] = 4,
        [typeof(long)] = 8,
        [typeof(ulong)] = 8,
        [typeof(double)] = 8,
        [typeof(Int128)] = 16,
        [typeof(UInt128)] = 16,
        [typeof(DateTime)] = 8,
    };

    /// <summary>Types of the framework, field by field.</summary>
    private static readonly Dictionary<Type, StoredField[]> Framework = new()
    {
        [typeof(Guid)] = [Field<int>(0), Field<short>(4, 2), Field<byte>(8, 8)],
        [typeof(decimal)] = [Field<int>(0), Field<uint>(4), Field<ulong>(8)],
        [typeof(TimeSpan)] = [Field<long>(0)],
        [typeof(DateOnly)] = [Field<uint>(0)],
        [typeof(TimeOnly)] = [Field<ulong>(0)],
        [typeof(DateTimeOffset)] = [Field<int>(0), Field<DateTime>(8)],
        [typeof(Rune)] = [Field<uint>(0)],
        [typeof(Complex)] = [Field<double>(0, 2)],
        [typeof(Vector2)] = [Field<float>(0, 2)],
        [typeof(Vector3)] = [Field<float>(0, 3)],
        [typeof(Vector4)] = [Field<float>(0, 4)],
        [typeof(Quaternion)] = [Field<float>(0, 4)],
    };

    private readonly List<(int At, int Size, Type Leaf)> _leaves = [];
    private readonly List<(ulong Place, Type Type)> _referents = []; // what its offsets lead to, and where they are of which kind

    private TypeLayout(Type type, int size)
    {
        Size = size;
        Refusal = Walk(type, 0);
        if (Refusal is not null)
        {
            return;
        }

        var covered = new bool[size];
        ulong hash = Mix(Fnv1A.Seed, size);
        foreach ((int at, int length, Type leaf) in _leaves)
        {
            if (at + length > size)
            {
                Refusal = $"it has {size} bytes, and its fields end at {at + length}: this runtime lays it out in another way";
                return;
            }

            covered.AsSpan(at, length).Fill(true);
            hash = Mix(Mix(Mix(hash, at), length), (int)Type.GetTypeCode(leaf));
        }

        HasPadding = covered.Contains(false);
        Fingerprint = hash == 0 ? 1 : hash;
        _leaves.Clear();
    }

    /// <summary>Bytes of a value.</summary>
    public int Size { get; }

    /// <summary>Tells one layout from another; names do not matter. Never 0.</summary>
    public ulong Fingerprint { get; }

    /// <summary>Whether some bytes belong to no field, so that equal values may differ in them.</summary>
    public bool HasPadding { get; }

    private string? Refusal { get; }

    /// <summary>The fingerprint of a type, or 0 for one that cannot be stored or whose fields are not known.</summary>
    public static ulong FingerprintOf<T>() where T : unmanaged => Known<T>.Layout is { Refusal: null } layout ? layout.Fingerprint : 0;

    /// <summary>The layout of a type.</summary>
    /// <exception cref="ArgumentException">The type cannot live in an arena; the message says why.</exception>
    public static TypeLayout Of<T>() where T : unmanaged
    {
        TypeLayout layout = Known<T>.Layout;
        return layout.Refusal is null ? layout : throw new ArgumentException($"{typeof(T)} cannot live in an arena: {layout.Refusal}.");
    }

    /// <summary>The layout of a type whose values are told apart by their bytes.</summary>
    /// <exception cref="ArgumentException">The type cannot live in an arena, or has bytes that belong to no field.</exception>
    public static TypeLayout OfKey<T>() where T : unmanaged
    {
        TypeLayout layout = Of<T>();
        return layout.HasPadding
            ? throw new ArgumentException($"{typeof(T)} cannot be a key: it has bytes that belong to no field, so equal keys could differ.")
            : layout;
    }

    private static StoredField Field<T>(int offset, int count = 1)
        where T : unmanaged => new(offset, typeof(T), RawMemory.SizeOf<T>(), count);

    private static ulong Mix(ulong hash, int value) => Fnv1A.Add(hash, (uint)value);

    private string? Walk(Type type, int offset)
    {
        if (type.IsEnum)
        {
            type = Enum.GetUnderlyingType(type);
        }

        if (type.GetCustomAttribute<StoredAsAttribute>() is StoredAsAttribute stored)
        {
            for (int i = 0; i < stored.Count; i++)
            {
                _leaves.Add((offset + (i * Leaves[stored.Type]), Leaves[stored.Type], stored.Type));
            }

            // Of Offset<T>, and of the header of a container. Their names are a part of what is stored in arenas.
            ulong kind = type.Name.Aggregate(Fnv1A.Seed, static (hash, letter) => Mix(hash, letter));
            _referents.AddRange(type.GetGenericArguments().Select(referent => (Mix(kind, offset), referent)));
            return null;
        }

        if (Leaves.TryGetValue(type, out int size))
        {
            _leaves.Add((offset, size, type));
            return _leaves.Count > MaxLeaves ? $"it has more than {MaxLeaves} fields"
                : type == typeof(DateTime) && !AreTimesAsExpected() ? "this runtime lays out times in another way"
                : null;
        }

        if (type == typeof(nint) || type == typeof(nuint) || type.IsPointer || type.IsFunctionPointer)
        {
            return "a pointer or native integer means something at one address or on one system only: use Offset<T> or a fixed size";
        }

        StoredField[]? fields = Framework.GetValueOrDefault(type) ?? FieldRegistry.Find(type)?.Fields;
        if (type.IsAutoLayout && type != typeof(DateTimeOffset))
        {
            return $"{type} has automatic layout, which may differ between runtimes: "
                + "declare StructLayout(LayoutKind.Sequential) or Explicit";
        }

        if (fields is null)
        {
            return $"the fields of {type} are not known: put [ArenaType] on it, and have the source generator of Mapwire.Memory run";
        }

        foreach (StoredField field in fields)
        {
            for (int i = 0; i < field.Count; i++)
            {
                if (Walk(field.Type, offset + field.Offset + (i * field.Size)) is string refusal)
                {
                    return refusal;
                }
            }
        }

        return null;
    }

    /// <summary>Times have automatic layout, so it is looked at: ticks with the kind in the upper two bits; with an offset, its
    /// minutes and then UTC ticks.</summary>
    private static bool AreTimesAsExpected()
    {
        DateTime time = new(0x0123_4567_89ab_cdef, DateTimeKind.Utc);
        DateTimeOffset there = new(time.Ticks, TimeSpan.FromMinutes(90));
        ReadOnlySpan<byte> one = MemoryMarshal.AsBytes(new ReadOnlySpan<DateTime>(in time));
        ReadOnlySpan<byte> two = MemoryMarshal.AsBytes(new ReadOnlySpan<DateTimeOffset>(in there));
        return one.Length == 8 && BinaryPrimitives.ReadUInt64LittleEndian(one) == ((ulong)time.Ticks | (1ul << 62))
            && two.Length == 16 && BinaryPrimitives.ReadInt32LittleEndian(two) == 90
            && BinaryPrimitives.ReadInt64LittleEndian(two[8..]) == there.UtcTicks;
    }

    private static class Known<T> where T : unmanaged
    {
        public static readonly TypeLayout Layout = new(typeof(T), RawMemory.SizeOf<T>());
    }
}
