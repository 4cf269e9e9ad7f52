using FsCheck;
using FsCheck.Fluent;
using Mapwire.Server.Files.Playlists;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

public sealed class StripEntryTests
{
    [Fact]
    public void The_latest_time_of_a_list_is_one_that_an_entry_can_tell() => Assert.Equal(StripEntry.MaxTime, PlaylistFile.MaxTime);

    [Fact]
    public void What_goes_in_comes_out()
    {
        Gen<(long Time, int Composition, long Offset, int Size, int Lane, bool Sync, bool Change)> values =
            from time in UpTo(StripEntry.MaxTime)
            from composition in Gen.Choose(-StripEntry.MaxComposition, StripEntry.MaxComposition)
            from offset in UpTo(StripEntry.MaxOffset)
            from size in Gen.Choose(0, (int)StripEntry.MaxSize)
            from lane in Gen.Choose(0, StripEntry.MaxLanes - 1)
            from sync in Gen.Elements(true, false)
            from change in Gen.Elements(true, false)
            select (time, composition, offset, size, lane, sync, change);
        Prop.ForAll(values.ToArbitrary(), static v => Holds(v.Time, v.Composition, v.Offset, v.Size, v.Lane, v.Sync, v.Change))
            .QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(StripEntry.MaxTime, StripEntry.MaxComposition, StripEntry.MaxOffset, (int)StripEntry.MaxSize)]
    [InlineData(StripEntry.MaxTime, -StripEntry.MaxComposition, 1L << 40, 1)]
    public void The_bounds_fit(long time, int composition, long offset, int size)
    {
        Assert.True(Holds(time, composition, offset, size, StripEntry.VideoLane, true, false));
        Assert.True(Holds(time, composition, offset, size, StripEntry.MaxLanes - 1, false, true));
    }

    [Fact]
    public void Every_track_has_a_lane_of_its_own_and_films_have_the_first_sixteen()
    {
        (bool IsVideo, int Number)[] tracks =
        [
            .. Enumerable.Range(0, 16).Select(static number => (true, number)),
            .. Enumerable.Range(0, 15).Select(static number => (false, number)),
        ];
        int[] lanes = [.. tracks.Select(static track => StripEntry.LaneOf(track.IsVideo, track.Number))];
        Assert.Equal(Enumerable.Range(0, 31), lanes.Order());
        Assert.Equal(tracks, lanes.Select(static lane => (StripEntry.IsVideoLane(lane), StripEntry.NumberOf(lane))));
        Assert.Equal([0, 1, 15], ((int[])[StripEntry.LaneOf(true, 0), StripEntry.LaneOf(false, 0), StripEntry.LaneOf(false, 14)]));
        Assert.Equal((-1, -1), (StripEntry.LaneOf(true, 16), StripEntry.LaneOf(false, 15)));
    }

    private static Gen<long> UpTo(long max) =>
        from high in Gen.Choose(0, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        select (((long)high << 31) | (uint)low) & max; // every max here is a power of two less one

    private static bool Holds(long time, int composition, long offset, int size, int lane, bool sync, bool change)
    {
        StripEntry entry = new(new(time), composition, offset, size, lane, sync, change);
        return entry.Time.Milliseconds == time && entry.Composition == composition && entry.Offset == offset && entry.Size == size
            && entry.Lane == lane && entry.IsVideo == StripEntry.IsVideoLane(lane) && entry.VideoBit == (entry.IsVideo ? 1 : 0)
            && entry.IsSync == sync && entry.IsChange == change;
    }
}
