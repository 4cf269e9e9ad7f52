using System.Text.RegularExpressions;

namespace Mapwire.Rules;

/// <summary>Memory is touched by address only inside a fence: a folder named Native, and the server's Loop and Sending.</summary>
public sealed partial class UnsafeTests
{
    /// <summary>How far above an unsafe block its reason may stand.</summary>
    private const int ReasonLines = 8;

    private static IEnumerable<SourceFile> All => ((string[])["src", "tests", "samples", "bench"]).SelectMany(Repository.Sources);

    [Fact]
    public void Unsafe_stays_in_its_fences() =>
        Violations.None(All.SelectMany(OutsideTheFence), "Unsafe code belongs in Native/ or Mapwire.Server/Loop/ and Sending/.");

    [Fact]
    public void Unsafe_outside_a_fence_is_found()
    {
        Violations.Found(OutsideTheFence(new("src/Mapwire.Media/Mp4/Box.cs", "class Box { unsafe void A(byte* p) { } }")), "unsafe");
        Violations.Found(OutsideTheFence(new("src/Mapwire.Media/Sending/Box.cs", "class Box { unsafe void A(byte* p) { } }")), "unsafe");
        Violations.Found(OutsideTheFence(new("src/Mapwire.Rtmp/Chunks/C.cs", "[LibraryImport(\"libc\")] static partial int f();")),
            "LibraryImport");
        Violations.Found(OutsideTheFence(new("tests/Mapwire.X/T.cs", "[DllImport(\"libc\")] static extern int f();")), "DllImport");
        Violations.Found(OutsideTheFence(new("src/Mapwire.Media/A.cs", "x = Unsafe.As<A>(y);")), "Unsafe.");
        Violations.Found(OutsideTheFence(new("src/Mapwire.Media/A.cs", "x = Marshal.ReadByte(y);")), "Marshal.");
        Violations.Found(OutsideTheFence(new("src/Mapwire.Server/Hosting/A.cs", "NativeLibrary.Load(x);")), "NativeLibrary.Load");
        Assert.Empty(OutsideTheFence(new("src/Mapwire.Media/A.cs", "// unsafe\n/* [DllImport] */ string s = \"unsafe\"; bool isUnsafe;")));
        Assert.Empty(OutsideTheFence(new("src/Mapwire.Server/Sending/A.cs", "unsafe class A;")));
    }

    [Fact]
    public void Every_unsafe_block_says_why_it_holds() =>
        Violations.None(All.SelectMany(WithoutReason), "Each unsafe block has a // SAFETY: comment.");

    [Fact]
    public void An_unsafe_block_without_a_reason_is_found()
    {
        Violations.Found(WithoutReason(new("src/Mapwire.Memory/Native/A.cs", "void A()\n{\n    unsafe\n    {\n    }\n}\n")), "(3)");
        Assert.Empty(
            WithoutReason(
                new("src/Mapwire.Memory/Native/A.cs", "void A()\n{\n    // SAFETY: nobody else has it.\n    unsafe\n    {\n    }\n}\n")));
        Assert.Empty(
            WithoutReason(new("src/Mapwire.Memory/Native/A.cs", "void A()\n{\n    unsafe\n    {\n        // SAFETY: so.\n    }\n}\n")));
    }

    [Fact]
    public void Only_projects_with_a_fence_allow_unsafe() =>
        Violations.None(
            ((string[])["src", "tests", "samples", "bench"]).SelectMany(Repository.Projects)
                .SelectMany(project => NeedlessPermission(project, Repository.Sources(project.Folder))),
            "A project without a fence has no use for AllowUnsafeBlocks.");

    [Fact]
    public void Needless_permission_is_found()
    {
        ProjectFile project =
            new("src/Mapwire.Media/Mapwire.Media.csproj",
            "<Project><PropertyGroup><AllowUnsafeBlocks>true</AllowUnsafeBlocks></PropertyGroup></Project>");
        Violations.Found(NeedlessPermission(project, [new SourceFile("src/Mapwire.Media/Mp4/Box.cs", "class Box { }")]), "Mapwire.Media");
        Assert.Empty(NeedlessPermission(project, [new SourceFile("src/Mapwire.Media/Native/Box.cs", "unsafe class Box { }")]));
    }

    private static bool IsFence(SourceFile source) =>
        source.Folders.Contains("Native", StringComparer.Ordinal)
        || source.Path.StartsWith("src/Mapwire.Server/Loop/", StringComparison.Ordinal) ||
        source.Path.StartsWith("src/Mapwire.Server/Sending/", StringComparison.Ordinal);

    private static IEnumerable<string> OutsideTheFence(SourceFile source)
    {
        if (IsFence(source))
        {
            return [];
        }

        // Tests may ask a system library what it has; only the rooms may not.
        IEnumerable<string> libraries =
            source.Path.StartsWith("src/", StringComparison.Ordinal) ? source.Find(LibraryPattern(), "outside a fence") : [];
        return source.Find(UnsafePattern(), "outside a fence").Concat(libraries);
    }

    private static IEnumerable<string> WithoutReason(SourceFile source)
    {
        string[] lines = source.Lines;
        foreach (Match block in BlockPattern().Matches(source.Code))
        {
            int line = source.LineOf(block.Index + block.Length - 1) - 1; // of the brace
            int first = source.LineOf(block.Index) - 1;
            if (!lines[Math.Max(0, first - ReasonLines)..Math.Min(lines.Length, line + 3)].Any(
                text => text.Contains("// SAFETY:", StringComparison.Ordinal)))
            {
                yield return $"{source.Path}({first + 1}): no reason";
            }
        }
    }

    private static IEnumerable<string> NeedlessPermission(ProjectFile project, IReadOnlyList<SourceFile> sources)
    {
        if (project.Property("AllowUnsafeBlocks").Contains("true", StringComparer.OrdinalIgnoreCase) && !sources.Any(IsFence))
        {
            yield return project.Path;
        }
    }

    [GeneratedRegex(@"\b(unsafe|DllImport|LibraryImport|UnmanagedCallersOnly)\b|\bUnsafe\.\w+"
        + @"|\bMarshal\.(Read|Write|Copy|PtrTo|AllocHGlobal)\w*"
        + @"|\bMemoryMarshal\.(GetReference|CreateSpan|CreateReadOnlySpan|GetArrayDataReference)\b")]
    private static partial Regex UnsafePattern();

    [GeneratedRegex(@"\bNativeLibrary\.\w+")]
    private static partial Regex LibraryPattern();

    [GeneratedRegex(@"\bunsafe\s*\{")]
    private static partial Regex BlockPattern();
}
