using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;

namespace Mapwire.Memory.Analyzers;

/// <summary>A type with <c>[ArenaType]</c>: the structures that are registered for it, or why it cannot be one.</summary>
internal sealed class ArenaTypeModel
{
    public const string Attribute = "Mapwire.Memory.Arenas.ArenaTypeAttribute";

    private const string Category = "Mapwire.Arenas";

    private static readonly DiagnosticDescriptor NotNameable = new(
        "MWA001", "An arena type must be a non-generic struct that the whole assembly can name",
        "'{0}' cannot be an arena type: {1}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    private static readonly DiagnosticDescriptor NotStorable = new(
        "MWA002", "A field of an arena type must have a type whose bytes mean the same in every run",
        "'{0}' cannot be an arena type: its field '{1}' of type '{2}' {3}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    /// <summary>Types of the framework that Mapwire.Memory knows by itself.</summary>
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "System.Guid", "System.TimeSpan", "System.DateTimeOffset", "System.DateOnly", "System.TimeOnly", "System.Half", "System.Int128",
        "System.UInt128", "System.Text.Rune", "System.Numerics.Complex", "System.Numerics.Vector2", "System.Numerics.Vector3",
        "System.Numerics.Vector4", "System.Numerics.Quaternion",
    };

    private readonly INamedTypeSymbol _root;
    private readonly HashSet<ISymbol> _seen = new(SymbolEqualityComparer.Default);
    private readonly ImmutableArray<ArenaStructure>.Builder _structures = ImmutableArray.CreateBuilder<ArenaStructure>();
    private readonly ImmutableArray<Diagnostic>.Builder _diagnostics = ImmutableArray.CreateBuilder<Diagnostic>();

    private ArenaTypeModel(INamedTypeSymbol root) => _root = root;

    /// <summary>The type itself and structures in it that have no attribute of their own; none if one of them cannot be.</summary>
    public ImmutableArray<ArenaStructure> Structures =>
        _diagnostics.Count == 0 ? _structures.ToImmutable() : ImmutableArray<ArenaStructure>.Empty;

    /// <summary>Why it cannot be an arena type.</summary>
    public ImmutableArray<Diagnostic> Diagnostics => _diagnostics.ToImmutable();

    public static ArenaTypeModel Of(INamedTypeSymbol type)
    {
        ArenaTypeModel model = new(type);
        model.Add(type);
        return model;
    }

    private void Add(INamedTypeSymbol type)
    {
        if (!_seen.Add(type))
        {
            return;
        }

        if (WhyNotNameable(type) is string reason)
        {
            _diagnostics.Add(Diagnostic.Create(NotNameable, _root.Locations.FirstOrDefault(), type.ToDisplayString(), reason));
            return;
        }

        string name = NameOf(type);
        StringBuilder fields = new(), accessors = new();
        bool isUnsafe = false;
        int count = 0;
        foreach (IFieldSymbol field in type.GetMembers().OfType<IFieldSymbol>().Where(field => !field.IsStatic && !field.IsConst))
        {
            if (WhyNotStorable(field) is string why)
            {
                _diagnostics.Add(Diagnostic.Create(
                    NotStorable, field.Locations.FirstOrDefault(location => location.IsInSource) ?? _root.Locations.FirstOrDefault(),
                    type.ToDisplayString(), field.AssociatedSymbol?.Name ?? field.Name, field.Type.ToDisplayString(), why));
                continue;
            }

            fields.Append(",\n                ");
            if (field.IsFixedSizeBuffer)
            {
                isUnsafe = true;
                fields.Append($"global::Mapwire.Memory.Arenas.ArenaField.Measure(ref value, ref value.{field.Name}[0], {field.FixedSize})");
                continue;
            }

            fields.Append($"global::Mapwire.Memory.Arenas.ArenaField.Measure(ref value, ref Field#_{count}(ref value), {RepeatsOf(type)})");
            accessors.Append($$"""

                        [global::System.Runtime.CompilerServices.UnsafeAccessor(
                            global::System.Runtime.CompilerServices.UnsafeAccessorKind.Field, Name = "{{field.Name}}")]
                        private static extern ref {{NameOf(field.Type)}} Field#_{{count}}(ref {{name}} value);

                """);
            count++;
        }

        string list = fields.Length == 0 ? "" : fields.ToString(1, fields.Length - 1);
        string value = fields.Length == 0 ? "" : $"            {name} value = default;\n";
        _structures.Add(new ArenaStructure(name, $$"""

                    private static void Register#()
                    {
            {{value}}            global::Mapwire.Memory.Arenas.ArenaTypeAttribute.Register<{{name}}>([{{list}}]);
                    }
            {{accessors}}
            """, isUnsafe));
    }

    private static string? WhyNotNameable(INamedTypeSymbol type)
    {
        if (type.TypeKind != TypeKind.Struct || type.IsRefLikeType || !type.IsUnmanagedType)
        {
            return "it must be a struct without references";
        }

        for (INamedTypeSymbol? at = type; at is not null; at = at.ContainingType)
        {
            if (at.IsGenericType)
            {
                return "generic structs have no single layout";
            }

            if (!IsNameable(at))
            {
                return $"'{at.Name}' is private or of one file only: make it internal";
            }
        }

        return type.GetAttributes()
            .Any(attribute => attribute.AttributeClass?.ToDisplayString() == "System.Runtime.InteropServices.StructLayoutAttribute"
            && attribute.ConstructorArguments.Length == 1 && Convert.ToInt32(attribute.ConstructorArguments[0].Value, null) == 3)
            ? "LayoutKind.Auto may differ from one runtime to the next: use Sequential or Explicit"
            : null;
    }

    private string? WhyNotStorable(IFieldSymbol field)
    {
        if (field.IsFixedSizeBuffer)
        {
            return field.DeclaredAccessibility is Accessibility.Private or Accessibility.Protected
                ? "is a private fixed-size buffer: make it internal, or use an [InlineArray]"
                : null;
        }

        ITypeSymbol type = field.Type;
        if (type.TypeKind is TypeKind.Pointer or TypeKind.FunctionPointer
            || type.SpecialType is SpecialType.System_IntPtr or SpecialType.System_UIntPtr)
        {
            return "means something at one address or on one system only: use Offset<T> or a number of fixed size";
        }

        if (type.SpecialType is (>= SpecialType.System_Boolean and <= SpecialType.System_Double) or SpecialType.System_DateTime)
        {
            return null;
        }

        if (type is not INamedTypeSymbol named || type.TypeKind is not (TypeKind.Struct or TypeKind.Enum))
        {
            return "is not a structure";
        }

        if (!IsNameable(named))
        {
            return "is private or of one file only: make it internal";
        }

        if (type.TypeKind == TypeKind.Enum || Known.Contains(type.ToDisplayString()) || IsArenas(named) || HasAttribute(named))
        {
            return null;
        }

        if (!named.Locations.Any(location => location.IsInSource))
        {
            return "is declared in another assembly without [ArenaType], so its fields are not known";
        }

        Add(named);
        return null;
    }

    /// <summary>Offsets, strings and headers of containers, which the library knows.</summary>
    private static bool IsArenas(INamedTypeSymbol type) =>
        type.ContainingAssembly.Name == "Mapwire.Memory" && type.ContainingNamespace.ToDisplayString() == "Mapwire.Memory.Arenas";

    private static bool HasAttribute(INamedTypeSymbol type) =>
        type.GetAttributes().Any(attribute => attribute.AttributeClass?.ToDisplayString() == Attribute);

    private static bool IsNameable(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? at = type; at is not null; at = at.ContainingType)
        {
            if (at.DeclaredAccessibility is Accessibility.Private or Accessibility.Protected or Accessibility.ProtectedAndInternal
                || at.MetadataName.StartsWith("<", StringComparison.Ordinal)) // of one file: its name is mangled
            {
                return false;
            }
        }

        return type.TypeArguments.All(argument => argument is not INamedTypeSymbol named || IsNameable(named));
    }

    private static int RepeatsOf(INamedTypeSymbol type)
    {
        AttributeData? array = type.GetAttributes().FirstOrDefault(
            attribute => attribute.AttributeClass?.ToDisplayString() == "System.Runtime.CompilerServices.InlineArrayAttribute");
        return array is null ? 1 : Convert.ToInt32(array.ConstructorArguments[0].Value, null);
    }

    private static string NameOf(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
}
