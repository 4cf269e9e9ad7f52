using System.Runtime.CompilerServices;
using Mapwire.Server.Files;
using Mapwire.Server.Http;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>What was made is kept within the budget, and what was used longest ago goes first.</summary>
public sealed class MadeCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MediaFile _file;
    private readonly MadeCache _cache = new(1000);

    public MadeCacheTests()
    {
        string path = _folder.Add("a.mp4");
        _file = MediaFile.Open(path, "a.mp4");
    }

    public void Dispose()
    {
        _file.Release();
        _folder.Dispose();
    }

    [Fact]
    public void What_was_used_longest_ago_goes_first()
    {
        for (int i = 0; i < 5; i++)
        {
            _cache.Add(Key(i), new Thing(200));
        }

        Assert.NotNull(_cache.Find<Thing>(Key(0))); // used now
        _cache.Add(Key(5), new Thing(200));
        Assert.Null(_cache.Find<Thing>(Key(1)));
        Assert.NotNull(_cache.Find<Thing>(Key(0)));
        Assert.Equal(1000, _cache.ByteSize);
    }

    [Fact]
    public void What_grows_when_it_is_used_counts_with_what_it_takes_by_then()
    {
        Thing growing = _cache.Add(Key(1), new Thing(100));
        _cache.Add(Key(2), new Thing(200));
        for (int i = 3; i < 6; i++)
        {
            _cache.Add(Key(i), new Thing(200));
        }

        growing.ByteSize = 250 - Thing.KeyBytes;
        Assert.Same(growing, _cache.Find<Thing>(Key(1)));
        Assert.Null(_cache.Find<Thing>(Key(2)));
        Assert.Equal(850, _cache.ByteSize);
        growing.ByteSize = 251 - Thing.KeyBytes; // more than one thing may take
        Assert.Same(growing, _cache.Find<Thing>(Key(1)));
        Assert.Null(_cache.Find<Thing>(Key(1)));
        Assert.Equal(600, _cache.ByteSize);
    }

    [Fact]
    public void What_two_threads_have_made_is_kept_once()
    {
        Thing first = _cache.Add(Key(1), new Thing(100));
        Assert.Same(first, _cache.Add(Key(1), new Thing(100)));
        Assert.Equal(100, _cache.ByteSize);
    }

    [Fact]
    public void What_is_large_alone_drives_nothing_out_and_is_found_as_long_as_somebody_is_sent_it()
    {
        _cache.Add(Key(1), new Thing(100));
        Thing large = new(251);
        Assert.Same(large, _cache.Add(Key(2), large));
        Assert.Same(large, _cache.Find<Thing>(Key(2)));
        GC.KeepAlive(large);
        AddLarge();
        GC.Collect();
        Assert.Null(_cache.Find<Thing>(Key(3)));
        Assert.NotNull(_cache.Find<Thing>(Key(1)));
        Assert.Equal(100, _cache.ByteSize);

        [MethodImpl(MethodImplOptions.NoInlining)]
        void AddLarge() => _cache.Add(Key(3), new Thing(251));
    }

    [Fact]
    public void A_wish_counts_with_what_was_made_for_it()
    {
        _cache.Add(new MadeKey(_file.Content, new string('x', 100)), new Thing(0));
        Assert.Equal(200 - Thing.KeyBytes, _cache.ByteSize);
    }

    [Fact]
    public void Another_state_of_the_file_is_another_key()
    {
        _cache.Add(Key(1), new Thing(100));
        Assert.Null(_cache.Find<Thing>(new MadeKey(_file.Content with { MayGrow = false }, "thing 1")));
    }

    [Fact]
    public void What_was_made_of_a_state_that_is_over_holds_none_of_its_tables()
    {
        WeakReference[] before = AddOfAnotherState();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.DoesNotContain(before, static one => one.IsAlive);
        _cache.Add(Key(1), new Thing(100));
        Assert.Equal(100, _cache.ByteSize); // and what is gone takes no room
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference[] AddOfAnotherState()
    {
        FileContent before = _file.Content with { MayGrow = true };
        return [new WeakReference(before), new WeakReference(_cache.Add(new MadeKey(before, "thing 1"), new Thing(100)))];
    }

    private MadeKey Key(int number) => new(_file.Content, $"thing {number}");

    private sealed class Thing(long size) : IDerived
    {
        /// <summary>What the key takes, which counts with it.</summary>
        public const long KeyBytes = sizeof(char) * 7;

        public long ByteSize { get; set; } = size - KeyBytes;
    }
}
