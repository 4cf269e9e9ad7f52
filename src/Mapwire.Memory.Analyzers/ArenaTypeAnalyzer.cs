using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Mapwire.Memory.Analyzers;

/// <summary>Reports types that are stored in an arena or durable cell and would be refused when the program runs.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ArenaTypeAnalyzer : DiagnosticAnalyzer
{
    private static readonly DiagnosticDescriptor NotStorable = new(
        "MWA003", "A type that is stored in an arena is no arena type",
        "'{0}' cannot be stored in an arena: {1}", "Mapwire.Arenas", DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "Bytes in an arena outlive the program, so their layout has to be known: the call throws ArgumentException.");

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(NotStorable);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(AnalyzeCall, OperationKind.Invocation);
        context.RegisterOperationAction(AnalyzeCreation, OperationKind.ObjectCreation);
    }

    private static void AnalyzeCall(OperationAnalysisContext context)
    {
        IMethodSymbol method = ((IInvocationOperation)context.Operation).TargetMethod;
        Report(context, method, method.OriginalDefinition.TypeParameters, method.TypeArguments);
    }

    private static void AnalyzeCreation(OperationAnalysisContext context)
    {
        if (context.Operation.Type is INamedTypeSymbol type)
        {
            Report(context, type, type.OriginalDefinition.TypeParameters, type.TypeArguments);
        }
    }

    private static void Report(
        OperationAnalysisContext context, ISymbol used, ImmutableArray<ITypeParameterSymbol> parameters,
        ImmutableArray<ITypeSymbol> arguments)
    {
        if (arguments.IsEmpty || used.ContainingNamespace.ToDisplayString() != "Mapwire.Memory.Arenas"
            || used is INamedTypeSymbol { TypeKind: TypeKind.Struct }) // Offset<T> and headers store no T
        {
            return;
        }

        for (int i = 0; i < arguments.Length; i++)
        {
            if (parameters[i].HasUnmanagedTypeConstraint && GetRefusal(arguments[i]) is string refusal)
            {
                context.ReportDiagnostic(Diagnostic.Create(
                    NotStorable, context.Operation.Syntax.GetLocation(), arguments[i].ToDisplayString(), refusal));
            }
        }
    }

    /// <summary>Why a type would be refused and what to do, or null.</summary>
    private static string? GetRefusal(ITypeSymbol type)
    {
        if (SharedTypes.IsAddress(type))
        {
            return "it means something at one address or on one system only; use Offset<T> or a number of fixed size";
        }

        if (type is not INamedTypeSymbol structure || SharedTypes.IsKnownToArenas(type))
        {
            return null; // a type parameter is judged where it is known
        }

        if (structure.IsTupleType)
        {
            return "a tuple has automatic layout; declare a struct with these fields and put [ArenaType] on it";
        }

        if (SharedTypes.IsGeneric(structure))
        {
            return "a generic struct has no single layout; declare a struct with these fields and put [ArenaType] on it";
        }

        if (!structure.Locations.Any(location => location.IsInSource))
        {
            return "it is declared in another assembly without [ArenaType]; declare a struct with these fields and put [ArenaType] on it";
        }

        if (!SharedTypes.IsNameable(structure))
        {
            return "it is private or of one file only; make it internal and put [ArenaType] on it";
        }

        // With the attribute alone it would be refused for what the generator then says.
        return ArenaTypeModel.Create(structure).Refusal is string refusal
            ? refusal + ", and put [ArenaType] on it"
            : "its fields are not known; put [ArenaType] on it";
    }
}
