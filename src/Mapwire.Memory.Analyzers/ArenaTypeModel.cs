using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;

namespace Mapwire.Memory.Analyzers;

/// <summary>A type with <c>[ArenaType]</c>, or one that a shared cell or value is of: the structures that are registered for it, or why
/// none can be.</summary>
internal sealed class ArenaTypeModel
{
    private const string Category = "Mapwire.Arenas";

    private static readonly DiagnosticDescriptor NotNameable = new(
        "MWA001", "An arena type must be a non-generic struct that the whole assembly can name",
        "'{0}' cannot be an arena type: {1}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    private static readonly DiagnosticDescriptor NotStorable = new(
        "MWA002", "A field of an arena type must have a type whose bytes mean the same in every run",
        "'{0}' cannot be an arena type: its field '{1}' of type '{2}' {3}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

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

    /// <summary>Why it cannot be an arena type, for a sentence that has named the type; null if it can.</summary>
    public string? Refusal { get; private set; }

    public static ArenaTypeModel Create(INamedTypeSymbol type)
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

        if (GetNameRefusal(type) is string reason)
        {
            Refusal ??= type.Equals(_root, SymbolEqualityComparer.Default)
                ? reason : $"its part '{type.ToDisplayString()}' cannot be stored: {reason}";
            _diagnostics.Add(Diagnostic.Create(NotNameable, _root.Locations.FirstOrDefault(), type.ToDisplayString(), reason));
            return;
        }

        string fullName = NameOf(type);
        StringBuilder fields = new(), accessors = new();
        bool isUnsafe = false;
        int count = 0;
        foreach (IFieldSymbol field in type.GetMembers().OfType<IFieldSymbol>().Where(field => !field.IsStatic && !field.IsConst))
        {
            if (GetFieldRefusal(field) is string why)
            {
                string name = field.AssociatedSymbol?.Name ?? field.Name;
                Refusal ??= $"its field '{name}' of type '{field.Type.ToDisplayString()}' {why}";
                _diagnostics.Add(Diagnostic.Create(
                    NotStorable, field.Locations.FirstOrDefault(location => location.IsInSource) ?? _root.Locations.FirstOrDefault(),
                    type.ToDisplayString(), name, field.Type.ToDisplayString(), why));
                continue;
            }

            fields.Append(",\n                ");
            if (field.IsFixedSizeBuffer)
            {
                isUnsafe = true;
                fields.Append($"global::Mapwire.Memory.Arenas.ArenaField.Measure(ref value, ref value.{field.Name}[0], {field.FixedSize})");
                continue;
            }

            int repeats = SharedTypes.RepeatsOf(type);
            fields.Append($"global::Mapwire.Memory.Arenas.ArenaField.Measure(ref value, ref Field#_{count}(ref value), {repeats})");
            accessors.Append($$"""

                        [global::System.Runtime.CompilerServices.UnsafeAccessor(
                            global::System.Runtime.CompilerServices.UnsafeAccessorKind.Field, Name = "{{field.Name}}")]
                        private static extern ref {{NameOf(field.Type)}} Field#_{{count}}(ref {{fullName}} value);

                """);
            count++;
        }

        string list = fields.Length == 0 ? "" : fields.ToString(1, fields.Length - 1);
        string value = fields.Length == 0 ? "" : $"            {fullName} value = default;\n";
        _structures.Add(new ArenaStructure(fullName, $$"""

                    private static void Register#()
                    {
            {{value}}            global::Mapwire.Memory.Arenas.ArenaTypeAttribute.Register<{{fullName}}>(
                            new global::Mapwire.Memory.Arenas.ArenaField[] {{{list}} });
                    }
            {{accessors}}
            """, isUnsafe));
    }

    private static string? GetNameRefusal(INamedTypeSymbol type)
    {
        if (type.TypeKind != TypeKind.Struct || type.IsRefLikeType || !type.IsUnmanagedType)
        {
            return "it must be a struct without references";
        }

        if (SharedTypes.IsGeneric(type))
        {
            return "a generic struct, or one nested in a generic type, has no single layout: "
                + "declare a struct for each type it is used with";
        }

        if (!SharedTypes.IsNameable(type))
        {
            return "it, or a type that it is nested in, is private or of one file only: make it internal";
        }

        return SharedTypes.HasAutomaticLayout(type)
            ? "LayoutKind.Auto may differ from one runtime to the next: use Sequential or Explicit"
            : null;
    }

    private string? GetFieldRefusal(IFieldSymbol field)
    {
        if (field.IsFixedSizeBuffer)
        {
            return field.DeclaredAccessibility is Accessibility.Private or Accessibility.Protected
                ? "is a private fixed-size buffer: make it internal, or use an [InlineArray]"
                : null;
        }

        ITypeSymbol type = field.Type;
        if (SharedTypes.IsAddress(type))
        {
            return "means something at one address or on one system only: use Offset<T> or a number of fixed size";
        }

        if (type is not INamedTypeSymbol named || type.TypeKind is not (TypeKind.Struct or TypeKind.Enum))
        {
            return "is not a structure";
        }

        if (named.IsTupleType)
        {
            return "has automatic layout, which may differ from one runtime to the next: declare a struct with its fields";
        }

        if (!SharedTypes.IsNameable(named))
        {
            return "is private or of one file only: make it internal";
        }

        if (SharedTypes.IsKnownToArenas(type))
        {
            return null;
        }

        if (!named.Locations.Any(location => location.IsInSource))
        {
            return "is declared in another assembly without [ArenaType], so its fields are not known: "
                + "store its parts in fields of their own";
        }

        Add(named);
        return null;
    }

    private static string NameOf(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
}

/// <summary>A structure whose fields are registered.</summary>
/// <param name="name">Its name, from <c>global::</c> on.</param>
/// <param name="code">The methods that register it; <c>#</c> stands for its number.</param>
/// <param name="isUnsafe">Whether they need an unsafe context.</param>
internal sealed class ArenaStructure(string name, string code, bool isUnsafe) : IEquatable<ArenaStructure>
{
    public string Name => name;

    public string Code => code;

    public bool IsUnsafe => isUnsafe;

    public bool Equals(ArenaStructure? other) => other is not null && other.Name == name && other.Code == code;

    public override bool Equals(object? obj) => Equals(obj as ArenaStructure);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(code);
}
