using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Mapwire.Memory.Analyzers;

/// <summary>Reports types that could be stored, but that the container they are used with refuses for their size or gaps.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ContainerTypeAnalyzer : DiagnosticAnalyzer
{
    private const int MostOfItem = 8192; // what one change of an arena can replace
    private const int MostOfCell = 65536;

    private static readonly DiagnosticDescriptor NotOfContainer = new(
        "MWA004", "A container refuses a type for its size or its gaps", "'{0}' cannot be {1}: {2}", "Mapwire.Arenas",
        DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "What one change of an arena replaces has at most 8 KiB, and keys are told apart by their bytes: the call throws.");

    private static readonly DiagnosticDescriptor NotOfSharedCell = new(
        "MWM005", "A type is too large for a shared cell", "'{0}' cannot be the value of a SharedCell: {1}", "Mapwire.Sharing",
        DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "A cell keeps several copies of its value, of at most 64 KiB: the call throws.");

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(NotOfContainer, NotOfSharedCell);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(AnalyzeCreation, OperationKind.ObjectCreation);
        context.RegisterOperationAction(AnalyzeCall, OperationKind.Invocation);
    }

    private static void AnalyzeCreation(OperationAnalysisContext context)
    {
        if (context.Operation.Type is not INamedTypeSymbol { IsGenericType: true } type || !KnownTypes.IsOurs(type))
        {
            return;
        }

        ImmutableArray<ITypeSymbol> of = type.TypeArguments;
        switch (type.Name)
        {
            case "MappedList" or "MappedQueue":
                RequireSize(context, of[0], MostOfItem, $"an item of {type.Name}", $"; allocate it and store an Offset<{of[0].Name}>");
                break;
            case "MappedDictionary":
                RequireNoGaps(context, of[0]);
                RequireEntry(context, "MappedDictionary", StoredLayout.Of(of[0]), of[1]);
                break;
            case "MappedStringDictionary":
                RequireEntry(context, "MappedStringDictionary", StoredLayout.OfTextKey, of[0]);
                break;
        }
    }

    private static void AnalyzeCall(OperationAnalysisContext context)
    {
        IMethodSymbol method = ((IInvocationOperation)context.Operation).TargetMethod;
        if (method.TypeArguments.Length != 1 || !KnownTypes.IsOurs(method.ContainingType))
        {
            return;
        }

        ITypeSymbol type = method.TypeArguments[0];
        switch ((method.ContainingType.Name, method.Name))
        {
            case ("ArenaChange", "Edit"):
                RequireSize(context, type, MostOfItem, "edited in a change of an arena", "; edit its parts");
                break;
            case ("DurableCell", _):
                RequireSize(context, type, MostOfCell, "kept in a DurableCell", "");
                break;
            case ("SharedCell", _) or ("SharedLayout", "AddCell"):
                if (StoredLayout.Of(type) is { Size: > MostOfCell } layout)
                {
                    context.ReportDiagnostic(Diagnostic.Create(NotOfSharedCell, context.Operation.Syntax.GetLocation(),
                        type.ToDisplayString(), Excess(layout.Size, MostOfCell)));
                }

                break;
        }
    }

    private static void RequireSize(OperationAnalysisContext context, ITypeSymbol type, int most, string role, string advice)
    {
        if (StoredLayout.Of(type) is StoredLayout layout && layout.Size > most)
        {
            Report(context, type, role, Excess(layout.Size, most) + advice);
        }
    }

    private static void RequireNoGaps(OperationAnalysisContext context, ITypeSymbol key)
    {
        if (StoredLayout.Of(key) is { Gaps: > 0 } layout)
        {
            Report(context, key, "the key of a MappedDictionary",
                $"{layout.Gaps} of its {layout.Size} bytes belong to no field, so equal keys could differ; give it fields without gaps");
        }
    }

    private static void RequireEntry(OperationAnalysisContext context, string container, StoredLayout? key, ITypeSymbol value)
    {
        if (key is not null && StoredLayout.Of(value) is StoredLayout layout
            && StoredLayout.SizeOf(StoredLayout.OfHash, key, layout) is long size and > MostOfItem)
        {
            Report(context, value, $"the value of a {container}",
                $"an entry has {size} bytes with its key and hash, and at most {MostOfItem} are possible; "
                + $"allocate it and store an Offset<{value.Name}>");
        }
    }

    private static string Excess(long size, int most) => $"it has {size} bytes, and at most {most} are possible";

    private static void Report(OperationAnalysisContext context, ITypeSymbol type, string role, string why) =>
        context.ReportDiagnostic(
            Diagnostic.Create(NotOfContainer, context.Operation.Syntax.GetLocation(), type.ToDisplayString(), role, why));
}
