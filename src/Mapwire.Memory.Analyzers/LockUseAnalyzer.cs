using System;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Mapwire.Memory.Analyzers;

/// <summary>Reports results of acquiring that are thrown away, and locks that an exception would leave held.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class LockUseAnalyzer : DiagnosticAnalyzer
{
    private const string Category = "Mapwire.Sharing";

    private static readonly DiagnosticDescriptor IgnoredResult = new(
        "MWM001", "The result of acquiring is ignored",
        "The result of '{0}' is ignored; it says whether it was acquired, and whether a previous owner died",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "A timed-out wait has acquired nothing, and after OwnerDied the guarded data must be repaired. "
        + "Assign the result to a discard if neither can matter.");

    private static readonly DiagnosticDescriptor UnguardedLock = new(
        "MWM002", "A lock is neither guarded by using nor released in finally",
        "'{0}' is neither guarded by 'using' nor released in a 'finally' block; an exception would leave the lock held",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "Write 'using (mutex.Enter())', or put Release into a finally block.");

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(IgnoredResult, UnguardedLock);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterOperationAction(AnalyzeStatement, OperationKind.ExpressionStatement);
        context.RegisterOperationAction(AnalyzeCall, OperationKind.Invocation);
    }

    private static void AnalyzeStatement(OperationAnalysisContext context)
    {
        IOperation value = ((IExpressionStatementOperation)context.Operation).Operation;
        value = value is IAwaitOperation awaited ? awaited.Operation : value;
        while (value is IInvocationOperation { TargetMethod.Name: "ConfigureAwait" or "AsTask", Instance: IOperation inner })
        {
            value = inner;
        }

        if (value is IInvocationOperation call && KnownTypes.IsOurs(call.TargetMethod.ContainingType)
            && KnownTypes.Unwrap(call.Type) is ITypeSymbol type
            && (KnownTypes.IsWaitResult(type) || KnownTypes.IsOwner(type) || IsTry(call)))
        {
            context.ReportDiagnostic(Diagnostic.Create(IgnoredResult, call.Syntax.GetLocation(), Name(call)));
        }
    }

    private static void AnalyzeCall(OperationAnalysisContext context)
    {
        IInvocationOperation call = (IInvocationOperation)context.Operation;
        if (!KnownTypes.IsLock(call.TargetMethod.ContainingType))
        {
            return;
        }

        string name = call.TargetMethod.Name;
        bool held = name.StartsWith("Enter", StringComparison.Ordinal) ? IsScopeGuarded(call)
            : name.StartsWith("TryEnter", StringComparison.Ordinal) ? IsOutScopeGuarded(call)
            : !name.StartsWith("Acquire", StringComparison.Ordinal) && !name.StartsWith("TryAcquire", StringComparison.Ordinal)
            || IsReleased(call);
        if (!held)
        {
            context.ReportDiagnostic(Diagnostic.Create(UnguardedLock, call.Syntax.GetLocation(), Name(call)));
        }
    }

    /// <summary>Whether the scope of Enter goes into a using, or to someone else: a caller, a field.</summary>
    private static bool IsScopeGuarded(IInvocationOperation call)
    {
        IOperation value = call;
        while (value.Parent is IAwaitOperation or IConversionOperation or IParenthesizedOperation
            || value.Parent is IInvocationOperation { TargetMethod.Name: "ConfigureAwait" or "AsTask" })
        {
            value = value.Parent;
        }

        return value.Parent switch
        {
            IVariableInitializerOperation { Parent: IVariableDeclaratorOperation { Symbol: ILocalSymbol local } declarator } =>
                IsInUsing(declarator) || IsDisposed(call, local),
            ISimpleAssignmentOperation { Target: ILocalReferenceOperation target } => IsDisposed(call, target.Local),
            IExpressionStatementOperation => true, // an ignored result, which the other rule reports
            _ => true,
        };
    }

    private static bool IsOutScopeGuarded(IInvocationOperation call)
    {
        foreach (IArgumentOperation argument in call.Arguments.Where(argument => argument.Parameter?.RefKind == RefKind.Out))
        {
            IOperation value = argument.Value is IDeclarationExpressionOperation declared ? declared.Expression : argument.Value;
            if (value is ILocalReferenceOperation local && !IsDisposed(call, local.Local))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsInUsing(IOperation declarator)
    {
        for (IOperation? up = declarator.Parent; up is not null and not IBlockOperation; up = up.Parent)
        {
            if (up is IUsingDeclarationOperation or IUsingOperation)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a local is what a using statement disposes of, is disposed of in a finally block, or leaves the method.</summary>
    private static bool IsDisposed(IOperation call, ILocalSymbol local) => Body(call).Descendants().OfType<ILocalReferenceOperation>()
        .Where(reference => SymbolEqualityComparer.Default.Equals(reference.Local, local)).Any(reference =>
            reference.Parent is IUsingOperation or IReturnOperation or IArgumentOperation { Parameter.RefKind: RefKind.None }
            || (reference.Parent is IConversionOperation { Parent: IUsingOperation or IReturnOperation })
            || (reference.Parent is IVariableInitializerOperation initializer && IsInUsing(initializer.Parent!))
            || (reference.Parent is ISimpleAssignmentOperation { Target: IFieldReferenceOperation or IPropertyReferenceOperation })
            || (reference.Parent is IInvocationOperation { TargetMethod.Name: "Dispose" } dispose && IsInFinally(dispose)));

    /// <summary>Whether the lock of an Acquire is released in a finally block of the same body. A semaphore that is not released here at
    /// all is
    /// a signal between threads.</summary>
    private static bool IsReleased(IInvocationOperation call)
    {
        IInvocationOperation[] releases = Body(call).Descendants().OfType<IInvocationOperation>()
            .Where(other => other.TargetMethod.Name.StartsWith("Release", StringComparison.Ordinal)
                && SymbolEqualityComparer.Default.Equals(other.TargetMethod.ContainingType, call.TargetMethod.ContainingType)
                && IsSame(other.Instance, call.Instance)).ToArray();
        return releases.Any(IsInFinally) || (releases.Length == 0 && call.TargetMethod.ContainingType.Name == "SharedSemaphore");
    }

    private static bool IsSame(IOperation? one, IOperation? other) => (one, other) switch
    {
        (ILocalReferenceOperation a, ILocalReferenceOperation b) => SymbolEqualityComparer.Default.Equals(a.Local, b.Local),
        (IParameterReferenceOperation a, IParameterReferenceOperation b) => SymbolEqualityComparer.Default.Equals(a.Parameter, b.Parameter),
        (IMemberReferenceOperation a, IMemberReferenceOperation b) => SymbolEqualityComparer.Default.Equals(a.Member, b.Member),
        _ => one?.Syntax.ToString() == other?.Syntax.ToString(),
    };

    private static bool IsInFinally(IOperation operation)
    {
        for (IOperation at = operation; at.Parent is IOperation parent; at = parent)
        {
            if (parent is ITryOperation attempt && attempt.Finally == at)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The method, accessor or lambda that a call is in.</summary>
    private static IOperation Body(IOperation operation)
    {
        IOperation at = operation;
        while (at.Parent is IOperation parent and not (IAnonymousFunctionOperation or ILocalFunctionOperation))
        {
            at = parent;
        }

        return at;
    }

    private static bool IsTry(IInvocationOperation call) =>
        call.Type?.SpecialType == SpecialType.System_Boolean
        && (KnownTypes.IsLock(call.TargetMethod.ContainingType) || call.TargetMethod.ContainingType.Name == "RangeLock")
        && call.TargetMethod.Name.StartsWith("Try", StringComparison.Ordinal);

    private static string Name(IInvocationOperation call) => $"{call.TargetMethod.ContainingType.Name}.{call.TargetMethod.Name}";
}
