using Microsoft.CodeAnalysis;

namespace Mapwire.Memory.Analyzers;

/// <summary>How the runtime lays a type out that is stored or shared, on systems of 64 bits: computed, where the source says
/// enough.</summary>
internal sealed class StoredLayout
{
    private const long MostMapped = 1 << 20; // bytes of a type of which is known which belong to fields

    /// <summary>Types of the framework that are known without their fields: size, alignment, and which bytes belong to
    /// fields.</summary>
    private static readonly Dictionary<string, StoredLayout> Framework = new(StringComparer.Ordinal)
    {
        ["System.Half"] = new(2, 2),
        ["System.DateOnly"] = new(4, 4),
        ["System.Text.Rune"] = new(4, 4),
        ["System.TimeSpan"] = new(8, 8),
        ["System.DateTime"] = new(8, 8),
        ["System.TimeOnly"] = new(8, 8),
        ["System.Guid"] = new(16, 4),
        ["decimal"] = new(16, 8),
        ["System.Int128"] = new(16, 16),
        ["System.UInt128"] = new(16, 16),
        ["System.DateTimeOffset"] = new(16, 8, at => at is < 4 or >= 8),
        ["System.Numerics.Complex"] = new(16, 8),
        ["System.Numerics.Vector2"] = new(8, 4),
        ["System.Numerics.Vector3"] = new(12, 4),
        ["System.Numerics.Vector4"] = new(16, 4),
        ["System.Numerics.Quaternion"] = new(16, 4),
        ["Mapwire.Memory.Arenas.MappedString"] = new(8, 8),
        ["Mapwire.Memory.Arenas.TextKey"] = new(8, 4),
    };

    private readonly bool[]? _covered;

    private StoredLayout(long size, int alignment, Func<int, bool>? isCovered = null)
        : this(size, alignment, [.. Enumerable.Range(0, (int)size).Select(isCovered ?? (static _ => true))]) { }

    private StoredLayout(long size, int alignment, bool[]? covered)
    {
        Size = size;
        Alignment = alignment;
        _covered = covered;
    }

    /// <summary>The part of a dictionary's entry that says its hash.</summary>
    public static StoredLayout OfHash { get; } = new(4, 4);

    /// <summary>The part of a string dictionary's entry that says where its key is.</summary>
    public static StoredLayout OfTextKey { get; } = new(8, 4);

    /// <summary>Bytes of a value.</summary>
    public long Size { get; }

    /// <summary>What its offset is a multiple of.</summary>
    public int Alignment { get; }

    /// <summary>Bytes that belong to no field; null if the type is too large to say.</summary>
    public int? Gaps => _covered?.Count(covered => !covered);

    /// <summary>The layout of a type, or null where it cannot be computed: of a type parameter, of a structure of another
    /// assembly.</summary>
    public static StoredLayout? Of(ITypeSymbol type) => Of(type, 0);

    /// <summary>The size of structures of these fields in this order.</summary>
    public static long SizeOf(params StoredLayout[] fields)
    {
        Sum sum = new(0);
        foreach (StoredLayout field in fields)
        {
            sum.Add(field, null);
        }

        return sum.Finish(0).Size;
    }

    private static StoredLayout? Of(ITypeSymbol type, int depth)
    {
        if (type is INamedTypeSymbol { TypeKind: TypeKind.Enum, EnumUnderlyingType: ITypeSymbol underlying })
        {
            type = underlying;
        }

        if (SizeOfPrimitive(type) is int size)
        {
            return new StoredLayout(size, size);
        }

        if (Framework.TryGetValue(type.ToDisplayString(), out StoredLayout? known))
        {
            return known;
        }

        if (type is INamedTypeSymbol { Name: "Offset" } && KnownTypes.IsOurs(type))
        {
            return new StoredLayout(8, 8);
        }

        // How a structure of metadata is laid out, symbols do not tell.
        return depth < 64 && type is INamedTypeSymbol { TypeKind: TypeKind.Struct } structure
            && structure.Locations.Any(location => location.IsInSource) && !SharedTypes.HasAutomaticLayout(structure)
            ? OfStructure(structure, depth)
            : null;
    }

    private static StoredLayout? OfStructure(INamedTypeSymbol type, int depth)
    {
        AttributeData? stated = SharedTypes.GetLayoutAttribute(type);
        bool isExplicit = SharedTypes.GetLayout(type) == 2; // LayoutKind.Explicit
        Sum sum = new(NumberOf(stated, "Pack"));
        foreach (IFieldSymbol field in type.GetMembers().OfType<IFieldSymbol>().Where(field => !field.IsStatic && !field.IsConst))
        {
            ITypeSymbol of = field.IsFixedSizeBuffer && field.Type is IPointerTypeSymbol pointer ? pointer.PointedAtType : field.Type;
            long? at = isExplicit ? OffsetOf(field) : null;
            if (Of(of, depth + 1) is not StoredLayout layout || (isExplicit && at is null))
            {
                return null;
            }

            sum.Add(field.IsFixedSizeBuffer ? layout.Times(field.FixedSize) : layout, at);
        }

        StoredLayout one = sum.Finish(NumberOf(stated, "Size"));
        int repeats = SharedTypes.RepeatsOf(type);
        return repeats == 1 ? one : one.Times(repeats);
    }

    private static int? SizeOfPrimitive(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Boolean or SpecialType.System_Byte or SpecialType.System_SByte => 1,
        SpecialType.System_Char or SpecialType.System_Int16 or SpecialType.System_UInt16 => 2,
        SpecialType.System_Int32 or SpecialType.System_UInt32 or SpecialType.System_Single => 4,
        SpecialType.System_Int64 or SpecialType.System_UInt64 or SpecialType.System_Double => 8,
        SpecialType.System_IntPtr or SpecialType.System_UIntPtr => 8,
        _ => type.TypeKind is TypeKind.Pointer or TypeKind.FunctionPointer ? 8 : null,
    };

    private static int NumberOf(AttributeData? attribute, string name) =>
        attribute?.NamedArguments.FirstOrDefault(argument => argument.Key == name).Value.Value is int number ? number : 0;

    private static int? OffsetOf(IFieldSymbol field) => field.GetAttributes()
        .FirstOrDefault(attribute => attribute.AttributeClass?.Name == "FieldOffsetAttribute")?.ConstructorArguments[0].Value as int?;

    private StoredLayout Times(int count)
    {
        long size = Size * count;
        return new StoredLayout(size, Alignment,
            size > MostMapped || _covered is null ? null : Enumerable.Range(0, count).SelectMany(_ => _covered).ToArray());
    }

    /// <summary>Fields put into a structure, one by one.</summary>
    private sealed class Sum(int pack)
    {
        private readonly List<(long At, StoredLayout Field)> _fields = [];
        private long _end;
        private int _alignment = 1;

        /// <summary>Adds a field, behind those that are there or at an offset of its own.</summary>
        public void Add(StoredLayout field, long? at)
        {
            int alignment = pack == 0 ? field.Alignment : Math.Min(pack, field.Alignment);
            long place = at ?? RoundUp(_end, alignment);
            _fields.Add((place, field));
            _end = Math.Max(_end, place + field.Size);
            _alignment = Math.Max(_alignment, alignment);
        }

        /// <summary>The structure, of a stated size at least; 0 if none is stated.</summary>
        public StoredLayout Finish(int stated)
        {
            long size = stated >= _end && stated > 0 ? stated : Math.Max(1, RoundUp(_end, _alignment));
            if (size > MostMapped || _fields.Any(one => one.Field._covered is null))
            {
                return new StoredLayout(size, _alignment, (bool[]?)null);
            }

            bool[] covered = new bool[size];
            foreach ((long at, StoredLayout field) in _fields)
            {
                for (int i = 0; i < field.Size; i++)
                {
                    covered[at + i] |= field._covered![i];
                }
            }

            return new StoredLayout(size, _alignment, covered);
        }

        private static long RoundUp(long value, int multiple) => (value + multiple - 1) / multiple * multiple;
    }
}
