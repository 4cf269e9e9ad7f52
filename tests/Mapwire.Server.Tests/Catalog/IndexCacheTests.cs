using Mapwire.Memory;
using Mapwire.Server.Catalog;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Catalog;

public sealed class IndexCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FileIdentity _identity = MappedFile.GetIdentity(SampleClip.Path);
    private readonly TitleIndex _index;

    public IndexCacheTests()
    {
        using MovieFile file = MovieFile.Open(SampleClip.Path);
        _index = TitleIndex.Build(file, file.ReadMovie());
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_stored_is_found_as_it_was()
    {
        IndexCache cache = Cache();
        Assert.Null(cache.Find(_identity, default));
        cache.Store(_identity, default, _index);
        TitleIndex found = Assert.IsType<TitleIndex>(Cache().Find(_identity, default));
        Assert.True(found.Strip.Entries.SequenceEqual(_index.Strip.Entries));
        Assert.True(found.Strip.SyncPoints.SequenceEqual(_index.Strip.SyncPoints));
        Assert.Equal((_index.Strip.StartTime, _index.Strip.EndTime), (found.Strip.StartTime, found.Strip.EndTime));
        Assert.Equal(_index.Metadata, found.Metadata);
        Assert.Equal(_index.Duration, found.Duration);
        Assert.Equal(_index.LeftOut, found.LeftOut);
        Assert.Equal(_index.Codecs.Lanes.Length, found.Codecs.Lanes.Length);
        foreach ((TitleLane? stored, TitleLane? lane) in _index.Codecs.Lanes.Zip(found.Codecs.Lanes))
        {
            Assert.Equal(stored!.Header, lane!.Header);
            Assert.Equal(stored.SequenceHeader, lane.SequenceHeader);
            Assert.Equal(stored.ColorInfo, lane.ColorInfo);
            Assert.Equal(stored.SequenceEnd, lane.SequenceEnd);
        }

        Assert.Equal(_index.MayGrow, found.MayGrow);
        Assert.True(IndexFile.Parse(IndexFile.Write(_index with { MayGrow = true }, _identity, default), _identity, default)!.MayGrow);
    }

    [Fact]
    public void An_index_of_another_state_of_the_file_is_not_found()
    {
        IndexCache cache = Cache();
        cache.Store(_identity, default, _index);
        Assert.Null(cache.Find(_identity with { LastWriteTicks = _identity.LastWriteTicks + 1 }, default));
        Assert.Null(cache.Find(_identity with { Length = _identity.Length + 1 }, default));
        Assert.Null(cache.Find(_identity with { FileId = _identity.FileId + 1 }, default));
    }

    [Fact]
    public void A_damaged_index_is_not_found_wherever_it_is_damaged()
    {
        byte[] bytes = IndexFile.Write(_index, _identity, default);
        Assert.NotNull(IndexFile.Parse(bytes, _identity, default));
        for (int i = 0; i < bytes.Length; i += i < 256 ? 1 : 61)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                bytes[i] ^= (byte)(1 << bit);
                Assert.Null(IndexFile.Parse(bytes, _identity, default));
                bytes[i] ^= (byte)(1 << bit);
            }
        }

        for (int length = 0; length < bytes.Length; length += length < 256 ? 1 : 61)
        {
            Assert.Null(IndexFile.Parse(bytes.AsSpan(0, length), _identity, default));
        }

        Assert.Null(IndexFile.Parse([.. bytes, 0], _identity, default));
    }

    [Fact]
    public void A_sample_outside_the_file_or_a_sync_point_outside_the_strip_is_never_taken()
    {
        StripEntry outside = new(0, 0, _identity.Length - 10, 11, StripEntry.VideoLane, true);
        Assert.Null(Reread(new Strip([outside], [0], [], 0, 100)));
        StripEntry inside = new(0, 0, _identity.Length - 11, 11, StripEntry.VideoLane, true);
        Assert.NotNull(Reread(new Strip([inside], [0], [], 0, 100)));
        Assert.Null(Reread(new Strip([inside], [1], [], 0, 100)));
        Assert.Null(Reread(new Strip([inside], [-1], [], 0, 100)));
        Assert.Null(Reread(new Strip([inside], [], [], 0, 100)));
        Assert.Null(Reread(new Strip([], [], [], 0, 100)));
        Assert.Null(Reread(new Strip([inside], [0], [1, 2], 0, 100)));
        StripEntry ofNoLane = new(0, 0, 0, 11, 2, true);
        Assert.Null(Reread(new Strip([ofNoLane], [0], [], 0, 100)));
        StripEntry ofNoChange = new(0, 0, 0, 1, StripEntry.VideoLane, false, isChange: true);
        Assert.Null(Reread(new Strip([ofNoChange, inside], [1], [], 0, 100)));
    }

    [Fact]
    public void An_index_of_another_choice_is_not_found()
    {
        IndexCache cache = Cache();
        TrackChoice choice = new(PlayerAbilities.Hevc | PlayerAbilities.ManyTracks, Audio: 2, Language: "deu");
        cache.Store(_identity, choice, _index);
        Assert.Null(cache.Find(_identity, default));
        Assert.Null(cache.Find(_identity, choice with { Language = null }));
        Assert.Null(cache.Find(_identity, choice with { Audio = TrackChoice.NoTrack }));
        Assert.NotNull(cache.Find(_identity, choice));
        Assert.Null(IndexFile.Parse(IndexFile.Write(_index, _identity, choice), _identity, default));
    }

    [Fact]
    public void The_oldest_go_when_there_is_no_room()
    {
        int size = IndexFile.Write(_index, _identity, default).Length;
        IndexCache cache = new(_folder.Path, size * 5 / 2, NullLogger.Instance);
        for (uint i = 0; i < 5; i++)
        {
            cache.Store(_identity with { FileId = i }, default, _index);
            File.SetLastWriteTimeUtc(Directory.GetFiles(_folder.Path, $"*{i:x}.strip")[0], DateTime.UnixEpoch.AddDays(i));
        }

        cache.Store(_identity with { FileId = 5 }, default, _index);
        Assert.Null(cache.Find(_identity with { FileId = 0 }, default));
        Assert.NotNull(cache.Find(_identity with { FileId = 4 }, default));
        Assert.NotNull(cache.Find(_identity with { FileId = 5 }, default));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_no_fault_of_a_title()
    {
        string file = Path.Combine(_folder.Path, "not-a-folder");
        File.WriteAllText(file, "");
        IndexCache cache = new(file, 1 << 20, NullLogger.Instance);
        cache.Store(_identity, default, _index);
        Assert.Null(cache.Find(_identity, default));
    }

    private TitleIndex? Reread(Strip strip) => IndexFile.Parse(IndexFile.Write(_index with { Strip = strip }, _identity, default), _identity, default);

    private IndexCache Cache() => new(_folder.Path, 1 << 30, NullLogger.Instance);
}
