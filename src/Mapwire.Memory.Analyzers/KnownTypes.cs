using System;
using System.Linq;
using Microsoft.CodeAnalysis;

namespace Mapwire.Memory.Analyzers;

/// <summary>The types and methods of Mapwire.Memory that the analyzers know, by name: a compilation may have any version of it.</summary>
internal static class KnownTypes
{
    private const string Sharing = "Mapwire.Memory.Sharing";
    private static readonly string[] Results = ["LockResult", "ConditionResult", "BarrierResult"];
    private static readonly string[] Locks = ["SharedMutex", "SharedReaderWriterLock", "SharedSemaphore"];

    /// <summary>Whether a symbol belongs to the library.</summary>
    public static bool IsOurs(ISymbol? symbol) =>
        symbol?.ContainingNamespace?.ToDisplayString() is string name
        && (name == "Mapwire.Memory" || name.StartsWith("Mapwire.Memory.", StringComparison.Ordinal));

    /// <summary>Whether a type says how a wait has ended.</summary>
    public static bool IsWaitResult(ITypeSymbol type) =>
        Results.Contains(type.Name) && type.ContainingNamespace.ToDisplayString() == Sharing;

    /// <summary>Whether a type is one of the locks that are acquired and released by calls.</summary>
    public static bool IsLock(ITypeSymbol? type) =>
        type is not null && Locks.Contains(type.Name) && type.ContainingNamespace.ToDisplayString() == Sharing;

    /// <summary>Whether a type releases a lock of the library, or an arena, when it is disposed of: <c>SharedMutex.Scope</c> and its
    /// kin.</summary>
    public static bool IsScope(ITypeSymbol type) =>
        (type.Name == "Scope" && (IsLock(type.ContainingType) || type.ContainingType?.Name == "Arena") && IsOurs(type))
        || (type.Name == "ArenaChange" && IsOurs(type));

    /// <summary>Whether a value of this type has to be disposed of by the caller who got it.</summary>
    public static bool IsOwner(ITypeSymbol type) =>
        IsOurs(type) && type.Name != "Enumerator"
        && type.AllInterfaces.Any(one => one.SpecialType == SpecialType.System_IDisposable);

    /// <summary>The type of a call's result, behind the task that brings it.</summary>
    public static ITypeSymbol? Unwrap(ITypeSymbol? type) =>
        type is INamedTypeSymbol { Name: "Task" or "ValueTask", TypeArguments.Length: 1 } task ? task.TypeArguments[0] : type;
}
