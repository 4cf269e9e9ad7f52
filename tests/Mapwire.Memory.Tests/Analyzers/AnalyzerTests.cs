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

    private static async Task<string[]> AnalyzeAsync(string statements)
    {
        string program = $$"""
            using System;
            using System.Runtime.InteropServices;
            using System.Threading.Tasks;
            using Mapwire.Memory;
            using Mapwire.Memory.Sharing;
            [StructLayout(LayoutKind.Sequential)] struct Stated { public int One; public long Two; }
            struct Unstated { public int One; public long Two; }
            [StructLayout(LayoutKind.Auto)] struct Automatic { public int One; public long Two; }
            [StructLayout(LayoutKind.Sequential)] struct Around { public Automatic Inside; }
            class Program
            {
                static void Work() { }
                static async Task Run(SharedMutex mutex, SharedMutex other, SharedReaderWriterLock readers, SharedSemaphore permits,
                    BarrierParticipant barrier, SharedCondition condition, SharedEvent gate, SharedMemory memory,
                    MappedRegion region, MappedFile file)
                {
                    await Task.Yield();
                    {{statements}}
                }
            }
            """;
        CSharpCompilation compilation = CSharpCompilation.Create(
            "program",
            [CSharpSyntaxTree.ParseText(program, new CSharpParseOptions(LanguageVersion.Latest),
            cancellationToken: TestContext.Current.CancellationToken)],
            References, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        Assert.Empty(
            compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(one => one.Severity == DiagnosticSeverity.Error));
        ImmutableArray<Diagnostic> found = await compilation
            .WithAnalyzers([new LockUseAnalyzer(), new LayoutAnalyzer()])
                .GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
        return [.. found.Select(one => one.Id).Order()];
    }
}
