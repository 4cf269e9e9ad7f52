using System.Collections.Immutable;
using Mapwire.Memory.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Xunit;

namespace Mapwire.Memory.Tests.Analyzers;

/// <summary>What the analyzers of the package say of programs that use the library: real compilations against it.</summary>
public sealed class AnalyzerTests
{
    private static readonly MetadataReference[] References = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator).Where(path => Path.GetFileName(path) is string name
            && (name.StartsWith("System.", StringComparison.Ordinal) || name is "Mapwire.Memory.dll" or "netstandard.dll"))
        .Select(path => MetadataReference.CreateFromFile(path))];

    [Theory]
    [InlineData("mutex.Acquire(); try { Work(); } finally { mutex.Release(); }", "MWM001")]
    [InlineData("await mutex.AcquireAsync(); try { Work(); } finally { mutex.Release(); }", "MWM001")]
    [InlineData("_ = mutex.Acquire(); try { Work(); } finally { mutex.Release(); }")]
    [InlineData("if (mutex.Acquire() == LockResult.OwnerDied) { } try { Work(); } finally { mutex.Release(); }")]
    [InlineData("mutex.Enter();", "MWM001")]
    [InlineData("await mutex.EnterAsync();", "MWM001")]
    [InlineData("mutex.TryEnter(TimeSpan.Zero, out SharedMutex.Scope scope); using (scope) { }", "MWM001")]
    [InlineData("barrier.SignalAndWait();", "MWM001")]
    [InlineData("condition.Wait(mutex);", "MWM001")]
    [InlineData("RangeLock.Acquire(file, 0, 8);", "MWM001")]
    [InlineData("region.Lease();", "MWM001")]
    [InlineData("region.OpenReader();", "MWM001")]
    [InlineData("gate.Wait();")]
    public async Task An_ignored_result_is_reported(string statements, params string[] expected) =>
        Assert.Equal(expected, await AnalyzeAsync(statements));

    [Theory]
    [InlineData("_ = mutex.Acquire(); Work(); mutex.Release();", "MWM002")]
    [InlineData("var got = mutex.TryAcquire(TimeSpan.Zero); if (got != LockResult.TimedOut) { Work(); mutex.Release(); }", "MWM002")]
    [InlineData("_ = await mutex.AcquireAsync(); Work(); mutex.Release();", "MWM002")]
    [InlineData("if (mutex.TryAcquire(TimeSpan.Zero) != LockResult.TimedOut) { try { Work(); } finally { mutex.Release(); } }")]
    [InlineData("_ = mutex.Acquire(); try { Work(); } finally { other.Release(); }", "MWM002")]
    [InlineData("_ = readers.AcquireRead(); Work(); readers.ReleaseRead();", "MWM002")]
    [InlineData("_ = readers.AcquireWrite(); try { Work(); } finally { readers.ReleaseWrite(); }")]
    [InlineData("_ = permits.Acquire(); Work(); permits.Release();", "MWM002")]
    [InlineData("_ = permits.Acquire(); Work();")] // a signal between threads: another one releases
    [InlineData("using (mutex.Enter()) { Work(); }")]
    [InlineData("using var scope = mutex.Enter(); Work();")]
    [InlineData("using SharedMutex.Scope scope = await mutex.EnterAsync(); Work();")]
    [InlineData("var scope = mutex.Enter(); Work(); scope.Dispose();", "MWM002")]
    [InlineData("var scope = mutex.Enter(); try { Work(); } finally { scope.Dispose(); }")]
    [InlineData("var scope = mutex.Enter(); using (scope) { Work(); }")]
    [InlineData("if (mutex.TryEnter(TimeSpan.Zero, out SharedMutex.Scope scope)) { Work(); scope.Dispose(); }", "MWM002")]
    [InlineData("if (mutex.TryEnter(TimeSpan.Zero, out SharedMutex.Scope scope)) { using (scope) { Work(); } }")]
    [InlineData("using (readers.EnterRead()) { Work(); }")]
    public async Task A_lock_that_an_exception_would_leave_held_is_reported(string statements, params string[] expected) =>
        Assert.Equal(expected, await AnalyzeAsync(statements));

    [Theory]
    [InlineData("memory.At<long>(64)++;")]
    [InlineData("memory.At<(int, long)>(64) = default;", "MWM003")]
    [InlineData("region.At<DateTime>(64) = default;", "MWM003")]
    [InlineData("region.Write(0, DateTimeOffset.UnixEpoch);", "MWM003")]
    [InlineData("region.Write(0, (nint)1);", "MWM003")]
    [InlineData("region.Write(0, new Stated());")]
    [InlineData("region.Write(0, new Unstated());", "MWM004")]
    [InlineData("region.Write(0, new Automatic());", "MWM003")]
    [InlineData("region.Write(0, new Around());", "MWM003")]
    [InlineData("SharedCell.Create<(double X, double Y)>(memory, 0);", "MWM003")]
    [InlineData("SharedCell.Create<Stated>(memory, 0);")]
    [InlineData("region.Write(0, Guid.Empty);")]
    [InlineData("region.Write(0, DayOfWeek.Friday);")]
    public async Task A_type_without_a_defined_layout_is_reported(string statements, params string[] expected) =>
        Assert.Equal(expected, await AnalyzeAsync(statements));

    [Theory]
    [InlineData("arena.Allocate<Marked>();")]
    [InlineData("arena.Allocate<Guid>();")]
    [InlineData("arena.Allocate<Offset<Unstated>>();")]
    [InlineData("_ = new MappedList<DateTime>(arena);")]
    [InlineData("arena.Allocate<Stated>();", "MWA003: its fields are not known; put [ArenaType] on it")]
    [InlineData("_ = new MappedList<Stated>(arena);", "MWA003: its fields are not known; put [ArenaType] on it")]
    [InlineData("_ = new MappedDictionary<int, Stated>(arena);", "MWA003: its fields are not known; put [ArenaType] on it")]
    [InlineData("_ = new MappedList<(int, long)>(arena);", "MWA003: a tuple has automatic layout; declare a struct")]
    [InlineData("_ = new MappedQueue<Generic<int>>(arena);", "MWA003: a generic struct has no single layout; declare a struct")]
    [InlineData("_ = new MappedQueue<Outer<int>.Inner>(arena);", "MWA003: a generic struct has no single layout; declare a struct")]
    [InlineData("_ = new MappedList<Hidden>(arena);", "MWA003: it is private or of one file only; make it internal")]
    [InlineData("_ = new MappedList<nint>(arena);", "MWA003: it means something at one address")]
    [InlineData("DurableCell.CreateOrOpen<System.Numerics.Plane>(path).Dispose();", "MWA003: it is declared in another assembly")]
    public async Task A_type_that_an_arena_would_refuse_is_reported_with_what_to_do(string statements, params string[] expected)
    {
        string[] found = [.. (await FindAsync(Compile(statements))).Where(one => one.Id == "MWA003").Select(Text)];
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.Contains(pair.First["MWA003: ".Length..], pair.Second));
    }

    [Theory]
    [InlineData("[ArenaType] struct One { public int Value; public Guid Id; public Offset<One> Next; public DateTime When; }")]
    [InlineData("class Outer2 { [ArenaType] internal struct Inner { public Deep Value; } internal struct Deep { public long One; } }")]
    [InlineData("[ArenaType] struct One { public unsafe fixed byte Bytes[16]; }")]
    [InlineData("class Outer2 { [ArenaType] private struct Inner { public int Value; } }", "MWA001: make it internal")]
    [InlineData("class Outer2 { private class Middle { [ArenaType] internal struct Inner { public int Value; } } }",
        "MWA001: make it internal")]
    [InlineData("[ArenaType] struct One<T> where T : unmanaged { public T Value; }", "MWA001: declare a struct for each type")]
    [InlineData("class Outer2<T> { [ArenaType] internal struct Inner { public int Value; } }", "MWA001: declare a struct for each type")]
    [InlineData("[ArenaType] struct One { public string Text; }", "MWA001: it must be a struct without references")]
    [InlineData("[ArenaType] ref struct One { public int Value; }", "MWA001: it must be a struct without references")]
    [InlineData("[ArenaType, StructLayout(LayoutKind.Auto)] struct One { public int Value; }", "MWA001: use Sequential or Explicit")]
    [InlineData("[ArenaType] struct One { public nint Handle; }", "MWA002: use Offset<T>")]
    [InlineData("[ArenaType] unsafe struct One { public int* Pointer; }", "MWA002: use Offset<T>")]
    [InlineData("[ArenaType] struct One { public (int, long) Pair; }", "MWA002: declare a struct with its fields")]
    [InlineData("[ArenaType] struct One { public System.Numerics.Plane Plane; }", "MWA002: store its parts in fields of their own")]
    [InlineData("[ArenaType] struct One { private Hidden2 Inside; private struct Hidden2 { public int Value; } }",
        "MWA002: make it internal")]
    [InlineData("[ArenaType] unsafe struct One { private fixed byte Bytes[16]; }", "MWA002: make it internal")]
    [InlineData("[ArenaType] struct One { public Automatic Inside; }", "MWA001: use Sequential or Explicit")]
    public void What_cannot_be_an_arena_type_is_an_error_that_says_what_to_do(string declarations, params string[] expected)
    {
        CSharpGeneratorDriver.Create(new ArenaTypeGenerator())
            .RunGeneratorsAndUpdateCompilation(Compile("", declarations), out Compilation with, out ImmutableArray<Diagnostic> found,
            TestContext.Current.CancellationToken);
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair =>
        {
            Assert.StartsWith(pair.Second.Id + ": ", pair.First);
            Assert.Contains(pair.First[(pair.Second.Id.Length + 2)..], Text(pair.Second));
            Assert.Equal(DiagnosticSeverity.Error, pair.Second.Severity);
        });
        Assert.Empty(with.GetDiagnostics(TestContext.Current.CancellationToken).Where(one => one.Severity == DiagnosticSeverity.Error));
    }

    [Fact]
    public void Types_of_shared_cells_and_values_are_registered_if_code_can_name_them()
    {
        CSharpGeneratorDriver.Create(new ArenaTypeGenerator())
            .RunGeneratorsAndUpdateCompilation(Compile("""
                SharedCell.Create<Stated>(memory, 0);
                SharedCell<Unstated> cell = null!;
                new SharedLayout("one").AddValue<Around>("two");
                SharedCell.Open<Hidden>(memory, 0);
                """), out Compilation with, out ImmutableArray<Diagnostic> found, TestContext.Current.CancellationToken);
        Assert.Empty(found);
        string code = with.SyntaxTrees.Last().ToString();
        Assert.Contains("Register<global::Stated>", code);
        Assert.Contains("Register<global::Unstated>", code);
        Assert.DoesNotContain("Hidden", code);
        Assert.DoesNotContain("Around", code); // it has a field of automatic layout
        Assert.Empty(with.GetDiagnostics(TestContext.Current.CancellationToken).Where(one => one.Severity == DiagnosticSeverity.Error));
    }

    private static string Text(Diagnostic diagnostic) => diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<string[]> AnalyzeAsync(string statements) =>
        [.. (await FindAsync(Compile(statements))).Select(one => one.Id).Order()];

    private static Task<ImmutableArray<Diagnostic>> FindAsync(CSharpCompilation compilation)
    {
        Assert.Empty(
            compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(one => one.Severity == DiagnosticSeverity.Error));
        return compilation.WithAnalyzers([new LockUseAnalyzer(), new LayoutAnalyzer(), new ArenaTypeAnalyzer()])
            .GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
    }

    private static CSharpCompilation Compile(string statements, string declarations = "")
    {
        string program = $$"""
            using System;
            using System.Runtime.InteropServices;
            using System.Threading.Tasks;
            using Mapwire.Memory;
            using Mapwire.Memory.Arenas;
            using Mapwire.Memory.Sharing;
            [StructLayout(LayoutKind.Sequential)] struct Stated { public int One; public long Two; }
            struct Unstated { public int One; public long Two; }
            [StructLayout(LayoutKind.Auto)] struct Automatic { public int One; public long Two; }
            [StructLayout(LayoutKind.Sequential)] struct Around { public Automatic Inside; }
            [ArenaType] struct Marked { public int One; public long Two; }
            struct Generic<T> where T : unmanaged { public T Value; }
            class Outer<T> { internal struct Inner { public int Value; } }
            {{declarations}}
            class Program
            {
                private struct Hidden { public int Value; }
                static void Work() { }
                static async Task Run(SharedMutex mutex, SharedMutex other, SharedReaderWriterLock readers, SharedSemaphore permits,
                    BarrierParticipant barrier, SharedCondition condition, SharedEvent gate, SharedMemory memory,
                    MappedRegion region, MappedFile file, Arena arena, string path)
                {
                    await Task.Yield();
                    {{statements}}
                }
            }
            """;
        return CSharpCompilation.Create(
            "program",
            [CSharpSyntaxTree.ParseText(program, new CSharpParseOptions(LanguageVersion.Latest),
            cancellationToken: TestContext.Current.CancellationToken)],
            References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
    }
}
