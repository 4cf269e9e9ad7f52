using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Mapwire.Memory.Tests.Linux.Packaging;

/// <summary>The documentation file beside the library, which is the one in the package, read by the compiler's rules for names.</summary>
public sealed class DocumentationTests
{
    private static readonly string[] Documented = [.. Load().Order(StringComparer.Ordinal)];
    private static readonly CSharpCompilation Compilation = Compile();
    private static readonly IAssemblySymbol Library =
        Compilation.SourceModule.ReferencedAssemblySymbols.Single(assembly => assembly.Name == "Mapwire.Memory");

    [Fact]
    public void The_documentation_names_no_member_that_a_user_cannot_name()
    {
        Assert.True(Documented.Length > 600, $"{Documented.Length} members are documented");
        Assert.DoesNotContain(Documented, name =>
            DocumentationCommentId.GetFirstSymbolForDeclarationId(name, Compilation) is not ISymbol symbol || !IsVisible(symbol));
    }

    [Fact]
    public void The_documentation_has_every_member_that_a_user_can_name()
    {
        string[] visible = [.. Types(Library.GlobalNamespace).SelectMany(type => type.GetMembers().Prepend(type))
            .Where(symbol => IsVisible(symbol) && IsWritten(symbol)).Select(symbol => symbol.GetDocumentationCommentId()!)];
        Assert.True(visible.Length > 600, $"{visible.Length} members are visible");
        Assert.Empty(visible.Except(Documented, StringComparer.Ordinal));
    }

    private static IEnumerable<string> Load() =>
        XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Mapwire.Memory.xml")).Descendants("member")
            .Select(member => (string)member.Attribute("name")!);

    private static CSharpCompilation Compile()
    {
        IEnumerable<string> paths = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal) || path.EndsWith("Mapwire.Memory.dll",
                StringComparison.Ordinal));
        return CSharpCompilation.Create("reader", [], paths.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, metadataImportOptions: MetadataImportOptions.All));
    }

    private static IEnumerable<INamedTypeSymbol> Types(INamespaceOrTypeSymbol within) =>
        within.GetMembers().OfType<INamespaceOrTypeSymbol>()
            .SelectMany(member => Types(member).Concat(member is INamedTypeSymbol type ? [type] : []));

    private static bool IsVisible(ISymbol symbol) =>
        symbol.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal
        && (symbol.ContainingType is null || IsVisible(symbol.ContainingType));

    /// <summary>Whether it stands in the source: not an accessor, and nothing that the compiler adds to a record, an enumeration, a
    /// delegate or a type without constructors.</summary>
    private static bool IsWritten(ISymbol symbol) =>
        symbol.CanBeReferencedByName || symbol is IMethodSymbol { MethodKind: MethodKind.Constructor, Parameters.Length: > 0 }
        ? !symbol.IsImplicitlyDeclared && symbol is not IMethodSymbol { AssociatedSymbol: not null }
            && symbol.ContainingType?.TypeKind != TypeKind.Delegate
            && symbol.GetAttributes().All(attribute => attribute.AttributeClass?.Name != "CompilerGeneratedAttribute")
        : symbol is IMethodSymbol { MethodKind: MethodKind.UserDefinedOperator or MethodKind.Conversion }
            && symbol.GetAttributes().All(attribute => attribute.AttributeClass?.Name != "CompilerGeneratedAttribute");
}
