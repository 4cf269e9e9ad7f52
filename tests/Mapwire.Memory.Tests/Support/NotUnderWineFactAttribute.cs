using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xunit;

namespace Mapwire.Memory.Tests.Support;

/// <summary>A test that real Windows passes and Wine cannot, for the reason given: skipped under Wine and nowhere else.
/// With MAPWIRE_WINE_ALL=1 it runs there too, to see whether the reason still holds.</summary>
internal sealed class NotUnderWineFactAttribute : FactAttribute
{
    public NotUnderWineFactAttribute(
        string reason, [CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber)
    {
        if (IsWine && Environment.GetEnvironmentVariable("MAPWIRE_WINE_ALL") != "1")
        {
            Skip = $"Wine: {reason}";
        }
    }

    public static bool IsWine { get; } =
        OperatingSystem.IsWindows()
        && NativeLibrary.TryLoad("ntdll", out nint library)
        && NativeLibrary.TryGetExport(library, "wine_get_version", out _);
}
