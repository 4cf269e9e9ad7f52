using Microsoft.CodeAnalysis;

namespace Mapwire.Memory.Analyzers;

/// <summary>What the generator and the analyzers ask of a type whose bytes are shared or stored.</summary>
internal static class SharedTypes
{
    public const string Attribute = "Mapwire.Memory.Arenas.ArenaTypeAttribute";

    private const int Auto = 3; // LayoutKind.Auto

    /// <summary>Types of the framework that Mapwire.Memory knows by itself.</summary>
    private static readonly HashSet<string> Framework = new(StringComparer.Ordinal)
    {
        "System.Guid", "System.TimeSpan", "System.DateTimeOffset", "System.DateOnly", "System.TimeOnly", "System.Half", "System.Int128",
        "System.UInt128", "System.Text.Rune", "System.Numerics.Complex", "System.Numerics.Vector2", "System.Numerics.Vector3",
        "System.Numerics.Vector4", "System.Numerics.Quaternion",
    };

    /// <summary>A pointer or native integer.</summary>
    public static bool IsAddress(ITypeSymbol type) =>
        type.TypeKind is TypeKind.Pointer or TypeKind.FunctionPointer
        || type.SpecialType is SpecialType.System_IntPtr or SpecialType.System_UIntPtr;

    /// <summary>A number of fixed size, <c>bool</c>, <c>char</c> or <c>decimal</c>.</summary>
    public static bool IsPrimitive(ITypeSymbol type) => type.SpecialType is >= SpecialType.System_Boolean and <= SpecialType.System_Double;

    /// <summary>Whether an arena stores the type without being told its fields.</summary>
    public static bool IsKnownToArenas(ITypeSymbol type) =>
        IsPrimitive(type) || IsOfFramework(type) || type.TypeKind == TypeKind.Enum || HasAttribute(type)
        || (type.ContainingAssembly?.Name == "Mapwire.Memory" && type.ContainingNamespace.ToDisplayString() == "Mapwire.Memory.Arenas");

    /// <summary>Whether the library knows a structure of the framework, so that its layout need not be stated.</summary>
    public static bool IsOfFramework(ITypeSymbol type) =>
        type.SpecialType == SpecialType.System_DateTime || Framework.Contains(type.ToDisplayString());

    public static bool HasAttribute(ITypeSymbol type) =>
        type.GetAttributes().Any(attribute => attribute.AttributeClass?.ToDisplayString() == Attribute);

    /// <summary>Whether the declaration states <c>LayoutKind.Auto</c>.</summary>
    public static bool HasAutomaticLayout(ITypeSymbol type) => GetLayout(type) == Auto;

    /// <summary>The LayoutKind that the declaration states, or null.</summary>
    public static int? GetLayout(ITypeSymbol type) =>
        GetLayoutAttribute(type) is { ConstructorArguments.Length: 1 } attribute
            ? attribute.ConstructorArguments[0].Value switch { int kind => kind, short number => number, _ => null }
            : null;

    /// <summary>The StructLayoutAttribute of a declaration, or null.</summary>
    public static AttributeData? GetLayoutAttribute(ITypeSymbol type) => type.GetAttributes().FirstOrDefault(
        attribute => attribute.AttributeClass?.ToDisplayString() == "System.Runtime.InteropServices.StructLayoutAttribute");

    /// <summary>How many elements an inline array has; 1 of any other structure.</summary>
    public static int RepeatsOf(ITypeSymbol type)
    {
        AttributeData? array = type.GetAttributes().FirstOrDefault(
            attribute => attribute.AttributeClass?.ToDisplayString() == "System.Runtime.CompilerServices.InlineArrayAttribute");
        return array is null ? 1 : Convert.ToInt32(array.ConstructorArguments[0].Value, null);
    }

    /// <summary>Whether all code of its assembly can name the type.</summary>
    public static bool IsNameable(INamedTypeSymbol type)
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

    /// <summary>Whether the type or one that it is nested in is generic.</summary>
    public static bool IsGeneric(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? at = type; at is not null; at = at.ContainingType)
        {
            if (at.IsGenericType)
            {
                return true;
            }
        }

        return false;
    }
}
