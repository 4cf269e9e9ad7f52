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
        "MWM001", "A result that matters is ignored", "The result of '{0}' is ignored; {1}",
        Category, DiagnosticSeverity.Warning, isEnabledByDefault: true,
        "A timed-out wait has acquired nothing, after OwnerDied the guarded data must be repaired, and what is not disposed of holds on "
        + "to what it has. Assign the result to a discard if it cannot matter.");

    private static readonly DiagnosticDescriptor UnguardedLock = new(
        "MWM002", "A lock is neither guarded by using nor released in finally",
        "'{0}' leaves {1} after an exception; {2}",
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
        bool isAwaited = value is IAwaitOperation;
        value = value is IAwaitOperation awaited ? awaited.Operation : value;
        while (value is IInvocationOperation { TargetMethod.Name: "ConfigureAwait" or "AsTask", Instance: IOperation inner })
        {
            value = inner;
        }

        if (value is IInvocationOperation call && IgnoredResults.GetLoss(call, isAwaited) is string loss)
        {
            context.ReportDiagnostic(Diagnostic.Create(IgnoredResult, call.Syntax.GetLocation(), Name(call), loss));
        }
    }

    private static void AnalyzeCall(OperationAnalysisContext context)
    {
        IInvocationOperation call = (IInvocationOperation)context.Operation;
        if (!KnownTypes.IsOurs(call.TargetMethod.ContainingType))
        {
            return;
        }

        bool isLock = KnownTypes.IsLock(call.TargetMethod.ContainingType);
        string name = call.TargetMethod.Name;
        if (KnownTypes.Unwrap(call.Type) is ITypeSymbol type && KnownTypes.IsScope(type))
        {
            ReportUnless(IsScopeGuarded(call), isLock ? "the lock held" : "the arena locked", DisposeOf(type));
        }
        else if (isLock && name.StartsWith("TryEnter", StringComparison.Ordinal))
        {
            ITypeSymbol? scope = call.TargetMethod.Parameters.FirstOrDefault(parameter => parameter.RefKind == RefKind.Out)?.Type;
            ReportUnless(scope is null || IsOutScopeGuarded(call), "the lock held", DisposeOf(scope));
        }
        else if (isLock && GetRelease(name) is string release)
        {
            ReportUnless(IsReleased(call, release), "the lock held",
                $"call '{call.TargetMethod.ContainingType.Name}.{release}' in a 'finally' block");
        }

        void ReportUnless(bool isGuarded, string left, string todo)
        {
            if (!isGuarded)
            {
                context.ReportDiagnostic(Diagnostic.Create(UnguardedLock, call.Syntax.GetLocation(), Name(call), left, todo));
            }
        }
    }

    private static string DisposeOf(ITypeSymbol? scope) =>
        $"dispose of its '{(scope?.ContainingType is null ? "" : scope.ContainingType.Name + ".")}{scope?.Name}' by 'using'";

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
    private static bool IsDisposed(IInvocationOperation call, ILocalSymbol local) =>
        Body(call).Descendants().OfType<ILocalReferenceOperation>()
        .Where(reference => SymbolEqualityComparer.Default.Equals(reference.Local, local)).Any(reference =>
            reference.Parent is IUsingOperation or IReturnOperation or IArgumentOperation { Parameter.RefKind: RefKind.None }
            || (reference.Parent is IConversionOperation { Parent: IUsingOperation or IReturnOperation })
            || (reference.Parent is IVariableInitializerOperation initializer && IsInUsing(initializer.Parent!))
            || (reference.Parent is ISimpleAssignmentOperation { Target: IFieldReferenceOperation or IPropertyReferenceOperation })
            || (reference.Parent is IInvocationOperation { TargetMethod.Name: "Dispose" } dispose
                && (IsInFinally(dispose) || FollowsAtOnce(call, dispose))));

    /// <summary>The method that releases what a method has acquired: Release, ReleaseRead or ReleaseWrite; null if it acquires
    /// nothing.</summary>
    private static string? GetRelease(string acquire)
    {
        string name = acquire.StartsWith("Try", StringComparison.Ordinal) ? acquire.Substring(3) : acquire;
        name = name.EndsWith("Async", StringComparison.Ordinal) ? name.Substring(0, name.Length - 5) : name;
        return name.StartsWith("Acquire", StringComparison.Ordinal) ? "Release" + name.Substring(7) : null;
    }

    /// <summary>Whether the lock of an Acquire is released by its own Release, in a finally block of the same body or at once. A semaphore
    /// that is not released here at all is a signal between threads.</summary>
    private static bool IsReleased(IInvocationOperation call, string release)
    {
        IInvocationOperation[] releases = Body(call).Descendants().OfType<IInvocationOperation>()
            .Where(other => other.TargetMethod.Name == release
                && SymbolEqualityComparer.Default.Equals(other.TargetMethod.ContainingType, call.TargetMethod.ContainingType)
                && IsSame(other.Instance, call.Instance)).ToArray();
        return releases.Any(other => IsInFinally(other) || FollowsAtOnce(call, other))
            || (releases.Length == 0 && call.TargetMethod.ContainingType.Name == "SharedSemaphore");
    }

    /// <summary>Whether a release is the first thing that is done where the lock is held, so that nothing can throw in between.</summary>
    private static bool FollowsAtOnce(IInvocationOperation call, IInvocationOperation release)
    {
        if (release.Parent is not IExpressionStatementOperation second || GetStatement(call) is not IOperation first)
        {
            return false;
        }

        if (first is not IConditionalOperation choice)
        {
            return IsNext(first, second);
        }

        (IOperation? held, IOperation? other) = IsTrueIfHeld(choice.Condition, call) switch
        {
            true => (choice.WhenTrue, choice.WhenFalse),
            false => (choice.WhenFalse, choice.WhenTrue),
            null => (null, null),
        };
        IOperation? begin = held is IBlockOperation block ? block.Operations.FirstOrDefault() : held;
        return begin == second || (held is null && other is not null && IsNext(choice, second));
    }

    /// <summary>What a condition is where the call has acquired; null if that is not seen.</summary>
    private static bool? IsTrueIfHeld(IOperation condition, IInvocationOperation call) => condition switch
    {
        IInvocationOperation when condition == call => true,
        IParenthesizedOperation inner => IsTrueIfHeld(inner.Operand, call),
        IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not => !IsTrueIfHeld(not.Operand, call),
        IBinaryOperation { RightOperand: IFieldReferenceOperation { Field.Name: "TimedOut" } } compared when compared.LeftOperand == call =>
            compared.OperatorKind switch
            {
                BinaryOperatorKind.NotEquals => true,
                BinaryOperatorKind.Equals => false,
                _ => null,
            },
        _ => null,
    };

    /// <summary>The statement that a call is in or is the condition of.</summary>
    private static IOperation? GetStatement(IOperation call)
    {
        IOperation? at = call;
        while (at is not null && at.Parent is not (IBlockOperation or null))
        {
            if (at.Parent is IConditionalOperation choice)
            {
                return at == choice.Condition ? choice : at;
            }

            at = at.Parent;
        }

        return at;
    }

    private static bool IsNext(IOperation first, IOperation second)
    {
        int at = first.Parent is IBlockOperation block ? block.Operations.IndexOf(first) : -1;
        return at >= 0 && at + 1 < ((IBlockOperation)first.Parent!).Operations.Length
            && ((IBlockOperation)first.Parent).Operations[at + 1] == second;
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

    private static string Name(IInvocationOperation call) => $"{call.TargetMethod.ContainingType.Name}.{call.TargetMethod.Name}";
}
