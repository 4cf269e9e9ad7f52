using FsCheck;
using FsCheck.Fluent;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

public sealed class StripEntryTests
{
    [Fact]
    public void What_goes_in_comes_out()
    {
        Gen<(long Time, int Composition, long Offset, int Size, bool Video, bool Sync)> values =
            from time in UpTo(StripEntry.MaxTime)
            from composition in Gen.Choose(-StripEntry.MaxComposition, StripEntry.MaxComposition)
            from offset in UpTo(StripEntry.MaxOffset)
            from size in Gen.Choose(0, (int)StripEntry.MaxSize)
            from video in Gen.Elements(true, false)
            from sync in Gen.Elements(true, false)
            select (time, composition, offset, size, video, sync);
        Prop.ForAll(values.ToArbitrary(), static v => Holds(v.Time, v.Composition, v.Offset, v.Size, v.Video, v.Sync)).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(StripEntry.MaxTime, StripEntry.MaxComposition, StripEntry.MaxOffset, (int)StripEntry.MaxSize)]
    [InlineData(StripEntry.MaxTime, -StripEntry.MaxComposition, 1L << 40, 1)]
    public void The_bounds_fit(long time, int composition, long offset, int size)
    {
        Assert.True(Holds(time, composition, offset, size, true, true));
        Assert.True(Holds(time, composition, offset, size, false, false));
    }

    private static Gen<long> UpTo(long max) =>
        from high in Gen.Choose(0, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        select (((long)high << 31) | (uint)low) & max; // every max here is a power of two less one

    private static bool Holds(long time, int composition, long offset, int size, bool video, bool sync)
    {
        StripEntry entry = new(time, composition, offset, size, video, sync);
        return entry.Time == time && entry.Composition == composition && entry.Offset == offset && entry.Size == size
            && entry.IsVideo == video && entry.IsSync == sync;
    }
}
