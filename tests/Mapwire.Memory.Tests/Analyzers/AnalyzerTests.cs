using System.Collections.Immutable;
using Mapwire.Memory.Analyzers;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Sharing;
using Mapwire.Memory.Tests.Support;
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
    [InlineData("arena.EnterScope();", "MWM001")]
    [InlineData("arena.BeginChange();", "MWM001")]
    [InlineData("rendezvous.Join(0);", "MWM001")]
    [InlineData("ring.OpenProducer();", "MWM001")]
    [InlineData("Arena.Open(path);", "MWM001")]
    [InlineData("table.GetEnumerator();")]
    [InlineData("gate.Wait(TimeSpan.FromSeconds(1));", "MWM001")]
    [InlineData("gate.Wait(System.Threading.Timeout.InfiniteTimeSpan);")]
    [InlineData("await gate.WaitAsync();")] // without a limit: always true
    [InlineData("await gate.WaitAsync(null, default);")]
    [InlineData("await gate.WaitAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false);", "MWM001")]
    [InlineData("_ = gate.Wait(TimeSpan.FromSeconds(1));")]
    [InlineData("producer.TryWrite(new byte[4]);", "MWM001")]
    [InlineData("producer.Write(new byte[4], TimeSpan.FromSeconds(1));", "MWM001")]
    [InlineData("producer.WaitForSpace(4, TimeSpan.FromSeconds(1));", "MWM001")]
    [InlineData("await producer.WaitForSpaceAsync(4, TimeSpan.FromSeconds(1));", "MWM001")]
    [InlineData("producer.TryLoan(4, out RingLoan loan); loan.Dispose();", "MWM001")]
    [InlineData("consumer.Wait(TimeSpan.FromSeconds(1));", "MWM001")]
    [InlineData("consumer.TryPeek(out ReadOnlySpan<byte> message);", "MWM001")]
    [InlineData("news.Wait(TimeSpan.FromSeconds(1));", "MWM001")]
    [InlineData("news.TryRead(new byte[9], out int length, out long lost);", "MWM001")]
    [InlineData("latest.TryRead(out long value);", "MWM001")]
    [InlineData("region.TryRead(0, new byte[9]);", "MWM001")]
    [InlineData("region.TryWrite(0, new byte[9]);", "MWM001")]
    [InlineData("region.TryCopyTo(0, region, 9, 9);", "MWM001")]
    [InlineData("SharedWait.WaitAny(new ISharedSignal[] { gate, consumer }, TimeSpan.FromSeconds(1));", "MWM001")]
    [InlineData("table.TryGetValue(1, out int value);")] // 0 where there is none, as of a Dictionary
    [InlineData("table.TryAdd(1, 2);")] // that it was there already is as good
    [InlineData("table.Remove(1);")]
    [InlineData("queue.TryDequeue(out int item);", "MWM001")]
    [InlineData("queue.TryDequeue(out _);")] // drops one if there is one
    public async Task An_ignored_result_is_reported(string statements, params string[] expected) =>
        Assert.Equal(expected, await AnalyzeAsync(statements));

    [Theory]
    [InlineData("mutex.Acquire();", "it says whether a previous owner died")]
    [InlineData("mutex.TryAcquire(TimeSpan.Zero);", "it says whether it was acquired, and whether a previous owner died")]
    [InlineData("mutex.Enter();", "only disposing of it releases the lock")]
    [InlineData("readers.TryEnterRead(TimeSpan.Zero, out var scope); using (scope) { }", "it says whether it was acquired")]
    [InlineData("RangeLock.Acquire(file, 0, 8);", "only disposing of it releases the lock")]
    [InlineData("RangeLock.TryAcquire(file, 0, 8, RangeLockMode.Shared, out var held);", "it says whether it was acquired")]
    [InlineData("barrier.SignalAndWait();", "it says whether all participants came, or one of them died")]
    [InlineData("barrier.SignalAndWait(TimeSpan.Zero);",
        "it says whether all participants came, one of them died, or the timeout passed")]
    [InlineData("condition.Wait(mutex);", "it says whether a previous owner of the mutex died")]
    [InlineData("condition.Wait(mutex, TimeSpan.Zero);",
        "it says whether there was a notification, and whether a previous owner of the mutex died")]
    [InlineData("arena.EnterScope();", "only disposing of it lets other threads and processes change the arena")]
    [InlineData("arena.BeginChange();", "only disposing of it ends the change and lets others change the arena")]
    [InlineData("region.Lease();", "only disposing of it lets the region be unmapped")]
    [InlineData("rendezvous.Join(0);", "nothing else disposes of it in time")]
    [InlineData("gate.Wait(TimeSpan.Zero);", "it is false if the timeout passed")]
    [InlineData("producer.Write(new byte[4], TimeSpan.Zero);", "it is false if the timeout passed")]
    [InlineData("producer.TryWrite(new byte[4]);", "it is false if this was not done")]
    [InlineData("SharedWait.WaitAny(new ISharedSignal[] { gate, consumer }, TimeSpan.FromSeconds(1));", "it says which signal was there")]
    public async Task What_is_said_of_an_ignored_result_is_true_of_it(string statements, string text)
    {
        Diagnostic found = Assert.Single(await FindAsync(Compile(statements)), one => one.Id == "MWM001");
        Assert.EndsWith($"is ignored; {text}", Text(found));
    }

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
    [InlineData("_ = readers.AcquireRead(); try { Work(); } finally { readers.ReleaseWrite(); }", "MWM002")]
    [InlineData("_ = readers.AcquireWrite(); try { Work(); } finally { readers.ReleaseRead(); }", "MWM002")]
    [InlineData("_ = await readers.AcquireReadAsync(); try { Work(); } finally { readers.ReleaseRead(); }")]
    [InlineData("_ = readers.TryAcquireWrite(); try { Work(); } finally { readers.ReleaseWrite(); }")]
    [InlineData("if (!mutex.TryEnter(TimeSpan.Zero, out var scope)) { Work(); } else { scope.Dispose(); }")]
    [InlineData("if (!mutex.TryEnter(TimeSpan.Zero, out var scope)) Work(); else scope.Dispose();")]
    [InlineData("if (mutex.TryEnter(TimeSpan.Zero, out var scope)) { scope.Dispose(); Work(); }")]
    [InlineData("if (!mutex.TryEnter(TimeSpan.Zero, out var scope)) { return; } scope.Dispose();")]
    [InlineData("if (!mutex.TryEnter(TimeSpan.Zero, out var scope)) { scope.Dispose(); } else { Work(); }", "MWM002")]
    [InlineData("if (!mutex.TryEnter(TimeSpan.Zero, out var scope)) { return; } Work(); scope.Dispose();", "MWM002")]
    [InlineData("if (mutex.TryEnter(TimeSpan.Zero, out var scope)) { Work(); } scope.Dispose();", "MWM002")]
    [InlineData("var scope = mutex.Enter(); scope.Dispose();")]
    [InlineData("_ = mutex.Acquire(); mutex.Release();")]
    [InlineData("if (mutex.TryAcquire() != LockResult.TimedOut) { mutex.Release(); }")]
    [InlineData("if (mutex.TryAcquire() == LockResult.TimedOut) { Work(); } else { mutex.Release(); }")]
    [InlineData("if (mutex.TryAcquire() == LockResult.TimedOut) { return; } Work(); mutex.Release();", "MWM002")]
    [InlineData("using (arena.EnterScope()) { Work(); }")]
    [InlineData("using ArenaChange change = arena.BeginChange(); Work(); change.Complete();")]
    [InlineData("var scope = arena.EnterScope(); Work(); scope.Dispose();", "MWM002")]
    [InlineData("ArenaChange change = arena.BeginChange(); Work(); change.Complete(); change.Dispose();", "MWM002")]
    [InlineData("ArenaChange change = arena.BeginChange(); try { Work(); } finally { change.Dispose(); }")]
    public async Task A_lock_that_an_exception_would_leave_held_is_reported(string statements, params string[] expected) =>
        Assert.Equal(expected, await AnalyzeAsync(statements));

    [Theory]
    [InlineData("_ = mutex.Acquire(); Work(); mutex.Release();",
        "'SharedMutex.Acquire' leaves the lock held after an exception; call 'SharedMutex.Release' in a 'finally' block")]
    [InlineData("_ = await readers.AcquireReadAsync(); try { Work(); } finally { readers.ReleaseWrite(); }",
        "'SharedReaderWriterLock.AcquireReadAsync' leaves the lock held after an exception; call 'SharedReaderWriterLock.ReleaseRead' "
        + "in a 'finally' block")]
    [InlineData("var scope = mutex.Enter(); Work(); scope.Dispose();",
        "'SharedMutex.Enter' leaves the lock held after an exception; dispose of its 'SharedMutex.Scope' by 'using'")]
    [InlineData("if (readers.TryEnterRead(TimeSpan.Zero, out var scope)) { Work(); scope.Dispose(); }",
        "'SharedReaderWriterLock.TryEnterRead' leaves the lock held after an exception; "
        + "dispose of its 'SharedReaderWriterLock.Scope' by 'using'")]
    [InlineData("var scope = arena.EnterScope(); Work(); scope.Dispose();",
        "'Arena.EnterScope' leaves the arena locked after an exception; dispose of its 'Arena.Scope' by 'using'")]
    [InlineData("ArenaChange change = arena.BeginChange(); Work(); change.Dispose();",
        "'Arena.BeginChange' leaves the arena locked after an exception; dispose of its 'ArenaChange' by 'using'")]
    public async Task An_unguarded_lock_is_reported_with_the_method_that_releases_it(string statements, string text) =>
        Assert.Equal(text, Text(Assert.Single(await FindAsync(Compile(statements)), one => one.Id == "MWM002")));

    [Theory]
    [InlineData("memory.At<long>(64)++;")]
    [InlineData("memory.At<(int, long)>(64) = default;", "MWM003")]
    [InlineData("region.At<DateTime>(64) = default;")]
    [InlineData("region.Write(0, new Dated());")]
    [InlineData("region.Write(0, new Large());", "MWM004")]
    [InlineData("SharedCell.Create<Large>(memory, 0);", "MWM004", "MWM005")]
    [InlineData("new SharedLayout(path).AddCell<Large>(path);", "MWM004", "MWM005")]
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

    /// <summary>What the compiler reports is the same on every system.</summary>
    [NotUnderWineFact("version 8 does not come back from this test, for a reason that is not known")]
    public async Task Types_of_the_framework_are_reported_if_a_shared_cell_or_an_arena_refuses_them()
    {
        foreach (Type type in FrameworkTypes)
        {
            string name = type.FullName!;
            string[] found = await AnalyzeAsync($"SharedCell.Create<{name}>(memory, 0); new MappedDictionary<{name}, int>(arena);");
            bool isNative = type == typeof(nint); // processes of 32 and 64 bits differ in it; in one process a cell cannot tell
            bool isNoCell = isNative || !Accepts(typeof(ValueLayout), nameof(ValueLayout.Require), type);
            Assert.Equal((name, isNoCell), (name, found.Contains("MWM003")));
            Assert.Equal((name, !Accepts(typeof(TypeLayout), nameof(TypeLayout.Of), type)), (name, found.Contains("MWA003")));
            bool isNoKey = !Accepts(typeof(TypeLayout), nameof(TypeLayout.OfKey), type);
            Assert.Equal((name, isNoKey), (name, found.Contains("MWA003") || found.Contains("MWA004")));
        }
    }

    private static readonly Type[] FrameworkTypes =
    [
        typeof(byte), typeof(bool), typeof(char), typeof(long), typeof(double), typeof(decimal), typeof(nint), typeof(Half), typeof(Int128),
        typeof(UInt128), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly),
        typeof(DayOfWeek), typeof(System.Text.Rune), typeof(System.Numerics.Complex), typeof(System.Numerics.Vector2),
        typeof(System.Numerics.Vector3), typeof(System.Numerics.Vector4), typeof(System.Numerics.Quaternion),
    ];

    [Theory]
    [InlineData("_ = new MappedList<Marked>(arena);")]
    [InlineData("_ = new MappedDictionary<Marked, int>(arena);",
        "'Marked' cannot be the key of a MappedDictionary: 4 of its 16 bytes belong to no field, so equal keys could differ; "
        + "give it fields without gaps")]
    [InlineData("_ = new MappedDictionary<DateTimeOffset, int>(arena);", "'System.DateTimeOffset' cannot be the key")]
    [InlineData("_ = new MappedDictionary<Guid, int>(arena);")]
    [InlineData("_ = new MappedDictionary<int, Marked>(arena);")]
    [InlineData("_ = new MappedList<Huge>(arena);",
        "'Huge' cannot be an item of MappedList: it has 8193 bytes, and at most 8192 are possible; allocate it and store an Offset<Huge>")]
    [InlineData("_ = new MappedList<Huge>(arena, new Offset<ListHeader<Huge>>(64));", "'Huge' cannot be an item")]
    [InlineData("_ = new MappedList<Full>(arena);")]
    [InlineData("_ = new MappedQueue<Huge>(arena);", "'Huge' cannot be an item of MappedQueue")]
    [InlineData("_ = new MappedDictionary<int, Full>(arena);",
        "'Full' cannot be the value of a MappedDictionary: an entry has 8200 bytes with its key and hash, and at most 8192 are possible")]
    [InlineData("_ = new MappedStringDictionary<Full>(arena);", "'Full' cannot be the value of a MappedStringDictionary")]
    [InlineData("_ = arena.Allocate<Huge>();")]
    [InlineData("using ArenaChange change = arena.BeginChange(); change.Edit(new Offset<Huge>(64)) = default;", "'Huge' cannot be edited")]
    [InlineData("DurableCell.CreateOrOpen<Huge>(path).Dispose();")]
    [InlineData("DurableCell.CreateOrOpen<Vast>(path).Dispose();", "'Vast' cannot be kept in a DurableCell: it has 65537 bytes")]
    public async Task A_type_that_a_container_would_refuse_is_reported(string statements, params string[] expected)
    {
        string[] found = [.. (await FindAsync(Compile(statements))).Where(one => one.Id == "MWA004").Select(Text)];
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.StartsWith(pair.First, pair.Second));
    }

    [Fact]
    public void Sizes_and_gaps_of_structures_are_those_of_the_runtime()
    {
        const string Declarations = """
            [ArenaType] struct A1 { public byte One; public int Two; public byte Three; }
            [ArenaType] struct A2 { public byte One; public A1 Two; public long Three; }
            [ArenaType] struct A3 { public byte One; public Int128 Two; }
            [ArenaType] struct A4 { public byte One; public Guid Two; public byte Three; }
            [ArenaType] struct A5 { public byte One; public decimal Two; }
            [ArenaType, StructLayout(LayoutKind.Sequential, Pack = 1)] struct A6 { public byte One; public long Two; public A1 Three; }
            [ArenaType, StructLayout(LayoutKind.Sequential, Pack = 2)] struct A7 { public byte One; public long Two; public Int128 Three; }
            [ArenaType, StructLayout(LayoutKind.Sequential, Size = 21)] struct A8 { public byte One; public int Two; }
            [ArenaType, StructLayout(LayoutKind.Explicit)] struct A9
            {
                [FieldOffset(0)] public int One; [FieldOffset(0)] public byte Two; [FieldOffset(8)] public long Three;
            }
            [ArenaType, StructLayout(LayoutKind.Explicit)] struct B1 { [FieldOffset(0)] public long One; [FieldOffset(8)] public byte Two; }
            [ArenaType, StructLayout(LayoutKind.Explicit, Pack = 1)] struct B2
            {
                [FieldOffset(0)] public long One; [FieldOffset(8)] public byte Two;
            }
            [ArenaType, StructLayout(LayoutKind.Explicit, Size = 12)] struct B3 { [FieldOffset(2)] public short One; }
            [ArenaType] unsafe struct B4 { public fixed short One[5]; public int Two; }
            [ArenaType, System.Runtime.CompilerServices.InlineArray(7)] struct B5 { private A1 _one; }
            [ArenaType] struct B6 { public bool One; public char Two; public DayOfWeek Three; public Half Four; public Offset<B6> Five; }
            [ArenaType] struct B7 { public byte One; public DateTime Two; public byte Three; }
            [ArenaType] struct B8 { public MappedString One; public TimeSpan Two; public DateOnly Three; public TimeOnly Four; }
            [ArenaType] struct B9 { public byte One; public System.Numerics.Vector3 Two; public System.Numerics.Vector4 Three; }
            [ArenaType] struct C1 { }
            [ArenaType] struct C2 { public C1 One; public int Two; }
            [ArenaType] struct C3 { public System.Text.Rune One; public System.Numerics.Complex Two; public static long Three; }
            [ArenaType] struct C4 { public byte One; public DateTimeOffset Two; }
            [ArenaType] struct C5 { public long One { get; set; } public int Two { get; set; } }
            [ArenaType] struct C6 { public short One; public B4 Two; public B5 Three; }
            """;
        CSharpGeneratorDriver.Create(new ArenaTypeGenerator()).RunGeneratorsAndUpdateCompilation(
            Compile("", Declarations), out Compilation with, out _, TestContext.Current.CancellationToken);
        using MemoryStream image = new();
        Assert.Empty(with.Emit(image, cancellationToken: TestContext.Current.CancellationToken).Diagnostics
            .Where(one => one.Severity == DiagnosticSeverity.Error));
        System.Reflection.Assembly assembly = System.Reflection.Assembly.Load(image.ToArray());
        Type[] types = [.. assembly.GetTypes().Where(type => type.IsValueType && type.Name is [>= 'A' and <= 'C', >= '1' and <= '9'])];
        Assert.Equal(24, types.Length);
        Assert.All(types, type =>
        {
            TypeLayout layout = (TypeLayout)Call(typeof(TypeLayout), nameof(TypeLayout.Of), type)!;
            StoredLayout? computed = StoredLayout.Of(with.GetTypeByMetadataName(type.FullName!)!);
            Assert.Equal((type.Name, layout.Size, layout.HasPadding), (type.Name, computed?.Size, computed?.Gaps > 0));
        });
    }

    [Theory]
    [InlineData("arena.Allocate<Marked>();")]
    [InlineData("arena.Allocate<Guid>();")]
    [InlineData("arena.Allocate<Offset<Unstated>>();")]
    [InlineData("_ = new MappedList<DateTime>(arena);")]
    [InlineData("arena.Allocate<Stated>();", "MWA003: its fields are not known; put [ArenaType] on it")]
    [InlineData("_ = new MappedList<Stated>(arena);", "MWA003: its fields are not known; put [ArenaType] on it")]
    [InlineData("_ = new MappedDictionary<int, Stated>(arena);", "MWA003: its fields are not known; put [ArenaType] on it")]
    [InlineData("_ = new MappedList<Automatic>(arena);",
        "MWA003: LayoutKind.Auto may differ from one runtime to the next: use Sequential or Explicit, and put [ArenaType] on it")]
    [InlineData("_ = new MappedList<Around>(arena);",
        "MWA003: its part 'Automatic' cannot be stored: LayoutKind.Auto may differ from one runtime to the next: use Sequential")]
    [InlineData("_ = new MappedList<Addressed>(arena);",
        "MWA003: its field 'One' of type 'nint' means something at one address or on one system only: use Offset<T>")]
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

    private static bool Accepts(Type judge, string method, Type type)
    {
        try
        {
            Call(judge, method, type);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static object? Call(Type judge, string method, Type type) =>
        judge.GetMethod(method)!.MakeGenericMethod(type).Invoke(null, System.Reflection.BindingFlags.DoNotWrapExceptions, null, null, null);

    private static string Text(Diagnostic diagnostic) => diagnostic.GetMessage(System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<string[]> AnalyzeAsync(string statements) =>
        [.. (await FindAsync(Compile(statements))).Select(one => one.Id).Order()];

    private static Task<ImmutableArray<Diagnostic>> FindAsync(CSharpCompilation compilation)
    {
        Assert.Empty(
            compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(one => one.Severity == DiagnosticSeverity.Error));
        return compilation
            .WithAnalyzers([new LockUseAnalyzer(), new LayoutAnalyzer(), new ArenaTypeAnalyzer(), new ContainerTypeAnalyzer()])
            .GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
    }

    private static CSharpCompilation Compile(string statements, string declarations = "")
    {
        string returns = statements.Contains("await", StringComparison.Ordinal) ? "async Task" : "void";
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
            [ArenaType, System.Runtime.CompilerServices.InlineArray(8192)] struct Full { private byte _one; }
            [ArenaType, System.Runtime.CompilerServices.InlineArray(8193)] struct Huge { private byte _one; }
            [ArenaType, System.Runtime.CompilerServices.InlineArray(65537)] struct Vast { private byte _one; }
            [System.Runtime.CompilerServices.InlineArray(65537)] struct Large { private byte _one; }
            struct Addressed { public nint One; }
            [StructLayout(LayoutKind.Sequential)] struct Dated { public DateTime One; public TimeSpan Two; }
            class Outer<T> { internal struct Inner { public int Value; } }
            {{declarations}}
            class Program
            {
                private struct Hidden { public int Value; }
                static void Work() { }
                static {{returns}} Run(
                    SharedMutex mutex, SharedMutex other, SharedReaderWriterLock readers, SharedSemaphore permits,
                    BarrierParticipant barrier, SharedCondition condition, SharedEvent gate, SharedMemory memory,
                    MappedRegion region, MappedFile file, Arena arena, string path, SharedBarrier rendezvous, SharedRing ring,
                    RingProducer producer, RingConsumer consumer, BroadcastReader news, SharedCell<long> latest,
                    MappedDictionary<int, int> table, MappedQueue<int> queue)
                {
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
