using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mapwire.Memory.Arenas;

/// <summary>What bytes a type is made of, worked out once at start-up, and why a type cannot live in an arena.</summary>
/// <remarks>Bytes in an arena outlive the program that wrote them. So a type must be laid out the same in every build: numbers,
/// <c>bool</c>, <c>char</c>, enumerations, and structures of these in the order of their declaration or at explicit offsets.
/// An automatic layout may differ from one runtime to the next, and a pointer or native integer means something at one address or on
/// one system only.</remarks>
internal sealed class TypeLayout
{
    private const int MostLeaves = 1 << 16;

    private static readonly Dictionary<Type, int> Leaves = new()
    {
        [typeof(byte)] = 1, [typeof(sbyte)] = 1, [typeof(bool)] = 1, [typeof(short)] = 2, [typeof(ushort)] = 2, [typeof(char)] = 2,
        [typeof(Half)] = 2, [typeof(int)] = 4, [typeof(uint)] = 4, [typeof(float)] = 4, [typeof(long)] = 8, [typeof(ulong)] = 8,
        [typeof(double)] = 8, [typeof(Int128)] = 16, [typeof(UInt128)] = 16,
    };

    private readonly List<(int At, int Size, Type Leaf)> _leaves = [];

    private TypeLayout(Type type, int size)
    {
        Size = size;
        Refusal = Walk(type, 0, out int measured, out _);
        if (Refusal is null && measured != size)
        {
            Refusal = $"it has {size} bytes, and its fields as far as they can be seen explain {measured} (a trimmed program must keep them)";
        }

        if (Refusal is not null)
        {
            return;
        }

        var covered = new bool[size];
        ulong hash = 14695981039346656037; // FNV-1a
        hash = Mix(hash, size);
        foreach ((int at, int length, Type leaf) in _leaves)
        {
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

    private static ulong Mix(ulong hash, int value) => (hash ^ (uint)value) * 1099511628211;

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Fields that are not seen make a type refused, never accepted.")]
    private string? Walk(Type type, int offset, out int size, out int alignment)
    {
        if (type.IsEnum)
        {
            type = Enum.GetUnderlyingType(type);
        }

        if (Leaves.TryGetValue(type, out size))
        {
            alignment = size;
            if (_leaves.Count == MostLeaves)
            {
                return $"it has more than {MostLeaves} fields";
            }

            _leaves.Add((offset, size, type));
            return null;
        }

        size = alignment = 1;
        if (type == typeof(nint) || type == typeof(nuint) || type.IsPointer || type.IsFunctionPointer)
        {
            return "a pointer or native integer means something at one address or on one system only: use Offset<T> or a fixed size";
        }

        if (type.IsAutoLayout)
        {
            return $"the runtime lays out {type} as it likes: declare StructLayout(LayoutKind.Sequential) or Explicit";
        }

        FieldInfo[] fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        StructLayoutAttribute declared = type.StructLayoutAttribute!;
        return fields.Length == 1 && Repeats(type, fields[0], declared) is int times and > 1
            ? WalkArray(fields[0].FieldType, times, offset, out size, out alignment)
            : WalkFields(fields, declared, offset, ref size, ref alignment);
    }

    private string? WalkFields(FieldInfo[] fields, StructLayoutAttribute declared, int offset, ref int size, ref int alignment)
    {
        int pack = declared.Pack is 0 or 8 ? 16 : declared.Pack; // 8 is what reflection says for "not given"
        int end = 0;
        foreach (FieldInfo field in fields)
        {
            int before = _leaves.Count, explicitAt = field.GetCustomAttribute<FieldOffsetAttribute>()?.Value ?? -1;
            if (Walk(field.FieldType, 0, out int length, out int aligned) is string refusal)
            {
                return refusal;
            }

            aligned = Math.Min(aligned, pack);
            int at = explicitAt >= 0 ? explicitAt : (end + aligned - 1) / aligned * aligned;
            for (int i = before; i < _leaves.Count; i++)
            {
                _leaves[i] = _leaves[i] with { At = _leaves[i].At + at + offset };
            }

            end = Math.Max(end, at + length);
            alignment = Math.Max(alignment, aligned);
        }

        size = Math.Max(Math.Max(1, (end + alignment - 1) / alignment * alignment), declared.Size);
        return null;
    }

    private string? WalkArray(Type element, int times, int offset, out int size, out int alignment)
    {
        string? refusal = Walk(element, offset, out int length, out alignment);
        for (int i = 1; i < times && refusal is null; i++)
        {
            refusal = Walk(element, offset + i * length, out _, out _);
        }

        size = times * length;
        return refusal;
    }

    /// <summary>How many of its one field an inline array or the type behind a fixed-size buffer has; else 1.</summary>
    private static int Repeats(Type type, FieldInfo field, StructLayoutAttribute declared)
    {
        if (type.GetCustomAttribute<InlineArrayAttribute>() is InlineArrayAttribute array)
        {
            return array.Length;
        }

        return field.Name == "FixedElementField" && Leaves.TryGetValue(field.FieldType, out int size) ? declared.Size / size : 1;
    }

    private static class Known<T> where T : unmanaged
    {
        public static readonly TypeLayout Layout = new(typeof(T), Native.Arenas.ArenaMemory.SizeOf<T>());
    }
}
