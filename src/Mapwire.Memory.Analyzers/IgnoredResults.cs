using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Mapwire.Memory.Analyzers;

/// <summary>What the result of a call says that a program must not ignore.</summary>
internal static class IgnoredResults
{
    /// <summary>What is lost with the result of a call of the library, or null if it may be ignored.</summary>
    /// <param name="call">The call.</param>
    /// <param name="isAwaited">Whether its task, if it has one, is awaited.</param>
    public static string? GetLoss(IInvocationOperation call, bool isAwaited)
    {
        IMethodSymbol method = call.TargetMethod;
        if (!KnownTypes.IsOurs(method.ContainingType) || KnownTypes.Unwrap(call.Type) is not ITypeSymbol type)
        {
            return null;
        }

        bool waitsForever = WaitsForever(call);
        if (KnownTypes.IsWaitResult(type))
        {
            return GetLossOfWait(type.Name, method.Name, waitsForever);
        }

        if (KnownTypes.IsOwner(type))
        {
            return GetLossOfOwner(type);
        }

        if (type.SpecialType == SpecialType.System_Boolean)
        {
            return GetLossOfAnswer(call, waitsForever && (isAwaited || SymbolEqualityComparer.Default.Equals(type, call.Type)));
        }

        return method.ContainingType.Name == "SharedWait" ? "it says which signal was there" : null;
    }

    private static string GetLossOfWait(string type, string method, bool waitsForever) => (type, waitsForever) switch
    {
        ("BarrierResult", true) => "it says whether all participants came, or one of them died",
        ("BarrierResult", false) => "it says whether all participants came, one of them died, or the timeout passed",
        ("ConditionResult", true) => "it says whether a previous owner of the mutex died",
        ("ConditionResult", false) => "it says whether there was a notification, and whether a previous owner of the mutex died",
        (_, true) when !method.StartsWith("Try", StringComparison.Ordinal) => "it says whether a previous owner died",
        _ => "it says whether it was acquired, and whether a previous owner died",
    };

    private static string GetLossOfOwner(ITypeSymbol type) => type switch
    {
        { Name: "Scope", ContainingType.Name: "Arena" } => "only disposing of it lets other threads and processes change the arena",
        { Name: "ArenaChange" } => "only disposing of it ends the change and lets others change the arena",
        { Name: "Scope" or "RangeLock" } => "only disposing of it releases the lock",
        { Name: "RegionLease" or "RegionReader" } => "only disposing of it lets the region be unmapped",
        _ => "nothing else disposes of it in time",
    };

    private static string? GetLossOfAnswer(IInvocationOperation call, bool isAlwaysTrue)
    {
        string name = call.TargetMethod.Name;
        if (name.StartsWith("Try", StringComparison.Ordinal))
        {
            // That a key was there already is as good, and a value of 0 where there is none; one may want to take one out if there is one.
            return name is "TryAdd" or "TryGetValue" || (name == "TryDequeue" && HasOnlyDiscards(call)) ? null
                : IsAcquiring(name) ? "it says whether it was acquired"
                : "it is false if this was not done";
        }

        return call.TargetMethod.Parameters.Any(parameter => parameter.Name == "timeout") && !isAlwaysTrue
            ? "it is false if the timeout passed"
            : null;
    }

    private static bool IsAcquiring(string name) =>
        name.StartsWith("TryEnter", StringComparison.Ordinal) || name.StartsWith("TryAcquire", StringComparison.Ordinal);

    private static bool HasOnlyDiscards(IInvocationOperation call) =>
        call.Arguments.Where(argument => argument.Parameter?.RefKind == RefKind.Out)
            .All(argument => argument.Value is IDiscardOperation or IDeclarationExpressionOperation { Expression: IDiscardOperation });

    /// <summary>Whether a call waits without a limit: it has no timeout, or one that is null or infinite.</summary>
    private static bool WaitsForever(IInvocationOperation call)
    {
        IArgumentOperation? timeout = call.Arguments.FirstOrDefault(argument => argument.Parameter?.Name == "timeout");
        IOperation? value = timeout?.Value;
        while (value is IConversionOperation conversion)
        {
            value = conversion.Operand;
        }

        bool isNullable = timeout?.Parameter?.Type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T;
        return timeout is null || (isNullable && timeout.ArgumentKind == ArgumentKind.DefaultValue)
            || value is { ConstantValue: { HasValue: true, Value: null } } or IFieldReferenceOperation { Field.Name: "InfiniteTimeSpan" }
            || (isNullable && value is IDefaultValueOperation { Type: INamedTypeSymbol { IsGenericType: true } });
    }
}
