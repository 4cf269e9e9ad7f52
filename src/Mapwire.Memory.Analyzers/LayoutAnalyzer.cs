using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Mapwire.Memory.Analyzers;

/// <summary>Reports types in shared memory and mapped files whose layout their declaration does not state.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class LayoutAnalyzer : DiagnosticAnalyzer
{
    private const string Category = "Mapwire.Sharing";

    private static readonly DiagnosticDescriptor AutomaticLayout = new(
        "MWM003", "The layout of a shared type is not defined",
        "The layout of '{0}' is not defined: {1}; another process may read its bytes differently",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "Declare a struct with [StructLayout(LayoutKind.Sequential)] or Explicit, with fields of fixed size.");

    private static readonly DiagnosticDescriptor UnstatedLayout = new(
        "MWM004", "The layout of a shared type is not stated", "'{0}' is shared by its bytes: state its layout by [StructLayout]",
        Category, DiagnosticSeverity.Info, isEnabledByDefault: true,
        "A layout that is stated is not changed by someone who moves a field.");

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(AutomaticLayout, UnstatedLayout);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(Analyze, OperationKind.Invocation);
    }

    private static void Analyze(OperationAnalysisContext context)
    {
        IMethodSymbol method = ((IInvocationOperation)context.Operation).TargetMethod;
        if (!KnownTypes.IsOurs(method.ContainingType) || method.ContainingNamespace.ToDisplayString() == "Mapwire.Memory.Arenas")
        {
            return; // arena types have their own, stricter rules
        }

        for (int i = 0; i < method.TypeArguments.Length; i++)
        {
            if (!method.OriginalDefinition.TypeParameters[i].HasUnmanagedTypeConstraint)
            {
                continue;
            }

            ITypeSymbol type = method.TypeArguments[i];
            if (GetFault(type) is string fault)
            {
                context.ReportDiagnostic(
                    Diagnostic.Create(AutomaticLayout, context.Operation.Syntax.GetLocation(), type.ToDisplayString(), fault));
            }
            else if (type is { TypeKind: TypeKind.Struct, Locations.Length: > 0 } && type.Locations[0].IsInSource
                && SharedTypes.GetLayout(type) is null)
            {
                context.ReportDiagnostic(Diagnostic.Create(UnstatedLayout, context.Operation.Syntax.GetLocation(), type.ToDisplayString()));
            }
        }
    }

    /// <summary>What of a type may differ between two processes, or null.</summary>
    private static string? GetFault(ITypeSymbol type, bool isField = false)
    {
        if (SharedTypes.IsAddress(type))
        {
            return "an address means nothing elsewhere, and a native integer has 4 or 8 bytes";
        }

        if (type is not INamedTypeSymbol { TypeKind: TypeKind.Struct } structure || SharedTypes.IsPrimitive(type))
        {
            return null;
        }

        // Of metadata the layout is not told. These are known, field by field, to the library; only a time with an offset is refused
        // by itself.
        if (SharedTypes.IsOfFramework(structure))
        {
            return !isField && structure.ToDisplayString() == "System.DateTimeOffset" ? "DateTimeOffset has automatic layout" : null;
        }

        if (structure.IsTupleType)
        {
            return "a tuple has automatic layout";
        }

        if (SharedTypes.HasAutomaticLayout(structure))
        {
            return $"{structure.Name} has automatic layout";
        }

        return structure.GetMembers().OfType<IFieldSymbol>().Where(field => !field.IsStatic)
            .Select(field => GetFault(field.Type, isField: true)).FirstOrDefault(fault => fault is not null);
    }
}
