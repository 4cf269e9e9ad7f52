using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xunit;

namespace Mapwire.Memory.Tests.Support;

/// <summary>A test that real Windows passes and Wine cannot, for the reason given: skipped under Wine and nowhere else.</summary>
internal sealed class NotUnderWineFactAttribute : FactAttribute
{
    public NotUnderWineFactAttribute(
        string reason, [CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber)
    {
        if (IsWine)
            Skip = $"Wine: {reason}";
    }

    public static bool IsWine { get; } =
        OperatingSystem.IsWindows()
        && NativeLibrary.TryLoad("ntdll", out nint library)
        && NativeLibrary.TryGetExport(library, "wine_get_version", out _);
}
